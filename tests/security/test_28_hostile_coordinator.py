"""Attack 28: a coordinator that was stolen, with valid certificates, is not root on a GPU machine.

A real gRPC coordinator plays the hostile one; the agent is whole and real, on a real Docker Engine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from coordinator.catalogue import load
from coordinator.catalogue.template import REFUSED_FIELDS
from node_agent.config import AgentConfig
from protos.aigc.v1 import node_pb2
from tests.coordinator.catalogue.test_reading import GOOD
from tests.docker_engine import TestEngine, clean_engine, docker_engine
from tests.images import busybox_image
from tests.node_agent.conftest import StartAgent, side, start_agent
from tests.node_agent.conftest import config as config_of_processes
from tests.node_agent.coordinator_side import CoordinatorSide

__all__ = ["clean_engine", "config_of_processes", "docker_engine", "side", "start_agent"]

pytestmark = [pytest.mark.attack(28), pytest.mark.timeout(180)]

Change = Callable[[node_pb2.DesiredInstance], object]
_OTHER_CARD = "GPU-99999999-2222-3333-4444-555555555555"


@pytest.fixture
def config(tmp_path: Path, clean_engine: TestEngine) -> AgentConfig:
    """A machine that allows little: one registry's path, one library, no internet, one NAS."""
    (tmp_path / "models").mkdir()
    return AgentConfig(
        driver="docker",
        docker_socket=clean_engine.socket,
        state_dir=tmp_path / "state",
        volume_root=tmp_path / "volumes",
        simulated_gpus=1,
        registries=("docker.io/aigc-test",),
        libraries={"models": tmp_path / "models"},
        memory=256 << 20,
        cpus=2,
        egress_allowed=False,
        egress_private=("192.168.1.7:445",),
        relist_seconds=1,
        readings_seconds=1,
    )


def honest(instance_id: str, image: str) -> node_pb2.DesiredInstance:
    return node_pb2.DesiredInstance(
        instance_id=instance_id,
        epoch=1,
        owner_id="lin",
        engine_id="busybox",
        version="1",
        mounts=[
            node_pb2.Mount(volume_id=f"v-{instance_id}", path="/data"),
            node_pb2.Mount(library="models", path="/models", read_only=True),
        ],
        spec=node_pb2.EngineSpec(
            image=image,
            port=8000,
            ready_path="/index.html",
            ready_timeout_seconds=60,
            prepare_timeout_seconds=60,
            memory_bytes=64 << 20,
            pids=64,
            cpus=0.5,
            user="65534:65534",
            stop_grace_seconds=1,
        ),
    )


def _registry(asked: node_pb2.DesiredInstance) -> None:
    asked.spec.registry.CopyFrom(
        node_pb2.RegistryCredential(server="evil.example", username="u", password="p")
    )


