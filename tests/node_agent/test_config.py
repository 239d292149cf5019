"""agent.toml: what is wrong is told in one sentence with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc.errors import AigcError
from node_agent import config


def test_sizes_paths_and_lists_are_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        'driver = "docker"\nmemory = "64GiB"\ncpus = 8\ngpus = ["GPU-1"]\n'
        'registries = ["registry.studio.lan:5000"]\n[libraries]\nmodels = "/srv/models"\n'
    )
    read = config.load(path)
    assert read.memory == 64 << 30
    assert read.gpus == ("GPU-1",)
    assert read.libraries == {"models": Path("/srv/models")}
    assert not read.process_allowed


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('volume_rot = "/v"', ["volume_rot", 'did you mean "volume_root"?']),
        ("banana = 1", ["banana", "docs/configuration.md"]),
        ('memory = "lots"', ["memory", "64GiB"]),
        ("memory = 0", ["memory", "greater than 0"]),
        ('driver = "podman"', ["driver", "'docker'"]),
        ('state_dir = "here"', ["state_dir must be an absolute path"]),
        ('driver = "process"', ["process_allowed = true"]),
        ("driver = ", ["not valid TOML"]),
        ('[libraries]\nmodels = "models"', ["libraries.models must be an absolute path"]),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    with pytest.raises(AigcError) as caught:
        config.load(path)
    for part in (str(path), *parts):
        assert part in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AigcError, match=r"There is no .*agent\.toml"):
        config.load(tmp_path / "agent.toml")
