"""The waiting page: what is being prepared, why it waits, and what to do if it failed.

Everything a person reads here is in this module, in both languages. The status is rendered once,
here; the page's script only puts in what it is sent.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from gateway.answers import Answer
from gateway.pages import Pages
from gateway.routes import Part, Route, State

_TEXTS: dict[str, tuple[str, str]] = {
    "image": ("Image", "镜像"),
    "data": ("Your files", "您的文件"),
    "models": ("Models", "模型"),
    "done": ("done", "完成"),
    "starting": ("Asked to start", "已请求启动"),
    "coming": ("On its way", "正在启动"),
    "ready": ("Ready, opening", "就绪，正在打开"),
    "stopping": ("Stopping, saving your data", "正在停止并保存数据"),
    "restart": ("It starts again as soon as it has stopped.", "停止后将重新启动。"),
    "stopped": ("Stopped; your files are kept", "已停止，文件已保留"),
    "failed": ("Could not start", "启动失败"),
    "unreachable": ("Its machine does not answer", "所在机器无响应"),
    "position": ("Position {} in line", "排队第 {} 位"),
    "start": ("Start", "启动"),
    "again": ("Try again", "重试"),
    "open": ("Open again", "重新打开"),
    "home": ("My engines", "我的引擎"),
    "simulated": ("simulated GPU", "模拟 GPU"),
    "foot": (
        "This page opens the engine by itself when it is ready.",
        "引擎就绪后，本页会自动打开。",
    ),
    "away": ("The coordinator does not answer", "协调器无响应"),
    "away-more": (
        "A stopped engine can be started when it is back. This page tries again by itself.",
        "恢复后即可启动引擎。本页会自动重试。",
    ),
    "silent": ("The engine does not answer", "引擎无响应"),
    "silent-more": (
        "It may still be coming up, or be out of reach; your files are kept. Trying again.",
        "引擎可能仍在启动或无法访问；文件已保留。正在重试。",
    ),
    "busy": ("Too much at once", "请求过多"),
    "busy-more": (
        "More is open or asked for here than the gateway allows at once. Trying again.",
        "同时打开或请求的内容超出网关允许的数量。正在重试。",
    ),
    "refused": ("This page cannot be shown", "无法显示此页面"),
    "unknown": ("No engine here", "此处没有引擎"),
    "not-startable": ("It cannot be started; ask IT.", "无法启动，请联系 IT。"),
    "looks-on": (
        "You may look at it while it runs; whoever shared it with you starts it.",
        "运行时您可以查看；需由共享给您的人启动。",
    ),
    "signed-in-not": ("Not signed in", "未登录"),
}
# A shape of its own for each meaning, so that colour is never alone (as in the tray).
_SHAPES = {
    "coming": "◔",
    "queued": "◷",
    "ready": "●",
    "stopped": "○",
    "failed": "▲",
    "away": "▲",
}


@dataclass(frozen=True, slots=True)
class Status:
    """What the page shows now."""

    phase: str
    html: str
    title: str
    ready: bool


def choose_language(accept: bytes | None) -> str:
    """ "zh" or "en" by Accept-Language; English if neither is asked for."""
    best, best_weight = "en", 0.0
    for item in (accept or b"").decode("latin-1").lower().split(","):
        tag, _, rest = item.strip().partition(";")
        weight = 1.0
        if rest.strip().startswith("q="):
            try:
                weight = float(rest.strip()[2:])
            except ValueError:
                weight = 0.0
        language = tag.split("-", 1)[0].strip()
        if language in ("en", "zh") and weight > best_weight:
            best, best_weight = language, weight
    return best


def text(key: str, language: str) -> str:
    english, chinese = _TEXTS[key]
    return chinese if language == "zh" else english


def format_bytes(count: int) -> str:
    """Decimal units, as people see them elsewhere: "4.1 GB"."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def status_of(
    route: Route, language: str, asked: bool, to: str = "/", looks_on: bool = False
) -> Status:
    """The status section for a route.

    Args:
        asked: a start was asked for a moment ago and nothing came of it yet.
        to: where Start and Try again lead afterwards.
        looks_on: for a guest who may only look, and so does not start it.
    """
    line = route.line_zh if language == "zh" else route.line_en
    asked = asked and not route.start_refused
    phase, key, more, action = _phase(route, asked)
    if asked and phase == "coming" and route.state in (State.STOPPED, State.FAILED):
        line = ""  # still of the time before the visit
    html = [_line(phase, line or text(key, language))]
    if route.queue_position is not None and phase == "queued":
        html.append(_soft(text("position", language).format(route.queue_position)))
    if more:
        html.append(_soft(text(more, language)))
    if phase == "coming" and route.parts:
        html.append(_parts(route.parts, language))
    if action and looks_on:
        html.append(_soft(text("looks-on", language)))
    elif action and not route.can_start:
        html.append(_soft(text("not-startable", language)))
    elif action:
        html.append(
            f'<form method="post" action="/.aigc/start?to={escape(quote(to, safe=""))}">'
            f'<button type="submit">{escape(text(action, language))}</button></form>'
        )
    shape = _SHAPES[phase]
    return Status(phase, "\n".join(html), f"{shape} {route.title}", phase == "ready")


