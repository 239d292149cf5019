"""Templates become engines; what is wrong is told by file, line and field."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.catalogue import CatalogueProblem, Loaded, load
from coordinator.domain.engine import EngineId, SecretReference, ViewRule, VolumeMount

EXAMPLES = Path(__file__).parents[3] / "examples" / "engines"

GOOD = """\
name: {en: Painter, zh: 画家}
versions:
  - version: "2"
    image: registry.studio.lan:5000/painter:2
    port: 7860
  - version: "1"
    image: registry.studio.lan:5000/painter@sha256:%s
    port: 7860
""" % ("a" * 64)


def problems_of(tmp_path: Path, text: str) -> tuple[CatalogueProblem, ...]:
    (tmp_path / "painter.yaml").write_text(text, encoding="utf-8")
    return load(tmp_path).problems


def only(problems: tuple[CatalogueProblem, ...]) -> CatalogueProblem:
    assert len(problems) == 1, problems
    return problems[0]


def test_every_example_is_valid() -> None:
    loaded = load(EXAMPLES)
    assert loaded.problems == ()
    assert set(loaded.engines) == {"demo", "comfyui", "jupyterlab", "gradio"}
    for engine in loaded.engines.values():
        assert engine.icon_svg.startswith("<svg")
        assert engine.name.zh


def test_a_template_becomes_an_engine(tmp_path: Path) -> None:
    (tmp_path / "painter.yaml").write_text(
        """\
name: Painter
default_version: "1"
idle: {release_after: 90s, max_lifetime: never, traffic_alone: true}
activity:
  count_client_frames: true
  rules:
    - {method: POST, path: "^/go$", person: true}
viewing:
  - {allow: false, path: "^/logout"}
  - {allow: true, path: "^/ws$", frame_max_bytes: 1}
common:
  port: 7860
  memory: 1.5GiB
  secrets: {HF_TOKEN: hugging-face}
  volumes: [{path: /data/, folder: mine, environment: DATA}]
  packages: [{path: /opt/packages}]
  libraries: [{name: models, path: /models}]
versions:
  - version: "2"
    image: localhost/painter:2
    memory: 2GiB
    gpu: {count: 2, vram: 20GB}
  - {version: "1", image: "painter:1", capabilities: [CAP_CHOWN, SETUID]}
