"""What the pictures show: desks of a studio on an ordinary afternoon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from desktop_client.desk import Desk, Do
from desktop_client.model import (
    Card,
    Engine,
    Instance,
    Link,
    Part,
    Problem,
    Snapshot,
    State,
    Stop,
    Version,
    Words,
)

NOW = datetime(2026, 11, 23, 14, 37, 10, tzinfo=UTC)
PIN = "sha256:Jx0yTnq3R8v1bWc5kZs7pLm2aQe4uHf6gDi9oYt0XwE"


def _svg(colour: str, path: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" '
        f'rx="8" fill="{colour}"/><path d="{path}" fill="none" stroke="white" stroke-width="3" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


def _engine(
    key: str, name: str, en: str, zh: str, colour: str, path: str, *versions: str
) -> Engine:
    return Engine(
        id=key,
        name=Words(name, name),
        summary=Words(en, zh),
        icon_svg=_svg(colour, path),
        versions=tuple(Version(v, 1, 8192) for v in versions),
        default_version=versions[0],
    )


ENGINES = (
    _engine(
        "comfyui", "ComfyUI", "Node graphs for images and video", "基于节点的图像与视频创作",
        "#2b5fd9", "M10 12h8v8h-8zM22 20h8v8h-8zM18 16h8v4", "0.12", "0.11",
    ),
    _engine(
        "sd-webui", "Stable Diffusion WebUI", "Text to image, the classic", "经典文生图界面",
        "#8a3ab9", "M10 28l8-10 5 6 3-4 5 8zM14 14h.1", "1.10",
    ),
    _engine(
        "invokeai", "InvokeAI", "Canvas and inpainting", "画布与局部重绘",
        "#0f766e", "M11 29L27 13M24 10l6 6", "6.14",
    ),
    _engine(
        "jupyter", "JupyterLab", "Notebooks with a GPU", "带 GPU 的笔记本",
        "#c2590a", "M12 12h16M12 20h16M12 28h10", "4.6", "4.5",
    ),
    _engine(
        "upscaler", "Upscaler", "Four times larger, in one step", "一步放大四倍",
        "#475569", "M12 28V12h16M18 22l10-10", "2.0",
    ),
)  # fmt: skip


def _instance(key: str, state: State, en: str, zh: str, **more: object) -> Instance:
    engine = next(e for e in ENGINES if e.id == key)
    made = Instance(
        id=f"i-{key}",
        name=engine.name.en,
        engine_id=key,
        engine_name=engine.name,
        version=engine.default_version,
        state=state,
        line=Words(en, zh),
        since=NOW - timedelta(minutes=9),
        url=f"https://{key}.gw.studio.lan:8443/",
        node_name="render-04",
    )
    return replace(made, **more)  # type: ignore[arg-type]


READY = _instance(
    "comfyui", State.READY, "Ready · render-04, RTX 4090", "就绪 · render-04，RTX 4090",
    cards=(Card("RTX 4090", 61.0, int(11.2 * 1024**3), 24 * 1024**3),),
    release_at=NOW + timedelta(minutes=15), last_activity=NOW - timedelta(minutes=1),
)  # fmt: skip
RELEASE_NEAR = replace(
    READY,
    line=Words(
        "Released in 4 min: nothing happened since 14:22", "4 分钟后释放：自 14:22 起无活动"
    ),
    release_at=NOW + timedelta(minutes=4),
    cards=(Card("RTX 4090", None, None, 24 * 1024**3),),
)
PREPARING = _instance(
    "sd-webui", State.PREPARING, "Preparing on render-02", "正在 render-02 上准备",
    parts=(Part("image", 4_100_000_000, 9_800_000_000), Part("data", 3_100_000_000, None, True)),
    simulated=True,
)  # fmt: skip
STARTING = _instance("upscaler", State.STARTING, "Starting on render-04", "正在 render-04 上启动")
QUEUED = _instance(
    "invokeai", State.QUEUED,
    "Waiting, second in line: needs 20 GB on one card; the largest free is 11 GB on render-02 "
    "until about 14:50",
    "排队中，第 2 位：需要单卡 20 GB；目前最大空闲为 render-02 的 11 GB，约至 14:50",
    queue_position=2,
)  # fmt: skip
STOPPED = _instance(
    "jupyter", State.STOPPED, "Stopped yesterday 18:42", "已停止，昨天 18:42",
    stop=Stop.IDLE, since=NOW - timedelta(hours=20), data_bytes=3_100_000_000,
)  # fmt: skip
FAILED = _instance(
    "sd-webui", State.FAILED,
    "Could not start: the image does not exist. Tell IT: registry answered 404 for sd-webui:1.11",
    "启动失败：镜像不存在。请告知 IT：仓库对 sd-webui:1.11 返回 404",
    support_code="F-7KQ2-31", data_bytes=412_000_000,
)  # fmt: skip
UNREACHABLE = _instance(
    "upscaler", State.UNREACHABLE,
    "render-04 has not answered since 14:02; your engine may still be running",
    "render-04 自 14:02 起无响应，您的引擎可能仍在运行",
)  # fmt: skip
STOPPING = _instance("upscaler", State.STOPPING, "Stopping, saving your data", "正在停止并保存数据")

_BASE = Snapshot(
    link=Link.ONLINE,
    studio="Studio North",
    address="aigc.studio.lan:7443",
    pin=PIN,
    web_url="https://aigc.studio.lan:7440",
    account_url="https://aigc.studio.lan:7440/oidc/account",
    person="Lin Xia",
    engines=ENGINES,
    heard_at=NOW,
)
_BEFORE = Snapshot(studio="Studio North", address="aigc.studio.lan:7443", pin=PIN)
_AWAY = Problem(
    "coordinator-name-unknown",
    "Cannot reach the coordinator at aigc.studio.lan:7443: the name aigc.studio.lan does not "
    "resolve. Check the address with IT or your VPN.",
)
_REFUSED = Problem(
    "instance-limit",
    "You have 5 engines, which is the limit here; stop or delete one, or ask IT.",
)


def _desk(*instances: Instance, **more: object) -> Desk:
    return Desk(snapshot=replace(_BASE, instances=instances, **more))  # type: ignore[arg-type]


SCENES: dict[str, Desk] = {
    "first-run": Desk(snapshot=Snapshot(link=Link.UNCONFIGURED)),
    "first-run-failed": Desk(
        snapshot=Snapshot(link=Link.UNCONFIGURED, address="aigc.studio.lan", problem=_AWAY)
    ),
    "trust": Desk(snapshot=replace(_BEFORE, link=Link.UNTRUSTED, studio="")),
    "sign-in": Desk(snapshot=replace(_BEFORE, link=Link.SIGNED_OUT)),
    "sign-in-expired": Desk(
        snapshot=replace(
            _BEFORE,
            link=Link.SIGNED_OUT,
            problem=Problem("sign-in-expired", "Your sign-in has expired; sign in again."),
        )
    ),
    "signing-in": Desk(
        snapshot=replace(
            _BEFORE,
            link=Link.SIGNING_IN,
            sign_in_url="https://aigc.studio.lan:7440/oidc/authorize?response_type=code&client_id=x",
        )
    ),
    "connecting": Desk(snapshot=replace(_BEFORE, link=Link.CONNECTING)),
    "connecting-failed": Desk(snapshot=replace(_BEFORE, link=Link.OFFLINE, problem=_AWAY)),
    "engines": _desk(),
    "empty": _desk(engines=()),
    "at-work": _desk(READY, PREPARING, QUEUED, STOPPED, STARTING),
    "release-near": _desk(RELEASE_NEAR, FAILED, UNREACHABLE),
    "offline": _desk(
        READY, PREPARING, QUEUED, STOPPED,
        link=Link.OFFLINE, problem=_AWAY, heard_at=NOW - timedelta(minutes=35),
    ),
    "asked": replace(
        _desk(READY, STOPPED, STOPPING, memory_only=True),
        acks={"i-jupyter": Do.START},
        refusals={"engine:invokeai": _REFUSED},
    ),
}  # fmt: skip