def _phase(route: Route, asked: bool) -> tuple[str, str, str, str]:
    """Phase, text if the coordinator gave no line, a second line, and the action's name."""
    if route.start_refused and route.state in (State.STOPPED, State.FAILED):
        return "failed", "failed", "", "again"
    match route.state:
        case State.READY:
            return "ready", "ready", "", ""
        case State.FAILED:
            return ("coming", "starting", "", "") if asked else ("failed", "failed", "", "again")
        case State.STOPPED:
            return ("coming", "starting", "", "") if asked else ("stopped", "stopped", "", "start")
        case State.STOPPING:
            return "coming", "stopping", "restart" if asked else "", ""
        case State.UNREACHABLE:
            return "away", "unreachable", "", ""
        case _:
            queued = route.queue_position is not None
            return "queued" if queued else "coming", "coming", "", ""


def waiting_page(pages: Pages, route: Route, status: Status, language: str, to: str) -> Answer:
    """The whole page; ``to`` is where it leads once the engine is ready."""
    waiting = f"/.aigc/waiting?to={quote(to, safe='')}"
    refresh = (
        f'<noscript><meta http-equiv="refresh" content="5; url={escape(waiting)}"></noscript>'
        if status.phase not in ("failed", "stopped")
        else ""
    )
    return _page(
        pages,
        status=200 if status.ready else 503,
        language=language,
        route=route,
        title=status.title,
        phase=status.phase,
        section=status.html,
        refresh=refresh,
        script=f"<script>{pages.script}</script>",
        to=to,
        foot=text("foot", language),
    )


def retry_page(pages: Pages, route: Route | None, language: str, key: str, status: int) -> Answer:
    """The coordinator is away, or the engine silent: say so and try again by itself.

    Without a route for whoever may not know the engine's name.
    """
    section = _line("away", text(key, language)) + _soft(text(f"{key}-more", language))
    return _page(
        pages,
        status=status,
        language=language,
        route=route,
        title=f"▲ {text(key, language) if route is None else route.title}",
        phase="away",
        section=section,
        refresh='<meta http-equiv="refresh" content="3">',
    )


def notice_page(
    pages: Pages, language: str, status: int, key: str, more: str, link: tuple[str, str] | None
) -> Answer:
    """A plain refusal with at most one way on."""
    section = _line("failed", text(key, language)) + (_soft(more) if more else "")
    if link is not None:
        label, href = link
        section += f'<p class="act"><a class="button" href="{escape(href)}">{escape(label)}</a></p>'
    return _page(
        pages,
        status=status,
        language=language,
        route=None,
        title=f"▲ {text(key, language)}",
        phase="failed",
        section=section,
    )


def _page(
    pages: Pages,
    *,
    status: int,
    language: str,
    route: Route | None,
    title: str,
    phase: str,
    section: str,
    refresh: str = "",
    script: str = "",
    to: str = "/",
    foot: str = "AIGC Gateway",
) -> Answer:
    simulated = route is not None and route.simulated
    badge = f'<span class="badge">{escape(text("simulated", language))}</span>'
    name = route.title if route is not None and route.title else "AIGC Gateway"
    html = pages.template.substitute(
        lang="zh-Hans" if language == "zh" else "en",
        title=escape(title),
        css=pages.css,
        refresh=refresh,
        to=escape(to),
        icon=_icon(route, name),
        name=escape(name),
        badge=badge if simulated else "",
        phase=phase,
        status=section,
        foot=escape(foot),
        script=script,
    )
    return Answer(
        status,
        html.encode(),
        "text/html; charset=utf-8",
        headers=((b"Vary", b"Accept-Language, Cookie"),),
        policy=pages.policy,
    )


def _icon(route: Route | None, name: str) -> str:
    if route is None or not route.icon_svg:
        return f'<div class="letter" aria-hidden="true">{escape(name[:1].upper())}</div>'
    # As an image a drawing can run no script, whoever wrote it.
    data = base64.b64encode(route.icon_svg.encode()).decode("ascii")
    return f'<img alt="" src="data:image/svg+xml;base64,{data}">'


def _line(phase: str, line: str) -> str:
    shape = _SHAPES[phase]
    return (
        f'<p class="line"><span class="shape" aria-hidden="true">{shape}</span>'
        f"<span>{escape(line)}</span></p>"
    )


def _soft(line: str) -> str:
    return f'<p class="soft">{escape(line)}</p>'


def _parts(parts: tuple[Part, ...], language: str) -> str:
    items = []
    for part in parts:
        if part.kind not in _TEXTS:
            continue
        name = escape(text(part.kind, language))
        if part.done:
            said, bar = text("done", language), '<progress max="1" value="1"></progress>'
        elif part.total_bytes:
            of = "/" if language == "zh" else "of"
            said = f"{format_bytes(part.done_bytes)} {of} {format_bytes(part.total_bytes)}"
            share = min(1.0, part.done_bytes / part.total_bytes)
            bar = f'<progress max="1" value="{share:.4f}"></progress>'
        else:
            said, bar = format_bytes(part.done_bytes) if part.done_bytes else "–", ""
        items.append(f"<li><div><span>{name}</span><span>{escape(said)}</span></div>{bar}</li>")
    return f'<ul class="parts">{"".join(items)}</ul>' if items else ""