""",
        encoding="utf-8",
    )
    loaded = load(tmp_path)
    assert loaded.problems == ()
    engine = loaded.engines[EngineId("painter")]
    assert engine.default_version == "1"
    assert engine.idle.release_after == timedelta(seconds=90)
    assert engine.idle.max_lifetime is None
    assert engine.count_client_frames
    assert engine.viewing == (
        ViewRule(path_regex="^/logout"),
        ViewRule(path_regex="^/ws$", frame_max_bytes=1, allow=True),
    )
    newest, oldest = engine.versions
    assert newest.memory_bytes == 2 << 30
    assert oldest.memory_bytes == 3 << 29
    assert newest.gpu.vram_mib == 19074  # rounded up: never less than was asked for
    assert oldest.capabilities == ("CHOWN", "SETUID")
    assert oldest.secrets == (SecretReference("HF_TOKEN", "hugging-face"),)
    assert oldest.mounts[0] == VolumeMount("/data", subpath="mine", environment="DATA")
    assert oldest.mounts[1].subpath == "packages/{image}/{abi}"


def test_an_image_by_digest_keeps_it_apart(tmp_path: Path) -> None:
    (tmp_path / "painter.yaml").write_text(GOOD, encoding="utf-8")
    version = load(tmp_path).engines[EngineId("painter")].versions[1]
    assert version.image == "registry.studio.lan:5000/painter"
    assert version.digest == "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("privileged: true", "privileged"),
        ("hostNetwork: true", "hostNetwork"),
        ("network_mode: host", "network_mode"),
        ("docker_socket: true", "docker_socket"),
        ("devices: [/dev/kvm]", "devices"),
        ("cap_add: [SYS_ADMIN]", "cap_add"),
        ("security_opt: [seccomp=unconfined]", "security_opt"),
        ("pid: host", "pid"),
        ("ipc: host", "ipc"),
        ("ports: [80]", "ports"),
        ("capabilities: [SYS_ADMIN]", "capabilities[0]"),
        ("volumes: [{path: /x, source: /etc}]", "volumes[0].source"),
        ("volumes: [{path: /x, host_path: /etc}]", "volumes[0].host_path"),
        ("volumes: [{path: /x, folder: /etc}]", "volumes[0].folder"),
        ("volumes: [{path: /x, folder: a/../../etc}]", "volumes[0].folder"),
        ("volumes: [{path: /var/run/docker.sock}]", "volumes[0].path"),
        ("volumes: [{path: /a/../etc}]", "volumes[0].path"),
        ("volumes: [{path: /proc/x}]", "volumes[0].path"),
        ("volumes: [{path: /etc/cron.d}]", "volumes[0].path"),
        ("environment: {NVIDIA_VISIBLE_DEVICES: all}", "environment.NVIDIA_VISIBLE_DEVICES"),
        ("stop_grace: 2h", "stop_grace"),
        ("libraries: [{name: models, path: /m, source: /etc}]", "libraries[0].source"),
        ("packages: [{path: /p, folder: all}]", "packages[0]"),
    ],
)
def test_what_would_open_the_machine_is_refused_by_name(
    tmp_path: Path, line: str, field: str
) -> None:
    problem = only(
        problems_of(tmp_path, GOOD.replace("    port: 7860\n", f"    port: 7860\n    {line}\n", 1))
    )
    assert problem.file == "painter.yaml"
    assert problem.field == f"versions[0].{field}"
    assert problem.line == 6


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("port: 7860", "prt: 7860", 5, 'did you mean "port"'),
        ('"2"', "1.10", 3, "put it in quotes"),
        ("port: 7860", "port: 70000", 5, "65535"),
        ("painter:2", "painter", 4, "tag or digest"),
        ("name:", "nam:", 1, 'did you mean "name"'),
        ("port: 7860", "port: 7860\n    memory: 16", 6, "16GiB"),
        ("port: 7860", "port: 7860\n    ready: {within: soon}", 6, "15m"),
        ("port: 7860", "port: 7860\n    environment: {A: 1}", 6, "put it in quotes"),
        ("versions:", "default_version: '9'\nversions:", 1, "one of 2, 1"),
        # What is let through to who looks on is named.
        ("versions:", "viewing: [{allow: true, method: POST}]\nversions:", 2, "path"),
        ("versions:", "viewing: [{allow: true, path: '('}]\nversions:", 2, "expression"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    found = problems_of(tmp_path, GOOD.replace(old, new, 1))
    assert any(p.line == line and words in p.message for p in found), found


def test_a_mistake_in_common_is_told_once_with_its_own_line(tmp_path: Path) -> None:
    problem = only(
        problems_of(tmp_path, GOOD.replace("versions:", "common:\n  memroy: 1GiB\nversions:"))
    )
    assert problem.line == 3
    assert '"memory"' in problem.message


@pytest.mark.parametrize(
    "text",
    ["", "- a\n", "name: [1,\nx", "a: b: c", "\x00", "a: &a [*a]", "name: !!python/object:x {}\n"],
)
def test_no_file_breaks_the_reader(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )
    assert "aliases" in only(problems_of(tmp_path, text)).message


def test_the_same_engine_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("name:", "id: x\nname:"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GOOD.replace("name:", "id: x\nname:"), encoding="utf-8")
    loaded = load(tmp_path)
    assert list(loaded.engines) == ["x"]
    assert only(loaded.problems).file == "b.yaml"


def test_a_broken_file_keeps_its_engine_and_a_removed_one_takes_it_away(tmp_path: Path) -> None:
    (tmp_path / "painter.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.yaml").write_text(GOOD, encoding="utf-8")
    first = load(tmp_path)
    (tmp_path / "painter.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "other.yaml").unlink()
    second = load(tmp_path, first)
    assert set(second.engines) == {"painter"}
    assert second.engines[EngineId("painter")] == first.engines[EngineId("painter")]
    assert only(second.problems).file == "painter.yaml"


def test_a_missing_folder_keeps_everything(tmp_path: Path) -> None:
    (tmp_path / "painter.yaml").write_text(GOOD, encoding="utf-8")
    first = load(tmp_path)
    gone = load(tmp_path / "nowhere", first)
    assert gone.engines == first.engines
    assert "catalogue_dir" in only(gone.problems).message


def test_names_that_coordinator_toml_does_not_know(tmp_path: Path) -> None:
    text = GOOD.replace(
        "    port: 7860\n", "    port: 7860\n    registry: hub\n    secrets: {A: b}\n", 1
    )
    (tmp_path / "painter.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path).problems == ()
    assert load(tmp_path, registries={"hub"}, secrets={"b"}).problems == ()
    found = load(tmp_path, registries=(), secrets=()).problems
    assert [(p.line, p.field) for p in found] == [
        (6, "versions[0].registry"),
        (7, "versions[0].secrets.A"),
    ]


def test_loaded_is_a_value() -> None:
    assert Loaded() == Loaded()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Loaded().problems = ()  # type: ignore[misc]
