"""The admin window's pages (Machines has a module of its own) and their dialogs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.model import EVERYTHING, Fleet, Role
from desktop_client.admin.pages.instances import InstancesPage
from desktop_client.admin.pages.people import PeoplePage
from desktop_client.admin.pages.people_dialogs import AddAccount, ChangeRole, OneTimePassword
from desktop_client.admin.records import (
    AuditEntry,
    Catalogue,
    CatalogueProblem,
    NewAccount,
    OccupancyPoint,
    Person,
    RemovedMachine,
    Setting,
    StoryLine,
    StudioSettings,
    Token,
)
from desktop_client.admin.settings import AdminSettings
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Engine, State, Version, Words
from desktop_client.theme import Colours
from tests.screenshots.scene import Scene
from tests.standins.fleet import NOW, fleet, studio
from tests.standins.still_bridge import StillBridge

SIZE = (1360, 860)
_MIB_A_GB = 1024

ENGINES = (
    Engine(
        "comfyui",
        Words("ComfyUI", "ComfyUI"),
        Words("Node graphs for images and video", "基于节点的图像与视频创作"),
        "",
        (Version("0.12", 1, 12 * _MIB_A_GB), Version("0.11", 1, 12 * _MIB_A_GB, available=False)),
        "0.12",
    ),
    Engine(
        "sd-webui",
        Words("Stable Diffusion WebUI", "Stable Diffusion WebUI"),
        Words("Text to image, the classic", "经典文生图界面"),
        "",
        (Version("1.10", 1, 8 * _MIB_A_GB),),
        "1.10",
    ),
    Engine(
        "invokeai",
        Words("InvokeAI", "InvokeAI"),
        Words("Canvas and inpainting", "画布与局部重绘"),
        "",
        (Version("6.14", 1, 20 * _MIB_A_GB),),
        "6.14",
    ),
    Engine(
        "jupyter",
        Words("JupyterLab", "JupyterLab"),
        Words("Notebooks with a GPU", "带 GPU 的笔记本"),
        "",
        (Version("4.6", 2, 0), Version("4.5", 2, 0)),
        "4.6",
    ),
)
CATALOGUE = Catalogue(
    ENGINES,
    (
        CatalogueProblem(
            "upscaler.yaml",
            14,
            "versions[0].image",
            '"registry.studio.lan/up scaler:2.0" holds a space; write it as registry/name:tag.',
        ),
        CatalogueProblem(
            "trainer.yaml", 0, "", "is not valid YAML: a tab cannot begin a line (line 3)."
        ),
    ),
    NOW - timedelta(minutes=52),
)
_PEOPLE = (
    "Lin Xia", "Wang Fang", "Chen Jie", "Zhao Lei", "Anna Berg", "Omar Haddad", "Mia Rossi",
    "Liu Yang", "Sun Li", "Noor Khan", "Emil Sand", "Zhou Min", "Kim Seo-yeon", "Ivo Marek",
)  # fmt: skip
_TEAMS = ("look-dev", "compositing", "games", "research")
PEOPLE = tuple(
    Person(
        f"p-{place:02}",
        name,
        f"{name.split()[0].lower()}@studio.example" if place % 4 else "",
        (Role.ADMIN if place == 2 else Role.TEAM_LEAD if place % 5 == 4 else Role.CREATOR),
        (_TEAMS[place % 4],),
        disabled=place == 9,
        local=place % 4 == 0,
        last_seen=None if place == 12 else NOW - timedelta(minutes=7 * place * place),
        sessions=0 if place == 9 else place % 4,
        tokens=place % 3,
    )
    for place, name in enumerate(_PEOPLE)
)
TOKENS = (
    Token(
        "t-1",
        "nightly renders",
        NOW - timedelta(days=40),
        NOW + timedelta(days=50),
        NOW - timedelta(hours=11),
    ),
    Token("t-2", "notebook", NOW - timedelta(days=3), NOW + timedelta(days=87), None),
)
STORY = (
    StoryLine(
        811,
        NOW - timedelta(hours=2),
        "start",
        "person p-00",
        "",
        "requested",
        "comfyui 0.12, named ComfyUI",
    ),
    StoryLine(
        812, NOW - timedelta(hours=2), "placed-nowhere", "placement", "requested", "queued", ""
    ),
    StoryLine(
        830,
        NOW - timedelta(minutes=101),
        "placed",
        "placement: render-03 (free 2, tight 0.4)",
        "queued",
        "placed",
        "epoch 1 on n-0003, GPU-0003-1",
    ),
    StoryLine(
        831,
        NOW - timedelta(minutes=101),
        "observed-preparing",
        "node n-0003",
        "placed",
        "preparing",
        "epoch 1 on n-0003, GPU-0003-1",
    ),
    StoryLine(
        840,
        NOW - timedelta(minutes=97),
        "observed-starting",
        "node n-0003",
        "preparing",
        "starting",
        "epoch 1 on n-0003, GPU-0003-1",
    ),
    StoryLine(
        844,
        NOW - timedelta(minutes=96),
        "observed-ready",
        "node n-0003",
        "starting",
        "ready",
        "epoch 1 on n-0003, GPU-0003-1",
    ),
    StoryLine(
        872,
        NOW - timedelta(minutes=31),
        "kept",
        "person p-00",
        "ready",
        "ready",
        "the idle clock begins anew",
    ),
)
_ACTS = (
    ("p-02", "Chen Jie", "instance-stop", "i-000004", "ComfyUI", "done",
     Words("of Lin Xia", "属于 Lin Xia")),
    ("p-02", "Chen Jie", "person-role", "p-04", "Anna Berg", "done",
     Words("now team lead", "现为团队负责人")),
    ("p-05", "Omar Haddad", "instance-stop", "i-000009", "InvokeAI", "refused",
     Words("not-allowed")),
    ("p-02", "Chen Jie", "join-command", "film", "", "done",
     Words("valid for 1 hour", "有效期 1 小时")),
    ("n-0007", "render-07", "node-renew", "n-0007", "render-07", "done",
     Words("by its certificate", "凭证书")),
    ("p-03", "Zhao Lei", "token-create", "t-9", "nightly renders", "done",
     Words("nightly renders")),
    ("p-02", "Chen Jie", "account-create", "kim", "", "done", Words()),
)  # fmt: skip
REMOVED = (
    RemovedMachine(
        "n-0001",
        "render-01",
        "free-cards",
        Words(
            "needs 20 GB on one card; on render-01 0 free, 4 in use",
            "需要一张显卡 20 GB 显存；render-01 上空闲 0 张，使用中 4 张",
        ),
        True,
    ),
    RemovedMachine(
        "n-0002",
        "render-02",
        "answering",
        Words(
            "render-02 has been unreachable since 14:02 UTC", "render-02 自 14:02 UTC 起无法连接"
        ),
    ),
    RemovedMachine(
        "n-0003",
        "render-03",
        "draining",
        Words(
            "render-03 is being drained by IT and takes no new engine",
            "render-03 正在维护，不接受新的引擎",
        ),
    ),
    RemovedMachine(
        "n-0005",
        "render-05",
        "can-start",
        Words(
            "render-05 cannot start engines: Docker does not answer.",
            "render-05 无法启动引擎：Docker 无响应。",
        ),
    ),
)
AUDIT = tuple(
    AuditEntry(
        2400 - n,
        NOW - timedelta(minutes=3 + 17 * n),
        actor,
        action,
        target,
        outcome,
        detail,
        name,
        named,
    )
    for n, (actor, name, action, target, named, outcome, detail) in enumerate(_ACTS * 29)
)[:200]
SETTINGS = StudioSettings(
    (
        Setting(
            "",
            "name",
            '"Studio North"',
            False,
            Words("The studio's name, as people read it.", "人们看到的工作室名称。"),
        ),
        Setting(
            "",
            "catalogue_dir",
            '"/etc/aigc/engines"',
            True,
            Words("Where the catalogue's files are.", "目录文件所在位置。"),
        ),
        Setting(
            "listen",
            "creators",
            '"0.0.0.0:7443"',
            True,
            Words(
                "Where tray, command line and joining machines connect.",
                "托盘、命令行和加入的机器连接的地址。",
            ),
        ),
        Setting(
            "listen",
            "web_tls",
            "true",
            True,
            Words("Whether the web pages use TLS.", "网页是否使用 TLS。"),
        ),
        Setting(
            "gateway",
            "zone",
            '"gw.studio.lan"',
            False,
            Words("The DNS zone of the engines' addresses.", "引擎地址所在的 DNS 区域。"),
        ),
        Setting(
            "policy",
            "instances_per_person",
            "8",
            False,
            Words("How many instances somebody may have.", "每人可拥有的实例数。"),
        ),
        Setting(
            "policy",
            "node_silent_seconds",
            "15",
            True,
            Words(
                "How long a machine may be quiet before it counts as silent.",
                "机器无响应多久后视为失联。",
            ),
        ),
        Setting(
            "policy",
            "trash_days",
            "30",
            True,
            Words("How long deleted data can be brought back.", "已删除数据可恢复的天数。"),
        ),
    ),
    "/etc/aigc/coordinator.toml",
    "0.1.0",
    "l-7f3a9c2e51",
    48_211,
    NOW - timedelta(days=12, hours=4),
    "sha256:Jx0yTnq3R8v1bWc5kZs7pLm2aQe4uHf6gDi9oYt0XwE",
    NOW,
)


def _occupancy() -> tuple[OccupancyPoint, ...]:
    """Four weeks; a morning in which nobody measured."""
    midnight = NOW.replace(hour=0, minute=0, second=0)
    points = []
    for day in range(27, -1, -1):
        for step in range(1, 49):
            at = midnight - timedelta(days=day) + timedelta(minutes=30 * step)
            if at > NOW or (day == 0 and 15 <= step < 19):
                continue
            hour = step / 2
            work = math.exp(-(((hour - 14.5) / 4.2) ** 2))
            held = 34 * work * (1.0 if day % 7 in (0, 1, 2, 3, 4) else 0.3)
            held += 3 * math.sin(step * 2.3 + day)
            points.append(OccupancyPoint(at, 48, max(round(held), 0), None, 0))
    return tuple(points)


ANSWERS: dict[str, object] = {
    "catalogue": CATALOGUE,
    "people": PEOPLE,
    "tokens": TOKENS,
    "story": STORY,
    "audit": AUDIT,
    "explain_waiting": REMOVED,
    "settings": SETTINGS,
    "occupancy": _occupancy(),
}


def made_window(
    colours: Colours,
    language: str,
    page: str,
    known: Fleet,
    answers: dict[str, object] | None = None,
) -> AdminWindow:
    """The whole window at one page, with everything answered at once."""
    bridge = StillBridge(ANSWERS if answers is None else answers)
    settings = AdminSettings().with_page(page)
    window = AdminWindow(bridge, settings, colours, language, UTC, now=lambda: NOW)
    bridge.setParent(window)
    window.show_fleet(known, EVERYTHING)
    return window


def _known(**changes: Any) -> Fleet:
    return replace(fleet(studio(12, 4, 60)), **changes)


def _quiet() -> Fleet:
    """A studio in order: nobody waits, nothing needs anybody."""
    known = fleet(studio(12, 4, 30, trouble=False))
    instances = {
        k: i
        for k, i in known.instances.items()
        if i.state in (State.READY, State.STOPPED, State.STARTING)
    }
    return replace(known, instances=instances)


def _page(
    page: str, known: Callable[[], Fleet] = _known, **answers: object
) -> Callable[[Colours, str], QWidget]:
    return lambda colours, language: made_window(
        colours, language, page, known(), {**ANSWERS, **answers}
    )


def _choose(count: int, tab: str = "") -> Callable[[QWidget], None]:
    """Select rows of the page's table, as a person would."""

    def choose(widget: QWidget) -> None:
        assert isinstance(widget, AdminWindow)
        page: Any = widget.page
        model = page.pane.model
        model.settle()
        places = range(model.rowCount())
        if page.key == "instances":  # one that runs has most to tell
            places = range(next(n for n in places if model.row_at(n).state is State.READY), 99)
        page.pane.select([model.id_at(n) for n in places[:count]])
        if tab:
            page.detail.tabs.choose(tab)

    return choose


