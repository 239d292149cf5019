"""The rows and columns of the catalogue: its versions, and what in it is broken. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_client.admin.model import Fleet
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.pages.queue_columns import WAITING, need_words
from desktop_client.admin.records import Catalogue, CatalogueProblem
from desktop_client.admin.tables.column import Align, Column, Mark
from desktop_client.i18n import say
from desktop_client.model import LIVE, Engine, Version, Words
from desktop_client.view_model import Shape


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """One version of one engine, and how many instances of it there are.

    Attributes:
        live, waiting, all: instances that have a place, that wait, and of any state.
        gone: no longer in the catalogue, and somebody still has an instance of it.
    """

    engine: Engine
    version: Version
    live: int = 0
    waiting: int = 0
    all: int = 0
    gone: bool = False

    @property
    def id(self) -> str:
        return f"{self.engine.id} {self.version.version}"

    @property
    def is_default(self) -> bool:
        return self.engine.default_version == self.version.version


def version_rows(catalogue: Catalogue | None, fleet: Fleet) -> list[EngineVersion]:
    """Every version that is loaded, and those that are not and still have instances."""
    if catalogue is None:
        return []
    counts: dict[tuple[str, str], tuple[int, int, int]] = {}  # one pass over thousands
    names: dict[str, Words] = {}
    for instance in fleet.instances.values():
        key = (instance.engine_id, instance.version)
        live, waiting, every = counts.get(key, (0, 0, 0))
        waits = instance.state in WAITING
        runs = not waits and instance.state in LIVE
        counts[key] = (live + runs, waiting + waits, every + 1)
        names.setdefault(instance.engine_id, instance.engine_name)
    rows: list[EngineVersion] = []
    for engine in catalogue.engines:
        for version in engine.versions:
            live, waiting, every = counts.pop((engine.id, version.version), (0, 0, 0))
            rows.append(EngineVersion(engine, version, live, waiting, every))
    engines = {e.id: e for e in catalogue.engines}
    for (engine_id, name), (live, waiting, every) in sorted(counts.items()):
        engine = engines.get(engine_id) or Engine(engine_id, names[engine_id])
        version = Version(name, available=False)
        rows.append(EngineVersion(engine, version, live, waiting, every, gone=True))
    return rows


def state_key(row: EngineVersion) -> str:
    if row.gone:
        return "gone"
    if not row.version.available:
        return "withdrawn"
    return "default" if row.is_default else "offered"


def _mark(row: EngineVersion) -> Mark:
    if row.gone:
        return Mark(Shape.ATTENTION)
    if not row.version.available:
        return Mark(Shape.STOPPED, struck=True)
    return Mark(Shape.READY if row.live else Shape.STOPPED)


VERSIONS: tuple[Column[EngineVersion], ...] = (
    Column(
        "engine", "catalogue.engine",
        lambda r, s: r.engine.name.spoken(s.language) or r.engine.id, mark=_mark,
        words=lambda r: (r.engine.id,), filter_names=("引擎",), width=180,
    ),
    Column(
        "version", "catalogue.version", lambda r, s: r.version.version,
        filter_names=("版本",), width=90,
    ),
    Column(
        "state", "catalogue.state",
        lambda r, s: say(f"catalogue.state.{state_key(r)}", s.language),
        words=lambda r: (state_key(r),), filter_names=("状态",),
        values=("default", "offered", "withdrawn", "gone"), width=130,
    ),
    Column(
        "need", "catalogue.need",
        lambda r, s: DASH if r.gone else need_words(r.version, s.language),
        sort=lambda r: (r.version.gpus, r.version.vram_mib), filter_names=("需求",), width=160,
    ),
    Column(
        "live", "catalogue.live", lambda r, s: str(r.live), sort=lambda r: r.live,
        number=lambda r: r.live, align=Align.END, width=90,
    ),
    Column(
        "waiting", "catalogue.waiting", lambda r, s: str(r.waiting), sort=lambda r: r.waiting,
        number=lambda r: r.waiting, align=Align.END, width=90,
    ),
    Column(
        "all", "catalogue.all", lambda r, s: str(r.all), sort=lambda r: r.all,
        number=lambda r: r.all, align=Align.END, width=110,
    ),
    Column(
        "summary", "catalogue.summary",
        lambda r, s: r.engine.summary.spoken(s.language) or DASH, width=170,
    ),
    Column(
        "id", "catalogue.id", lambda r, s: r.engine.id, width=120, shown_by_default=False
    ),
)  # fmt: skip

PROBLEMS: tuple[Column[CatalogueProblem], ...] = (
    Column(
        "file", "catalogue.file", lambda p, s: p.file, mark=lambda p: Mark(Shape.ATTENTION),
        filter_names=("文件",), width=220,
    ),
    Column(
        "line", "catalogue.line", lambda p, s: str(p.line) if p.line else DASH,
        sort=lambda p: p.line or None, number=lambda p: p.line or None,
        filter_names=("行",), align=Align.END, width=70,
    ),
    Column("field", "catalogue.field", lambda p, s: p.field or DASH, width=160),
    Column(
        "message", "catalogue.message", lambda p, s: p.message,
        tooltip=lambda p, s: p.message, width=420,
    ),
)  # fmt: skip


def problem_id(problem: CatalogueProblem) -> str:
    return f"{problem.file}:{problem.line}:{problem.field}:{problem.message}"
