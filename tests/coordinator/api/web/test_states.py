"""My engines shows every state with its words and its one action."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from coordinator.domain.engine import Engine, EngineId
from coordinator.domain.events import (
    DeleteRequested,
    InstanceObserved,
    InstanceReading,
    NodeObserved,
    Observed,
    Phase,
    ReadingsTaken,
)
from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.instance import (
    FailReason,
    Instance,
    Part,
    PartKind,
    Refusals,
    RefusedPlace,
    Signal,
)
from coordinator.domain.node import NodeId
from coordinator.domain.people import Role
from coordinator.naming import start_request
from tests.coordinator.api.web.chromium import chromium, picture, sign_in
from tests.coordinator.identity.house import House, open_house
from tests.coordinator.studios import connect, enrol, make_engine

NAMES = ("comfyui", "invokeai", "webui", "jupyterlab", "gradio")
NODE = NodeId("render-04")


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    engines: dict[EngineId, Engine] = {EngineId(n): make_engine(n) for n in NAMES}
    async with open_house(tmp_path, engines=engines) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        await opened.add()
        await fill(opened)
        yield opened


async def fill(house: House) -> None:
    """A machine with three simulated cards, and an engine in each state of interest."""
    ask = house.reactor.ask
    cards = tuple(Gpu(GpuUuid(f"GPU-{i}"), "RTX 4090", 24 << 30, simulated=True) for i in range(3))
    await ask(enrol(NODE))
    await ask(connect(NODE))
    studio = house.reactor.studio
    await ask(NodeObserved(NODE, studio.ledger_id, studio.revision, gpus=cards))
    person = next(p for p in studio.people.values() if p.name == "Lin Xia")
    made: dict[str, Instance] = {}
    for name in NAMES[:4]:
        outcome = await ask(start_request(person.id, engine_id=name))
        assert outcome.instance is not None
        made[name] = house.reactor.studio.instances[outcome.instance.id]
    parts = (
        Part(PartKind.IMAGE, 4_100_000_000, 9_800_000_000),
        Part(PartKind.DATA, done=True),
        Part(PartKind.MODELS, 12_000_000, None),
    )
    for name, phase, more in (
        ("comfyui", Phase.PREPARING, {}),
        ("comfyui", Phase.STARTING, {}),
        ("comfyui", Phase.READY, {}),
        ("invokeai", Phase.PREPARING, {"parts": parts}),
        (
            "webui",
            Phase.FAILED,
            {"fail_reason": FailReason.PREPARE, "error": "registry answered 404 for webui:2.0"},
        ),
    ):
        instance = house.reactor.studio.instances[made[name].id]
        assert instance.placement is not None, name
        observed = Observed(
            instance.id,
            instance.placement.epoch,
            phase,
            gpu_uuids=instance.placement.gpu_uuids,
            **more,
        )
        await ask(InstanceObserved(NODE, observed))
    ready = house.reactor.studio.instances[made["comfyui"].id]
    assert ready.placement is not None
    refused = Refusals(14, (RefusedPlace("192.168.1.7", 445, "tcp", 14),))
    reading = InstanceReading(ready.id, ready.placement.epoch, Signal.ABSENT, refusals=refused)
    await ask(ReadingsTaken(NODE, instances=(reading,)))
    old = await ask(start_request(person.id, engine_id="gradio", name="Old sketches"))
    assert old.instance is not None
    await ask(DeleteRequested(old.instance.id, person.id))


async def test_each_state_has_its_one_action(house: House) -> None:
    async with house.browser() as browser:
        page = await browser.sign_in(to="/engines")
    text = page.text
    cards = {part.split("</h2>")[0].split("<h2>")[1]: part for part in text.split("<li ")[1:]}
    assert ">Open</a>" in cards["Comfyui"]
    assert "simulated GPU" in cards["Comfyui"]
    assert "http://comfyui-" in cards["Comfyui"]
    assert "Not let out to the network: 14 attempts (192.168.1.7:445)" in cards["Comfyui"]
    assert "Not let out" not in cards["Invokeai"]
    assert 'value="41"' in cards["Invokeai"]
    assert "4.1 GB / 9.8 GB" in cards["Invokeai"]
    assert ">Cancel</button>" in cards["Invokeai"]
    assert ">Try again</button>" in cards["Webui"]
    assert "404 for webui:2.0" in cards["Webui"]
    assert ">Start</button>" in cards["Gradio"]
    assert ">Restore</button>" in cards["Old sketches"]
    assert "kept until" in cards["Old sketches"]
    for card in cards.values():
        assert card.count("primary") <= 1


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.blocking_allowed("Playwright starts its driver in the test's own loop")
@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(360, "light", "zh-CN"), (1280, "dark", "en"), (1280, "light", "en")],
)
async def test_states_fit(house: House, width: int, scheme: str, language: str) -> None:
    look: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
    }
    async with chromium(**look, locale=language) as page:
        await sign_in(page, house)
        await picture(page, f"states-{width}-{scheme}-{language[:2]}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
