"""Made-up studios of any size, for tests, pictures and benchmarks. Nothing in here is measured.

The same seed gives the same studio. ``Studio.step`` changes some of it, as an afternoon would, and
returns what the admin window's stream would say.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aigc.clock import milliseconds
from desktop_client import conversion as common
from desktop_client.admin import conversion
from desktop_client.admin.fold import Known, Update, fold
from desktop_client.admin.model import Fleet, Node, Role
from desktop_client.model import Instance, Link
from protos.aigc.v1 import admin_pb2, common_pb2, creator_pb2

NOW = datetime(2026, 11, 23, 14, 37, 10, tzinfo=UTC)
STUDIO = "Studio North"
GB = 1024**3  # of memory, as cards are sold

_CARDS = (
    ("NVIDIA GeForce RTX 4090", 24 * GB, 450.0),
    ("NVIDIA RTX 6000 Ada Generation", 48 * GB, 300.0),
    ("NVIDIA L40S", 48 * GB, 350.0),
    ("NVIDIA H100 80GB HBM3", 80 * GB, 700.0),
)
_ENGINES = (
    ("comfyui", "ComfyUI", "0.12"),
    ("sd-webui", "Stable Diffusion WebUI", "1.10"),
    ("invokeai", "InvokeAI", "6.14"),
    ("jupyter", "JupyterLab", "4.6"),
    ("upscaler", "Upscaler", "2.0"),
)
_PEOPLE = (
    "Lin Xia", "Wang Fang", "Chen Jie", "Zhao Lei", "Anna Berg", "Omar Haddad", "Mia Rossi",
    "Liu Yang", "Sun Li", "Noor Khan", "Emil Sand", "Zhou Min", "Kim Seo-yeon", "Ivo Marek",
)  # fmt: skip
_POOLS = ("", "film", "games", "research")
_S = common_pb2
_STATES = (
    (_S.INSTANCE_STATE_READY, 40),
    (_S.INSTANCE_STATE_STOPPED, 45),
    (_S.INSTANCE_STATE_QUEUED, 5),
    (_S.INSTANCE_STATE_PREPARING, 3),
    (_S.INSTANCE_STATE_STARTING, 3),
    (_S.INSTANCE_STATE_FAILED, 3),
    (_S.INSTANCE_STATE_UNREACHABLE, 1),
)
_HELD = frozenset(
    {_S.INSTANCE_STATE_READY, _S.INSTANCE_STATE_STARTING, _S.INSTANCE_STATE_PREPARING}
)


@dataclass
class Studio:
    """Attributes: nodes, instances (as the wire has them, by id), now; see ``studio``."""

    dice: random.Random
    now: datetime = NOW
    nodes: dict[str, admin_pb2.Node] = field(default_factory=dict)
    instances: dict[str, creator_pb2.Instance] = field(default_factory=dict)
    revision: int = 1
    made: int = 0  # instances so far, those that are gone too

    def whole(self, chunk: int = 500) -> list[admin_pb2.WatchFleetResponse]:
        """The messages that begin a stream."""
        nodes, instances = list(self.nodes.values()), list(self.instances.values())
        messages = []
        for at in range(0, max(len(nodes), len(instances), 1), chunk):
            messages.append(
                admin_pb2.WatchFleetResponse(
                    revision=self.revision,
                    begin=at == 0,
                    more=True,
                    nodes=nodes[at : at + chunk],
                    instances=instances[at : at + chunk],
                    server_time_ms=milliseconds(self.now),
                )
            )
        messages[-1].more = False
        return messages

    def step(
        self, changes: int = 20, seconds: float = 1.0, turnover: float = 0.05
    ) -> admin_pb2.WatchFleetResponse:
        """Let some time pass: so many instances change, ``turnover`` of them come and go."""
        self.now += timedelta(seconds=seconds)
        self.revision += 1
        said = admin_pb2.WatchFleetResponse(
            revision=self.revision, server_time_ms=milliseconds(self.now)
        )
        keys = self.dice.sample(sorted(self.instances), min(changes, len(self.instances)))
        for key in keys:
            if self.dice.random() < turnover:
                del self.instances[key]
                said.removed_instance_ids.append(key)
                said.instances.append(self._new_instance())
            else:
                self._change(self.instances[key])
                said.instances.append(self.instances[key])
        held = {i.node_id for i in said.instances if i.node_id in self.nodes}
        for key in sorted(held)[: max(changes // 4, 1)]:
            self._read(self.nodes[key])
            said.nodes.append(self.nodes[key])
        return said

    # -- how it is made -------------------------------------------------------------------------

    def add_node(self, number: int, gpus: int) -> admin_pb2.Node:
        dice = self.dice
        name, memory, watts = _CARDS[number % len(_CARDS)]
        node = admin_pb2.Node(
            id=f"n-{number:04}",
            name=f"render-{number:02}",
            pool=_POOLS[number % len(_POOLS)],
            online=True,
            last_seen_ms=milliseconds(self.now - timedelta(seconds=dice.randrange(9))),
            agent_version="0.1.0",
            driver_name="docker",
            docker_version="27.3.1",
            nvidia_driver="570.86.15",
            door=_S.DOOR_CLOSED,
            disk_free_bytes=dice.randrange(40, 3800) * 1_000_000_000,
            cpus=dice.choice((16, 32, 64, 128)),
            memory_bytes=dice.choice((64, 128, 256, 512)) * GB,
            can_start=True,
            labels={"rack": f"{'ABCDEF'[number // 40 % 6]}{number % 40 + 1}"},
            certificate_expires_ms=milliseconds(self.now + timedelta(days=dice.randrange(20, 90))),
            joined_at_ms=milliseconds(self.now - timedelta(days=dice.randrange(1, 400))),
        )
        for card in range(gpus):
            node.gpus.add(
                uuid=f"GPU-{number:04}-{card}",
                name=name,
                pci_bus_id=f"0000:{card * 16 + 1:02X}:00.0",
                memory_total_bytes=memory,
                power_watts=watts,
                per_process=True,
            )
        self._read(node)
        self.nodes[node.id] = node
        return node

    def trouble(self) -> None:
        """Some of the first machines have each something that needs somebody."""
        nodes = list(self.nodes.values())
        if len(nodes) < 12:
            return
        away = self.now - timedelta(minutes=35)
        nodes[1].online = False
        nodes[1].last_seen_ms = milliseconds(away)
        nodes[2].draining = True
        nodes[4].can_start = False
        nodes[4].problems.add(
            en="Docker does not answer: start it with 'systemctl start docker'.",
            zh="Docker 无响应：请运行 systemctl start docker 启动它。",
        )
        nodes[5].quarantined_gpus.append(nodes[5].gpus[0].uuid)
        nodes[6].unclaimed.add(
            container_id="7be2f1a90c3d",
            instance_id="i-lost",
            epoch=3,
            first_seen_ms=milliseconds(self.now - timedelta(minutes=12)),
            stop_after_ms=milliseconds(self.now + timedelta(hours=23)),
        )
        nodes[7].door = _S.DOOR_OPEN_TO_LOCAL_USERS
        nodes[8].ledger_refused = True
        nodes[9].certificate_expires_ms = milliseconds(self.now + timedelta(days=3))
        nodes[10].disk_free_bytes = 6_000_000_000

    def _read(self, node: admin_pb2.Node) -> None:
        for gpu in node.gpus:
            busy = self.dice.random() < 0.7
            gpu.utilisation_percent = round(self.dice.uniform(25, 100) if busy else 0.0, 0)
            gpu.memory_used_bytes = int(gpu.memory_total_bytes * self.dice.uniform(0.02, 0.95))
            gpu.temperature_celsius = round(self.dice.uniform(34, 84), 0)
            gpu.power_watts = round(self.dice.uniform(24, 420), 0)
        node.last_seen_ms = milliseconds(self.now)

    def _new_instance(self) -> creator_pb2.Instance:
        self.made += 1
        key, name, version = self.dice.choice(_ENGINES)
        owner = self.dice.randrange(len(_PEOPLE))
        made = creator_pb2.Instance(
            id=f"i-{self.made:06}",
            name=name if self.made % 3 else f"{name} {self.made}",
            engine_id=key,
            engine_name=_S.Sentence(en=name, zh=name),
            version=version,
            owner_id=f"p-{owner:02}",
            owner_name=_PEOPLE[owner],
            created_at_ms=milliseconds(self.now - timedelta(hours=self.dice.randrange(900))),
            data_bytes=self.dice.randrange(1, 90_000) * 1_000_000,
            state_since_ms=milliseconds(self.now - timedelta(minutes=self.dice.randrange(4000))),
        )
        self._set_state(made)
        self.instances[made.id] = made
        return made

    def _change(self, made: creator_pb2.Instance) -> None:
        if self.dice.random() < 0.25:
            self._set_state(made)
            made.state_since_ms = milliseconds(self.now)
        elif made.state == _S.INSTANCE_STATE_READY:
            self._use(made)
            made.last_activity_ms = milliseconds(self.now)
        else:
            made.data_bytes += 1_000_000

    def _set_state(self, made: creator_pb2.Instance) -> None:
        states, weights = zip(*_STATES, strict=True)
        made.state = self.dice.choices(states, weights)[0]
        made.stop_reason = _S.STOP_REASON_UNSPECIFIED
        made.fail_reason = _S.FAIL_REASON_UNSPECIFIED
        for name in ("queue_position", "vram_used_bytes", "vram_reserved_bytes", "gpu_percent"):
            made.ClearField(name)
        del made.gpus[:]
        made.node_id = made.node_name = ""
        made.support_code = ""
        if made.state in _HELD or made.state == _S.INSTANCE_STATE_UNREACHABLE:
            node = self.nodes[self.dice.choice(list(self.nodes))]
            made.node_id, made.node_name = node.id, node.name
            card = self.dice.choice(node.gpus)
            made.gpus.add(
                uuid=card.uuid, name=card.name, memory_total_bytes=card.memory_total_bytes
            )
            made.vram_reserved_bytes = self.dice.choice((6, 8, 12, 20)) * GB
            self._use(made)
        made.line.CopyFrom(self._line(made))

    def _use(self, made: creator_pb2.Instance) -> None:
        made.vram_used_bytes = int(made.vram_reserved_bytes * self.dice.uniform(0.05, 0.98))
        made.gpu_percent = round(self.dice.uniform(0, 100), 0)
        for gpu in made.gpus:
            gpu.utilisation_percent = made.gpu_percent
            gpu.memory_used_bytes = made.vram_used_bytes

    def _line(self, made: creator_pb2.Instance) -> common_pb2.Sentence:
        where = made.node_name
        match made.state:
            case _S.INSTANCE_STATE_READY:
                return _S.Sentence(en=f"Ready · {where}", zh=f"就绪 · {where}")
            case _S.INSTANCE_STATE_STOPPED:
                made.stop_reason = _S.STOP_REASON_IDLE
                return _S.Sentence(
                    en="Stopped: nothing happened for 30 min", zh="已停止：30 分钟无活动"
                )
            case _S.INSTANCE_STATE_QUEUED:
                place = made.queue_position = self.dice.randrange(1, 30)
                return _S.Sentence(
                    en=f"Waiting, place {place}: needs 20 GB on one card, 11 GB is free",
                    zh=f"排队中，第 {place} 位：需要单卡 20 GB，现有 11 GB",
                )
            case _S.INSTANCE_STATE_FAILED:
                made.fail_reason = _S.FAIL_REASON_PREPARE
                made.support_code = f"F-{made.id[2:]}"
                return _S.Sentence(
                    en="Could not start: the image does not exist",
                    zh="启动失败：镜像不存在",
                )
            case _S.INSTANCE_STATE_UNREACHABLE:
                return _S.Sentence(
                    en=f"{where} has not answered since 14:02", zh=f"{where} 自 14:02 起无响应"
                )
        return _S.Sentence(en=f"Starting on {where}", zh=f"正在 {where} 上启动")


def studio(
    nodes: int = 12, gpus: int = 4, instances: int = 40, *, seed: int = 1, trouble: bool = True
) -> Studio:
    """A made-up studio of a size."""
    made = Studio(random.Random(seed))
    for number in range(1, nodes + 1):
        made.add_node(number, gpus)
    for _ in range(instances if nodes else 0):
        made._new_instance()
    for made_instance in made.instances.values():
        if made_instance.node_id:
            made.nodes[made_instance.node_id].instance_ids.append(made_instance.id)
    if trouble:
        made.trouble()
    return made


# -- as the admin window knows it -----------------------------------------------------------------


def update(message: admin_pb2.WatchFleetResponse) -> Update:
    """A message as the window's feed understands it."""
    instances = [common.instance(i) for i in message.instances]
    return Update(
        begin=message.begin,
        more=message.more,
        nodes=tuple(conversion.node(n) for n in message.nodes),
        removed_nodes=tuple(message.removed_node_ids),
        instances=tuple(i for i in instances if i is not None),
        removed_instances=tuple(message.removed_instance_ids),
    )


def fleet(
    made: Studio, *, role: Role = Role.ADMIN, link: Link = Link.ONLINE, person: str = "Chen Jie"
) -> Fleet:
    """The window's value for a made-up studio."""
    known = Known()
    for message in made.whole():
        known, _ = fold(known, update(message))
    return Fleet(
        nodes=known.nodes,
        instances=known.instances,
        server_time=made.now,
        heard_at=made.now,
        link=link,
        person=person,
        role=role,
        studio=STUDIO,
        address="aigc.studio.lan:7443",
    )


def nodes_of(made: Studio) -> list[Node]:
    return [conversion.node(n) for n in made.nodes.values()]


def instances_of(made: Studio) -> list[Instance]:
    found = [common.instance(i) for i in made.instances.values()]
    return [i for i in found if i is not None]
