"""Every kept input, in each run of the tests: what was found once stays found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import door
from tests.fuzz.targets import TARGETS

_CORPUS = Path(__file__).parent / "corpus"
pytestmark = pytest.mark.attack(16)


@pytest.fixture(autouse=True, scope="module")
def _door_ends() -> Iterator[None]:
    yield
    door.reset()


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_passes(target: str) -> None:
    inputs = sorted((_CORPUS / target).iterdir())
    assert len(inputs) >= 5, "a search without a beginning"
    for file in inputs:
        try:
            TARGETS[target](file.read_bytes())
        except AssertionError as error:
            raise AssertionError(f"{file.name}: {error}") from error