# What is asked for, by the field that must be named.
HOSTILE: list[tuple[str, Change]] = [
    ("mounts.volume_id", lambda d: d.mounts.add(volume_id="/etc", path="/x")),
    ("mounts.volume_id", lambda d: d.mounts.add(volume_id="../../etc", path="/x")),
    ("mounts.volume_id", lambda d: d.mounts.add(volume_id="..", path="/x")),
    ("mounts.library", lambda d: d.mounts.add(library="/etc", path="/x")),
    ("mounts.library", lambda d: d.mounts.add(library="../models", path="/x")),
    ("mounts.library", lambda d: d.mounts.add(library="models/../../etc", path="/x")),
    ("mounts.path", lambda d: d.mounts.add(volume_id="v-9", path="/var/run/docker.sock")),
    ("mounts.path", lambda d: d.mounts.add(volume_id="v-9", path="/x:/etc:rw")),
    ("mounts.path", lambda d: d.mounts.add(volume_id="v-9", path="/proc/sys/kernel")),
    ("mounts.path", lambda d: d.mounts.add(volume_id="v-9", path="/dev/kvm")),
    ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-9", path="/x", subpath="../v-1")),
    ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-9", path="/x", subpath="a/../../b")),
    ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-9", path="/x", subpath="/etc")),
    ("capabilities", lambda d: d.spec.capabilities.append("SYS_ADMIN")),
    ("capabilities", lambda d: d.spec.capabilities.append("CAP_NET_ADMIN")),
    ("capabilities", lambda d: d.spec.capabilities.append("NET_RAW")),
    ("capabilities", lambda d: d.spec.capabilities.append("ALL")),
    ("image", lambda d: setattr(d.spec, "image", "evil.example/miner:1")),
    ("image", lambda d: setattr(d.spec, "image", "docker.io/other/miner:1")),
    ("image", lambda d: setattr(d.spec, "image", "aigc-test/../other:1")),
    ("image_digest", lambda d: setattr(d.spec, "image_digest", "sha256:../../x")),
    ("registry.server", _registry),
    ("environment", lambda d: d.spec.environment.update({"NVIDIA_VISIBLE_DEVICES": "all"})),
    ("environment", lambda d: d.spec.environment.update({"NVIDIA_DRIVER_CAPABILITIES": "all"})),
    ("environment", lambda d: d.spec.environment.update({"NVIDIA_MOFED": "enabled"})),
    ("environment", lambda d: d.spec.environment.update({"AMD_VISIBLE_DEVICES": "all"})),
    ("environment", lambda d: d.spec.environment.update({"A=B\nC": "x"})),
    ("secrets", lambda d: d.spec.secrets.update({"NVIDIA_VISIBLE_DEVICES": "all"})),
    ("mounts.environment", lambda d: setattr(d.mounts[0], "environment", "NVIDIA_VISIBLE_DEVICES")),
    ("memory_bytes", lambda d: setattr(d.spec, "memory_bytes", 1 << 40)),
    ("shm_bytes", lambda d: setattr(d.spec, "shm_bytes", 1 << 40)),
    ("cpus", lambda d: setattr(d.spec, "cpus", 1024.0)),
    ("cpus", lambda d: setattr(d.spec, "cpus", float("nan"))),
    ("pids", lambda d: setattr(d.spec, "pids", 1 << 30)),
    ("stop_grace_seconds", lambda d: setattr(d.spec, "stop_grace_seconds", 1 << 30)),
    ("user", lambda d: setattr(d.spec, "user", "root --privileged")),
    ("ready_path", lambda d: setattr(d.spec, "ready_path", "http://169.254.169.254/latest")),
    ("gpu_uuids", lambda d: d.gpu_uuids.append("all")),
    ("gpu_uuids", lambda d: d.gpu_uuids.append(_OTHER_CARD)),
    ("egress", lambda d: setattr(d.spec, "egress", True)),
    ("egress", lambda d: d.spec.egress_to.add(to="pypi.org", ports=[443])),
    ("egress", lambda d: d.spec.egress_to.add(to="203.0.113.0/24")),
    ("egress", lambda d: d.spec.egress_to.add(to="192.168.1.7")),
    ("egress", lambda d: d.spec.egress_to.add(to="192.168.1.8", ports=[445])),
    ("egress", lambda d: d.spec.egress_to.add(to="169.254.169.254", ports=[80])),
    ("egress", lambda d: d.spec.egress_to.add(to='x" accept; flush ruleset; #')),
    ("egress", lambda d: [d.spec.egress_to.add(to=f"h{n}.example") for n in range(100)]),
]


@pytest.mark.docker
async def test_everything_beyond_agent_toml_is_refused_by_its_field(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig, clean_engine: TestEngine
) -> None:
    image = busybox_image(clean_engine)
    asked, fields = [], {}
    for number, (field, change) in enumerate(HOSTILE):
        instance = honest(f"i-{number}", image)
        change(instance)
        asked.append(instance)
        fields[instance.instance_id] = field
    # Names that are no names: nothing of them may become a path or a container's name.
    odd = honest("../../etc", image)
    odd_epoch = honest("i-epoch", image)
    odd_epoch.epoch = 1 << 62
    async with start_agent() as agent:
        side.desire([*asked, odd, odd_epoch])
        for instance_id, field in fields.items():
            seen = await side.until_phase(instance_id, "FAILED")
            error = seen.instances[instance_id, 1].error
            assert field in error.replace("Field", "field"), (instance_id, error)
            assert "\n" not in error
        await side.until_phase("../../etc", "FAILED")
        await side.until_phase("i-epoch", "FAILED", 1 << 62)
        assert await agent.reconciler._driver.relist() == []
        assert await asyncio.to_thread(_containers, clean_engine) == []
        made = await asyncio.to_thread(lambda: os.listdir(config.volume_root / "volumes"))
        assert made == []
        beside = await asyncio.to_thread(lambda: set(os.listdir(config.volume_root.parent)))
        assert beside == {"models", "state", "volumes"}
        # The same agent serves an honest one beside them.
        side.desire([honest("i-honest", image)])
        await side.until_phase("i-honest", "READY")
        (container,) = await asyncio.to_thread(_containers, clean_engine)
        _is_hardened(container)
        inside = await asyncio.to_thread(_look_inside, clean_engine, container["Id"])
        _is_hardened_inside(inside)


@pytest.mark.docker
async def test_images_to_fetch_beforehand_are_held_to_it_too(
    side: CoordinatorSide, start_agent: StartAgent, clean_engine: TestEngine
) -> None:
    async with start_agent() as agent:
        side.desire([], prepull=[node_pb2.EngineSpec(image="evil.example/miner:1")])
        await side.until(
            lambda s: s.observed is not None and s.observed.revision == side.revision, "the set"
        )
        assert await agent.reconciler._driver.relist() == []
    images = await asyncio.to_thread(lambda: clean_engine.client().images.list())
    assert not any("evil" in tag for image in images for tag in image.tags)


