"""One machine in full, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from desktop_client.admin.machines.actions import Act
from desktop_client.admin.machines.detail_view import MachineView, machine_view
from desktop_client.admin.model import Door, Fleet, Node, Unclaimed
from desktop_client.admin.tables.column import Speech
from desktop_client.model import Words
from tests.desktop_client.admin.machines.fleets import NOW, fleet, gpu, instance, node


def view(machine: Node, full: Fleet, language: str = "en", **more: object) -> MachineView:
    speech = Speech(language, NOW, UTC)
    known = full.nodes[machine.id]
    return machine_view(known, full, speech, may_change=True, **more)  # type: ignore[arg-type]


def test_a_machine_at_work() -> None:
    home = node(door=Door.OPEN_TO_LOCAL_USERS, labels={"room": "2"})
    run = instance("ComfyUI", home, line=Words("Ready · render-04", "就绪 · render-04"))
    shown = view(home, fleet(home, instances=(run,)))
    assert (shown.name, shown.state) == ("render-04", "Online · takes engines")
    assert shown.action is not None
    assert shown.action.act is Act.DRAIN
    assert [o.act for o in shown.more] == [
        Act.RENAME, Act.POOL, Act.LABELS, Act.DECLARE_OFF, Act.REVOKE,
    ]  # fmt: skip
    first, second = shown.cards
    assert (first.name, first.holder) == ("RTX 4090 · 1", "ComfyUI of Lin Xia")
    assert first.readings == "use 61 % · 64 °C · 320 W"
    assert first.share == pytest.approx(11 / 24)
    assert second.readings == "use – · 64 °C · 320 W"
    assert second.holder == "free"
    assert shown.instances[0].line == "Ready · render-04"
    facts = {fact.label: fact for fact in shown.facts}
    assert facts["Memory"].value == "128 GB"
    assert "without signing in" in facts["Door"].note
    assert "by itself" in facts["Certificate until"].note


def test_a_silent_machine_says_since_when_and_shows_no_old_reading_as_new() -> None:
    gone = node(online=False, last_seen=NOW - timedelta(minutes=35))
    shown = view(gone, fleet(gone))
    assert shown.state == "Offline since 14:02 (35 min)"
    assert shown.mark.struck
    assert shown.cards[0].readings == "use – · – · –"
    assert shown.cards[0].memory == "– / 24.0 GB"
    assert shown.cards[0].share is None
    assert shown.action is not None
    assert shown.action.act is Act.DECLARE_OFF
    never = node(online=False, last_seen=None)
    assert "never connected" in view(never, fleet(never)).state


def test_unclaimed_containers_say_when_they_are_stopped() -> None:
    home = node(
        unclaimed=(
            Unclaimed("abcdef0123456789", "i-x", 3, NOW - timedelta(hours=1),
                      NOW + timedelta(hours=23)),
            Unclaimed("b", "", 0, None, None),
        )
    )  # fmt: skip
    first, second = view(home, fleet(home)).unclaimed
    assert first.title == "container abcdef012345, of an instance that nobody knows"
    assert first.line.startswith("Seen since 13:37. It is stopped ")
    assert "in 23 h" in first.line
    assert second.line.endswith("It is kept.")


def test_simulated_and_set_aside_cards_say_so() -> None:
    home = node(gpus=(gpu("GPU-a", simulated=True, quarantined=True),))
    shown = view(home, fleet(home), "zh")
    assert shown.simulated
    assert shown.cards[0].simulated
    assert "nvidia-smi" in shown.cards[0].apart


def test_an_auditor_is_offered_nothing_and_an_order_is_acknowledged() -> None:
    home = node()
    full = fleet(home)
    speech = Speech("en", NOW, UTC)
    shown = machine_view(home, full, speech, may_change=False)
    assert (shown.action, shown.more) == (None, ())
    assert view(home, full, asked=Act.DRAIN).asked == "Draining …"
    broken = node(can_start=False)
    assert view(broken, fleet(broken)).state == "Online · cannot start engines now"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("act", list(Act))
def test_every_act_has_its_words(act: Act, language: str) -> None:
    home = node()
    assert view(home, fleet(home), language, asked=act).asked


def test_a_machine_that_says_nothing_is_all_dashes() -> None:
    bare = replace(
        Node("n-1", "bare"), gpus=(gpu("G", pci_bus_id="", percent=None, celsius=None, watts=None),)
    )
    shown = view(bare, fleet(bare))
    values = {f.label: f.value for f in shown.facts}
    assert values["CPUs"] == "–"
    assert values["Disk free"] == "–"
    assert shown.cards[0].place == "RTX 4090 · G"
