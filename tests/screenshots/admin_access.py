"""The admin window where it is about who gets in: people, former accounts, shares, the authority,
what engines were refused, and doors that are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.model import Door, Fleet, Role
from desktop_client.admin.pages.links import LinksDialog
from desktop_client.admin.pages.people import PeoplePage
from desktop_client.admin.pages.people_dialogs import OneTimePassword
from desktop_client.admin.pages.settings import SettingsPage
from desktop_client.admin.records import (
    AuthorityStatus,
    Link,
    NewAccount,
    Phase,
    Share,
    Token,
    TrustedAuthority,
)
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Problem, Refusals, RefusedTarget, State, Words
from desktop_client.theme import Colours
from tests.screenshots.admin_machines import page_of, scroll_down
from tests.screenshots.admin_pages import ANSWERS, PEOPLE, dialog_of, made_window
from tests.screenshots.scene import Scene
from tests.standins.fleet import NOW, fleet, studio

NARROW = (1280, 800)
_LOCAL, _ODD, _GIVEN = "p-00", "p-01", "p-03"
_PROBLEM = Words(
    "The provider sent no groups for Wang Fang: add the 'groups' claim to the client there.",
    "提供方没有返回 Wang Fang 的用户组：请在该客户端中添加“groups”声明。",
)
_CHANGES: dict[str, dict[str, Any]] = {
    _LOCAL: {
        "username": "lin", "second_factor": True, "sessions": 2, "tokens": 2,
        "one_time_until": NOW + timedelta(hours=70), "role_overridden": True,
        "role": Role.AUDITOR, "claims_role": Role.CREATOR,
    },
    _ODD: {"problem": _PROBLEM, "claims_role": Role.CREATOR},
    _GIVEN: {
        "role": Role.ADMIN, "claims_role": Role.CREATOR, "role_overridden": True,
    },
}  # fmt: skip
ACCESS_PEOPLE = tuple(replace(p, **_CHANGES.get(p.id, {})) for p in PEOPLE)
ACCESS_TOKENS = (
    Token(
        "t-1", "nightly renders", NOW - timedelta(days=40), NOW + timedelta(days=4),
        NOW - timedelta(hours=11), scopes=("engines",), instances=("ComfyUI",), ends_soon=True,
    ),
    Token(
        "t-2", "notebook", NOW - timedelta(days=3), NOW + timedelta(days=87), None,
        scopes=("api", "engines"), read_only=True,
    ),
)  # fmt: skip
LINKS = (
    Link(
        "l-1", "p-07", "Liu Yang", "liuyang", proven=True, former_name="Liu Yang",
        note="Same person, I moved from the compositing team.",
        former_engines=("ComfyUI", "Poster study", "InvokeAI"), asker_engines=("JupyterLab",),
    ),
    Link(
        "l-2", "p-12", "Kim Seo-yeon", "kim", former_name="Kim",
        obstacle=Words(
            "The account “kim” still runs ComfyUI: stop it first.",
            "账户“kim”仍在运行 ComfyUI：请先停止。",
        ),
    ),
)  # fmt: skip
SHARES = (
    Share(
        "s-1", "i-000004", "ComfyUI", "p-00", "Lin Xia", person_name="Wang Fang",
        created_at=NOW - timedelta(hours=3), expires_at=NOW + timedelta(hours=5),
    ),
    Share(
        "s-2", "i-000009", "Poster study", "p-04", "Anna Berg", team="look-dev", view_only=True,
        created_at=NOW - timedelta(days=2), expires_at=NOW + timedelta(days=5),
    ),
    Share(
        "s-3", "i-000011", "Stable Diffusion WebUI 27", "p-05", "Omar Haddad",
        person_name="Kim Seo-yeon", view_only=True,
        created_at=NOW - timedelta(minutes=20), expires_at=NOW + timedelta(days=30),
    ),
)  # fmt: skip
AUTHORITY = AuthorityStatus(
    Phase.ANNOUNCED,
    (
        TrustedAuthority(
            "sha256:Jx0yTnq3R8v1bWc5kZs7pLm2aQe4uHf6gDi9oYt0XwE", NOW + timedelta(days=310)
        ),
        TrustedAuthority(
            "sha256:9kLm3Qw8eRt5yUi2oPa7sDf4gHj6zXc1vBn0MqWeRtY", NOW + timedelta(days=3650)
        ),
    ),
    NOW - timedelta(days=2),
    NOW + timedelta(days=5),
    ("render-02", "render-05"),
)
_STEADY = AuthorityStatus(Phase.STEADY, AUTHORITY.authorities[:1], None, NOW + timedelta(days=120))
_SWITCHED = replace(AUTHORITY, phase=Phase.SWITCHED, waiting=())
_REFUSALS = Refusals(
    17,
    (
        RefusedTarget("192.168.1.7", 445, "tcp", 14),
        RefusedTarget("telemetry.example.com", 0, "name", 2),
        RefusedTarget("239.255.255.250", 1900, "udp", 1),
    ),
    NOW - timedelta(minutes=41),
    NOW - timedelta(minutes=1),
)
_DOOR = Words(
    "Docker on render-08 publishes ports to every user of the machine: put its agent into the "
    "group 'aigc' and start it again.",
    "render-08 上的 Docker 向该机器的所有用户开放端口：请将代理加入“aigc”用户组并重新启动。",
)
ACCESS_ANSWERS: dict[str, object] = {
    **ANSWERS, "people": ACCESS_PEOPLE, "tokens": ACCESS_TOKENS, "links": LINKS, "shares": SHARES,
    "authority": AUTHORITY,
}  # fmt: skip


def access_fleet() -> Fleet:
    """An engine that was refused, is shared and was started by a guest; a door with its reason."""
    known = fleet(studio(12, 4, 60))
    nodes, instances = dict(known.nodes), dict(known.instances)
    machine = next(n for n in nodes.values() if n.door is Door.OPEN_TO_LOCAL_USERS)
    nodes[machine.id] = replace(machine, door_reason=_DOOR)
    for key, there in known.instances.items():
        if there.state is State.READY:
            instances[key] = replace(there, refusals=_REFUSALS, shares=2, started_by="Wang Fang")
    return replace(known, nodes=nodes, instances=instances)


def _page(page: str, **answers: object) -> Callable[[Colours, str], QWidget]:
    return lambda colours, language: made_window(
        colours, language, page, access_fleet(), {**ACCESS_ANSWERS, **answers}
    )


def _choose(*keys: str) -> Callable[[QWidget], None]:
    def choose(widget: QWidget) -> None:
        assert isinstance(widget, AdminWindow)
        page: Any = widget.page
        page.pane.model.settle()
        page.pane.select(list(keys))

    return choose


def _refused(widget: QWidget) -> None:
    assert isinstance(widget, AdminWindow)
    page: Any = widget.page
    page.pane.model.settle()
    rows = range(page.pane.model.rowCount())
    runs = next(n for n in rows if page.pane.model.row_at(n).state is State.READY)
    page.pane.select([page.pane.model.id_at(runs)])


def _door(widget: QWidget) -> None:
    page = page_of(widget)
    nodes = page.shell.fleet.nodes.values()
    page.machines.select([next(n.id for n in nodes if n.door is Door.OPEN_TO_LOCAL_USERS)])
    for _ in range(10):  # the charts are made one after another
        QApplication.processEvents()
    scroll_down(page.machines, 1480)


def _below(widget: QWidget) -> None:
    """The end of the settings, where the authority is."""
    assert isinstance(widget, AdminWindow)
    page = widget.page
    assert isinstance(page, SettingsPage)
    bar = page.area.verticalScrollBar()
    bar.setValue(bar.maximum())


def _asked(page: str, kind: type[QWidget], ask: Callable[[Any], None]) -> Callable[..., QWidget]:
    """A dialog that a page opens, by itself."""

    def make(colours: Colours, language: str) -> QWidget:
        window = made_window(colours, language, page, access_fleet(), ACCESS_ANSWERS)
        ask(window.page)
        dialog = dialog_of(window, kind)
        dialog.setParent(None)
        window.deleteLater()
        return dialog

    return make


def _reset(button: str) -> Callable[[PeoplePage], None]:
    def ask(page: PeoplePage) -> None:
        page.pane.select([_LOCAL])
        page.detail.buttons[button].click()

    return ask


def _links(*links: Link, problem: Problem | None = None) -> Callable[[Colours, str], QWidget]:
    def make(colours: Colours, language: str) -> QWidget:
        dialog = LinksDialog(links, "", language)
        dialog.show_problem(problem)
        return dialog

    return make


def _password(colours: Colours, language: str) -> QWidget:
    account = NewAccount("p-00", "Lin Xia", "maple-otter-41-cobalt", NOW + timedelta(hours=72))
    return OneTimePassword(account, Speech(language, NOW, UTC), reset=True)


def _step(step: str) -> Callable[[SettingsPage], None]:
    return lambda page: page.authority.buttons[step].click()


def scenes() -> Sequence[Scene]:
    return (
        Scene("access-people", _page("people"), NARROW, _choose(_LOCAL)),
        Scene("access-people-given", _page("people", links=()), NARROW, _choose(_GIVEN)),
        Scene("access-people-odd", _page("people", links=LINKS[:1]), NARROW, _choose(_ODD)),
        Scene("access-links", _links(*LINKS)),
        Scene("access-links-many", _links(*(LINKS * 3))),
        Scene(
            "access-links-problem",
            _links(
                LINKS[0],
                problem=Problem(
                    "link-closed", "Somebody else has answered this request meanwhile."
                ),
            ),
        ),
        Scene("access-links-none", _links()),
        Scene(
            "access-password-asked", _asked("people", Confirmation, _reset("password"))
        ),
        Scene(
            "access-factor-asked", _asked("people", Confirmation, _reset("factor.reset"))
        ),
        Scene("access-password", _password),
        Scene("access-shares", _page("shares"), NARROW, _choose("s-2")),
        Scene("access-shares-none", _page("shares", shares=()), NARROW),
        Scene("access-settings", _page("settings"), NARROW, _below),
        Scene("access-settings-steady", _page("settings", authority=_STEADY), NARROW),
        Scene("access-settings-switched", _page("settings", authority=_SWITCHED), NARROW, _below),
        Scene("access-switch", _asked("settings", Confirmation, _step("switch"))),
        Scene("access-instance", _page("instances"), (1280, 1000), _refused),
        Scene("access-door", _page("machines"), NARROW, _door),
        Scene("access-overview", _page("overview"), (1280, 1000)),
    )  # fmt: skip