def test_the_wire_has_no_word_for_what_is_never_given() -> None:
    """A new field of a template's must be held against agent.toml: add it here when it is."""
    assert {f.name for f in node_pb2.EngineSpec.DESCRIPTOR.fields} == {
        "image", "image_digest", "command", "environment", "secrets", "port", "ready_path",
        "ready_timeout_seconds", "prepare_timeout_seconds", "cpus", "memory_bytes", "pids",
        "shm_bytes", "capabilities", "user", "stop_grace_seconds", "registry", "process_command",
        "egress", "read_only_root", "egress_to",
    }  # fmt: skip
    assert {f.name for f in node_pb2.Mount.DESCRIPTOR.fields} == {
        "volume_id", "path", "read_only", "subpath", "library", "environment",
    }  # fmt: skip


@pytest.mark.parametrize("field", sorted(REFUSED_FIELDS))
def test_the_coordinator_refuses_it_in_a_template_by_name(tmp_path: Path, field: str) -> None:
    assert _problem(tmp_path, f"{field}: x") == f"versions[0].{field}"


@pytest.mark.parametrize(
    "line",
    [
        "capabilities: [NET_ADMIN]",
        "environment: {NVIDIA_GDS: enabled}",
        "egress: [not a host]",
        'egress: ["[::1]:80"]',
        "egress: [none, internet]",
        "egress: {everything: true}",
        'egress: ["x:99999"]',
    ],
)
def test_and_values_that_go_too_far(tmp_path: Path, line: str) -> None:
    assert _problem(tmp_path, line).startswith(f"versions[0].{line.partition(':')[0]}")


def _problem(folder: Path, line: str) -> str:
    text = GOOD.replace("    port: 7860\n", f"    port: 7860\n    {line}\n", 1)
    (folder / "painter.yaml").write_text(text, encoding="utf-8")
    (problem,) = load(folder).problems
    return problem.field


def _containers(engine: TestEngine) -> list[dict[str, Any]]:
    client = engine.client()
    try:
        return [client.api.inspect_container(c["Id"]) for c in client.api.containers(all=True)]
    finally:
        client.close()


def _is_hardened(container: dict[str, Any]) -> None:
    host = container["HostConfig"]
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]  # and seccomp as Docker has it
    assert host["PidsLimit"] == 64
    assert host["Memory"] == host["MemorySwap"] == 64 << 20
    assert host["NanoCpus"] == 500_000_000
    assert host["NetworkMode"].startswith("aigc-")
    assert not host["PortBindings"]
    assert not host["PublishAllPorts"]
    assert not host["Devices"]
    assert not host["DeviceCgroupRules"]
    assert not host["Binds"]
    assert host["PidMode"] == ""
    assert host["UTSMode"] == ""
    assert host["IpcMode"] == "private"
    assert host["CgroupnsMode"] != "" or host["CgroupParent"] == ""
    assert host["RestartPolicy"]["Name"] == "no"
    assert "/proc/sys" in host["ReadonlyPaths"]
    assert "/proc/kcore" in host["MaskedPaths"]
    assert container["Config"]["User"] == "65534:65534"
    mounts = {m["Target"]: m for m in host["Mounts"]}
    assert set(mounts) == {"/data", "/models"}
    assert mounts["/models"]["ReadOnly"]


_INSIDE = """
grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd|Uid|CapPrm):' /proc/self/status
usual='console|core|fd|full|mqueue|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero'
echo devices $(ls /dev | grep -v -E "^($usual)$")
mount -t tmpfs x /tmp && echo mounted
ls /var/run/docker.sock /run/docker.sock && echo socket
touch /models/x && echo wrote
touch /proc/sys/kernel/hostname && echo wrote
for n in $(seq 100); do sleep 20 & done
echo running $(ls /proc | grep -c '^[0-9]')
"""


def _look_inside(engine: TestEngine, container_id: str) -> str:
    client = engine.client()
    try:
        made = client.api.exec_create(container_id, ["sh", "-c", _INSIDE])
        return bytes(client.api.exec_start(made["Id"])).decode()
    except docker.errors.APIError as error:
        return str(error)
    finally:
        client.close()


def _is_hardened_inside(said: str) -> None:
    facts = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert facts["NoNewPrivs"] == "1", said
    assert facts["Seccomp"] == "2"  # a filter is in force
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == int(facts["CapBnd"], 16) == 0
    assert set(facts["Uid"].split()) == {"65534"}
    assert "devices\n" in said or "devices \n" in said, said
    for never in ("mounted", "socket\n", "wrote"):
        assert never not in said.replace("docker.sock", ""), said
    assert "can't fork" in said, said
