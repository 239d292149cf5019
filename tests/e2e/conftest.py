"""The product in a studio of namespaces, once for a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.studio.demo import demo_studio
from tests.studio.studio import Studio


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """Machines up, Docker and the demo engine's image on both GPU machines; nothing joined yet."""
    with demo_studio() as made:
        yield made