def _scroll(widget: QWidget) -> None:
    assert isinstance(widget, AdminWindow)
    page: Any = widget.page
    bar = page.area.verticalScrollBar()
    bar.setValue(bar.maximum())


def _logs(widget: QWidget) -> None:
    _choose(1, "logs")(widget)
    assert isinstance(widget, AdminWindow)
    page = widget.page
    assert isinstance(page, InstancesPage)
    page.detail.logs.begin()
    shown = page.pane.selected_ids()[0]
    widget.bridge.lines.emit(
        shown, [f"14:2{n}:07 INFO step {n}: loading the model" for n in range(9)]
    )


def dialog_of(widget: QWidget, kind: type[QWidget]) -> QWidget:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert found, f"no {kind.__name__} is open"
    return found[-1]


def _confirmed(page: str, ask: Callable[[Any], None]) -> Callable[[Colours, str], QWidget]:
    """The confirmation that an action of a page asks, by itself."""

    def make(colours: Colours, language: str) -> QWidget:
        window = made_window(colours, language, page, _known())
        ask(window.page)
        dialog = dialog_of(window, Confirmation)
        dialog.setParent(None)
        window.deleteLater()
        return dialog

    return make


def _ask_to_stop(page: InstancesPage) -> None:
    there = [i for i in page.shell.fleet.instances.values() if i.state is State.READY]
    page.stopper.ask(there[:3])


