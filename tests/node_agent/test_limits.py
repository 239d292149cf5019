"""A hostile coordinator, or a stolen admin session, is not root on the GPU machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aigc.errors import AigcError
from node_agent.config import AgentConfig, parse
from node_agent.limits import LimitError, Machine, check, registry_of
from protos.aigc.v1 import node_pb2

CARD = "GPU-11111111-2222-3333-4444-555555555555"
OTHER = "GPU-99999999-2222-3333-4444-555555555555"

CONFIG = AgentConfig(
    registries=("registry.studio.lan:5000", "ghcr.io/studio"),
    libraries={"models": Path("/srv/models")},
    gpus=(CARD,),
    memory=32 << 30,
    cpus=8,
)
DOCKER = Machine(16.0, 64 << 30, frozenset({CARD, OTHER}), process_driver=False)
PROCESS = Machine(16.0, 64 << 30, frozenset({CARD, OTHER}), process_driver=True)

Change = Callable[[node_pb2.DesiredInstance], object]


def honest() -> node_pb2.DesiredInstance:
    return node_pb2.DesiredInstance(
        instance_id="i-1",
        epoch=1,
        engine_id="comfyui",
        version="1",
        gpu_uuids=[CARD],
        mounts=[
            node_pb2.Mount(volume_id="v-1", path="/data"),
            node_pb2.Mount(volume_id="v-1", path="/addons", subpath="packages/{image}/{abi}"),
            node_pb2.Mount(library="models", path="/models", read_only=True),
        ],
        spec=node_pb2.EngineSpec(
            image="registry.studio.lan:5000/comfyui:1",
            port=8188,
            ready_path="/system_stats",
            ready_timeout_seconds=300,
            cpus=4,
            memory_bytes=16 << 30,
            shm_bytes=1 << 30,
            pids=4096,
            capabilities=["CHOWN", "CAP_SETUID"],
            user="1000:1000",
            environment={"MODE": "fast"},
        ),
    )


def test_an_honest_request_is_allowed() -> None:
    check(honest(), CONFIG, DOCKER)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("instance_id", lambda d: setattr(d, "instance_id", "../../etc")),
        ("instance_id", lambda d: setattr(d, "instance_id", "a" * 200)),
        ("epoch", lambda d: setattr(d, "epoch", 1 << 63)),
        ("image", lambda d: setattr(d.spec, "image", "evil.example/miner:1")),
        ("image", lambda d: setattr(d.spec, "image", "miner")),
        ("image", lambda d: setattr(d.spec, "image", "registry.studio.lan/comfyui:1")),
        ("image", lambda d: setattr(d.spec, "image", "registry.studio.lan:5000.evil.io/x:1")),
        ("image", lambda d: setattr(d.spec, "image", "ghcr.io/studio-evil/x:1")),
        ("image", lambda d: setattr(d.spec, "image", "ghcr.io/studio/../evil/x:1")),
        ("image", lambda d: setattr(d.spec, "image", "--privileged")),
        ("image_digest", lambda d: setattr(d.spec, "image_digest", "sha256:../../x")),
        (
            "registry.server",
            lambda d: d.spec.registry.CopyFrom(
                node_pb2.RegistryCredential(server="evil.example", username="u", password="p")
            ),
        ),
        ("capabilities", lambda d: d.spec.capabilities.append("SYS_ADMIN")),
        ("capabilities", lambda d: d.spec.capabilities.append("ALL")),
        ("capabilities", lambda d: d.spec.capabilities.append("NET_RAW")),
        ("capabilities", lambda d: d.spec.capabilities.append("chown")),
        ("memory_bytes", lambda d: setattr(d.spec, "memory_bytes", 33 << 30)),
        ("cpus", lambda d: setattr(d.spec, "cpus", 9)),
        ("cpus", lambda d: setattr(d.spec, "cpus", -1)),
        ("cpus", lambda d: setattr(d.spec, "cpus", float("nan"))),
        ("cpus", lambda d: setattr(d.spec, "cpus", float("inf"))),
        ("shm_bytes", lambda d: setattr(d.spec, "shm_bytes", 17 << 30)),
        ("pids", lambda d: setattr(d.spec, "pids", 1_000_000)),
        ("port", lambda d: setattr(d.spec, "port", 0)),
        ("port", lambda d: setattr(d.spec, "port", 70000)),
        ("ready_path", lambda d: setattr(d.spec, "ready_path", "/ HTTP/1.1\r\nX: y")),
        ("ready_path", lambda d: setattr(d.spec, "ready_path", "http://169.254.169.254/")),
        ("ready_timeout_seconds", lambda d: setattr(d.spec, "ready_timeout_seconds", 1 << 31)),
        ("stop_grace_seconds", lambda d: setattr(d.spec, "stop_grace_seconds", 86400)),
        ("user", lambda d: setattr(d.spec, "user", "root --privileged")),
        ("environment", lambda d: d.spec.environment.update({"NVIDIA_VISIBLE_DEVICES": "all"})),
        ("environment", lambda d: d.spec.environment.update({"A=B": "c"})),
        ("environment", lambda d: d.spec.environment.update({"A": "b\0c"})),
        ("secrets", lambda d: d.spec.secrets.update({"NVIDIA_VISIBLE_DEVICES": "all"})),
        ("command", lambda d: d.spec.command.append("a\0b")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="data")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/a/../etc")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/proc/sys")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/var/run/docker.sock")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/x:/etc:rw")),
        ("mounts.path", lambda d: d.mounts.add(volume_id="v-2", path="/data")),
        ("mounts.volume_id", lambda d: d.mounts.add(volume_id="/etc", path="/x")),
        ("mounts.volume_id", lambda d: d.mounts.add(volume_id="../etc", path="/x")),
        ("mounts.volume_id", lambda d: d.mounts.add(volume_id="..", path="/x")),
        ("mounts.library", lambda d: d.mounts.add(library="/etc", path="/x")),
        ("mounts.library", lambda d: d.mounts.add(library="secrets", path="/x")),
        ("mounts", lambda d: d.mounts.add(path="/x")),
        ("mounts", lambda d: d.mounts.add(volume_id="v-2", library="models", path="/x")),
        ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-1", path="/x", subpath="../v-2")),
        ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-1", path="/x", subpath="/etc")),
        ("mounts.subpath", lambda d: d.mounts.add(volume_id="v-1", path="/x", subpath="a//b")),
        (
            "mounts.environment",
            lambda d: d.mounts.add(
                volume_id="v-2", path="/x", environment="NVIDIA_VISIBLE_DEVICES"
            ),
        ),
        ("gpu_uuids", lambda d: d.gpu_uuids.append(OTHER)),
        ("gpu_uuids", lambda d: d.gpu_uuids.append("all")),
        ("gpu_uuids", lambda d: d.gpu_uuids.append(CARD)),
    ],
)
def test_what_goes_too_far_is_refused_with_the_fields_name(field: str, change: Change) -> None:
    asked = honest()
    change(asked)
    with pytest.raises(LimitError) as caught:
        check(asked, CONFIG, DOCKER)
    assert caught.value.field == field
    assert "\n" not in caught.value.message


def test_a_card_that_vanished_is_refused() -> None:
    gone = Machine(16.0, 64 << 30, frozenset(), process_driver=False)
    with pytest.raises(LimitError, match="any more"):
        check(honest(), CONFIG, gone)


def test_plain_processes_run_only_where_the_machine_allows_them() -> None:
    with pytest.raises(LimitError, match="process_allowed"):
        check(honest(), CONFIG, PROCESS)
    allowed = CONFIG.model_copy(update={"process_allowed": True})
    check(honest(), allowed, PROCESS)


def test_the_internet_is_refused_where_the_machine_says_so() -> None:
    asked = honest()
    asked.spec.egress = True
    check(asked, CONFIG, DOCKER)
    with pytest.raises(LimitError, match="egress"):
        check(asked, CONFIG.model_copy(update={"egress_allowed": False}), DOCKER)


def test_private_places_open_only_by_the_machines_own_list() -> None:
    asked = honest()
    asked.spec.egress_to.add(to="192.168.1.7", ports=[445])
    with pytest.raises(LimitError, match="egress_private"):
        check(asked, CONFIG, DOCKER)
    check(asked, CONFIG.model_copy(update={"egress_private": ("192.168.1.0/24:445",)}), DOCKER)
    asked.spec.egress_to.add(to="169.254.169.254", ports=[80])
    with pytest.raises(LimitError, match=r"169\.254\.169\.254"):
        check(asked, CONFIG.model_copy(update={"egress_private": ("192.168.1.0/24:445",)}), DOCKER)


def test_what_agent_toml_says_of_private_places_is_private() -> None:
    assert parse({"egress_private": ["10.0.0.7:445"]}, Path("x")).egress_private == (
        "10.0.0.7:445",
    )
    for wrong in ("8.8.8.8", "nas.lan", "10.0.0.7:x"):
        with pytest.raises(AigcError, match="egress_private"):
            parse({"egress_private": [wrong]}, Path("x"))
    with pytest.raises(AigcError, match="name_servers"):
        parse({"name_servers": ["127.0.0.53"]}, Path("x"))


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("comfyui:1", "docker.io"),
        ("studio/comfyui", "docker.io"),
        ("localhost/x", "localhost"),
        ("localhost:5000/x", "localhost:5000"),
        ("ghcr.io/a/b@sha256:00", "ghcr.io"),
    ],
)
def test_registries_are_read_as_docker_reads_them(image: str, registry: str) -> None:
    assert registry_of(image) == registry