def _ask_to_disable(page: PeoplePage) -> None:
    page.pane.select(["p-01"])
    page.detail.buttons["disable"].click()


def _ask_to_sign_out(page: PeoplePage) -> None:
    page.pane.select(["p-03"])
    page.detail.buttons["out"].click()


def _typed(widget: QWidget) -> None:
    assert isinstance(widget, AddAccount)
    widget.username.setText("kim")
    widget.name.setText("Kim Seo-yeon")


def scenes() -> Sequence[Scene]:
    account = NewAccount("p-20", "Kim Seo-yeon", "maple-otter-41-cobalt", NOW + timedelta(hours=72))
    return (
        Scene("admin-overview", _page("overview"), SIZE),
        Scene("admin-overview-below", _page("overview"), SIZE, _scroll),
        Scene(
            "admin-overview-calm",
            _page("overview", _quiet, catalogue=Catalogue(ENGINES)), (1360, 1180),
        ),
        Scene("admin-instances", _page("instances"), SIZE, _choose(1)),
        Scene("admin-instances-story", _page("instances"), SIZE, _choose(1, "story")),
        Scene("admin-instances-logs", _page("instances"), SIZE, _logs),
        Scene("admin-instances-several", _page("instances"), SIZE, _choose(4)),
        Scene(
            "admin-instances-auditor",
            _page("instances", lambda: _known(role=Role.AUDITOR)), SIZE, _choose(1),
        ),
        Scene("admin-queue", _page("queue"), SIZE, _choose(1)),
        Scene("admin-queue-empty", _page("queue", _quiet), SIZE),
        Scene("admin-people", _page("people"), SIZE, _choose(1)),
        Scene("admin-catalogue", _page("catalogue"), SIZE, _choose(1)),
        Scene("admin-audit", _page("audit"), SIZE),
        Scene("admin-settings", _page("settings"), SIZE),
        Scene("admin-stop", _confirmed("instances", _ask_to_stop)),
        Scene("admin-disable", _confirmed("people", _ask_to_disable)),
        Scene("admin-sign-out-everywhere", _confirmed("people", _ask_to_sign_out)),
        Scene("admin-add-account", lambda colours, language: AddAccount(language), None, _typed),
        Scene(
            "admin-one-time-password",
            lambda colours, language: OneTimePassword(account, Speech(language, NOW, UTC)),
        ),
        Scene("admin-role", lambda colours, language: ChangeRole(PEOPLE[5], language)),
    )  # fmt: skip
