"""Reads a folder of templates into engines, and tells each problem by file, line and field."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from coordinator.catalogue.template import REFUSED_FIELDS, TemplateShape
from coordinator.domain.engine import Engine, EngineId

MAX_FILE_BYTES = 256 * 1024
_MAX_VALUES = 20_000  # after aliases are followed: a few anchors can name billions of values

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """What is wrong in one place of one file. ``line`` is 0 where no line is to blame."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return (
            f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engines on offer, and what kept others out.

    Attributes:
        engines: every engine in force, by id.
        problems: one entry for each thing that is wrong.
        by_file: which file each engine came from, so that a file that breaks keeps its engine.
    """

    engines: Mapping[EngineId, Engine] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[CatalogueProblem, ...] = ()
    by_file: Mapping[str, Engine] = field(default_factory=lambda: MappingProxyType({}))


class _BrokenError(Exception):
    """One file could not be taken; carries its problems."""

    def __init__(self, problems: Sequence[CatalogueProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def load(
    folder: Path,
    previous: Loaded | None = None,
    *,
    registries: Collection[str] | None = None,
    secrets: Collection[str] | None = None,
) -> Loaded:
    """Read every ``*.yaml`` and ``*.yml`` of a folder. Never raises for what a file holds.

    A file that broke since ``previous`` keeps the engine that it gave then; a file that was
    removed takes its engine with it. ``registries`` and ``secrets`` are the names that
    coordinator.toml knows; None leaves references unchecked.
    """
    before = previous or Loaded()
    try:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")
        )
    except OSError as error:
        problem = CatalogueProblem(
            str(folder),
            0,
            "",
            f"the catalogue's folder cannot be read ({error.strerror}); "
            "see catalogue_dir in coordinator.toml",
        )
        return Loaded(before.engines, (problem,), before.by_file)
    engines: dict[EngineId, Engine] = {}
    by_file: dict[str, Engine] = {}
    problems: list[CatalogueProblem] = []
    for path in files:
        try:
            engine = _read_file(path, registries, secrets)
            owner = next((name for name, e in by_file.items() if e.id == engine.id), None)
            if owner is not None:
                raise _BrokenError(
                    [CatalogueProblem(path.name, 0, "id", f"{engine.id} is in {owner} already")]
                )
        except _BrokenError as broken:
            problems.extend(broken.problems)
            kept = before.by_file.get(path.name)
            if kept is None or kept.id in engines:
                continue
            engine = kept
        engines[engine.id] = engine
        by_file[path.name] = engine
    return Loaded(MappingProxyType(engines), tuple(problems), MappingProxyType(by_file))


def _read_file(
    path: Path, registries: Collection[str] | None, secrets: Collection[str] | None
) -> Engine:
    document = _parse(path)
    plain = _plain(document, path.name)
    if isinstance(plain, dict):
        plain.setdefault("id", path.stem.lower())
        common = plain.pop("common", {})
        versions = plain.get("versions")
        if isinstance(common, dict) and isinstance(versions, list):
            plain["versions"] = [{**common, **v} if isinstance(v, dict) else v for v in versions]
        elif not isinstance(common, dict):
            raise _BrokenError(
                [
                    CatalogueProblem(
                        path.name,
                        _line(document, ("common",)),
                        "common",
                        "must be a mapping of fields that all versions share",
                    )
                ]
            )
    try:
        shape = TemplateShape.model_validate(plain)
    except ValidationError as error:
        found = [
            _problem(path.name, document, e["loc"], e["type"], e["msg"], e.get("ctx"))
            for e in error.errors(include_url=False, include_input=False)
        ]
        # A mistake in common: is met once for each version; one line tells it.
        once = {(p.line, p.message): p for p in reversed(found)}
        raise _BrokenError([p for p in found if once[p.line, p.message] is p]) from error
    _check_references(path.name, document, shape, registries, secrets)
    return shape.value()


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _BrokenError(
                [CatalogueProblem(path.name, 0, "", "is larger than a template may be (256 KiB)")]
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _BrokenError(
            [CatalogueProblem(path.name, 0, "", f"cannot be read ({error.strerror})")]
        ) from error
    except UnicodeDecodeError as error:
        raise _BrokenError([CatalogueProblem(path.name, 0, "", "is not UTF-8 text")]) from error
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "cannot be understood"
        raise _BrokenError(
            [CatalogueProblem(path.name, mark.line + 1 if mark else 0, "", f"is no YAML: {what}")]
        ) from error
    except (YAMLError, ValueError) as error:
        raise _BrokenError([CatalogueProblem(path.name, 0, "", f"is no YAML: {error}")]) from error


def _plain(document: Any, file: str) -> Any:
    """The same values without line numbers and YAML's own types."""
    seen = 0

    def copy(value: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen > _MAX_VALUES:
            raise _BrokenError(
                [CatalogueProblem(file, 0, "", "names too many values through aliases")]
            )
        if isinstance(value, Mapping):
            return {(str(k) if isinstance(k, str) else k): copy(v) for k, v in value.items()}
        if isinstance(value, list):
            return [copy(v) for v in value]
        if isinstance(value, bool) or value is None:
            return value
        for kind in (str, int, float):
            if isinstance(value, kind):
                return kind(value)
        return value

    return copy(document)


def _problem(
    file: str,
    document: Any,
    location: Location,
    kind: str,
    message: str,
    context: Mapping[str, Any] | None,
) -> CatalogueProblem:
    # "[key]" marks a mapping's key in pydantic's locations.
    place = tuple(part for part in location if part != "[key]")
    name = str(place[-1]) if place else ""
    match kind:
        case "extra_forbidden":
            words = _unknown(place, name)
        case "missing":
            words = f"is missing; {_path(place)} must be given"
        case "value_error":
            words = str((context or {}).get("error", message))
        case "string_type":
            words = "must be text; put it in quotes"
        case "model_type" | "dict_type":
            words = "must be a mapping (name: value)"
        case _:
            words = message[:1].lower() + message[1:]
    return CatalogueProblem(file, _line(document, place), _path(place), words)


def _unknown(place: Location, name: str) -> str:
    refused = REFUSED_FIELDS.get(name.lower().replace("_", "").replace("-", ""))
    if refused is not None:
        return f"is refused: {refused}"
    allowed = _allowed_at(place[:-1])
    near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.6)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return (
        f"is not a field here{hint} Allowed: {', '.join(allowed)}"
        if near
        else (f"is not a field here. Allowed: {', '.join(allowed)}")
    )


def _allowed_at(place: Location) -> list[str]:
    """The names of the fields that may stand at a place of the template."""
    shape: type[BaseModel] = TemplateShape
    for part in place:
        if isinstance(part, int):
            continue
        info = shape.model_fields.get(part)
        inner = _shape_in(info.annotation) if info is not None else None
        if inner is None:
            return []
        shape = inner
    names = list(shape.model_fields)
    return [*names, "common"] if shape is TemplateShape else names


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) is not None or isinstance(annotation, UnionType):
        for argument in typing.get_args(annotation):
            found = _shape_in(argument)
            if found is not None:
                return found
    return None


def _path(place: Location) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def _line(document: Any, place: Location) -> int:
    """The line (from 1) of the deepest part of a place that stands in the file."""
    if len(place) >= 3 and place[0] == "versions" and isinstance(document, Mapping):
        # What a version does not say itself it has from common.
        own = _step(_step(document, "versions"), place[1])
        common = _step(document, "common")
        if (
            isinstance(own, Mapping)
            and place[2] not in own
            and isinstance(common, Mapping)
            and place[2] in common
        ):
            return _line(document, ("common", *place[2:]))
    line = 1
    here = document
    for part in place:
        if not isinstance(here, CommentedMap | CommentedSeq):
            break
        try:
            line = (
                int(
                    here.lc.key(part)[0]
                    if isinstance(here, CommentedMap)
                    else here.lc.item(part)[0]
                )
                + 1
            )
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        here = _step(here, part)
    return line


def _step(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _check_references(
    file: str,
    document: Any,
    shape: TemplateShape,
    registries: Collection[str] | None,
    secrets: Collection[str] | None,
) -> None:
    problems = []
    for index, version in enumerate(shape.versions):
        if registries is not None and version.registry and version.registry not in registries:
            place: Location = ("versions", index, "registry")
            problems.append(
                CatalogueProblem(
                    file,
                    _line(document, place),
                    _path(place),
                    f"{version.registry} is not in coordinator.toml; add "
                    f'[registries."{version.registry}"] or correct the name',
                )
            )
        for variable, secret in version.secrets.items():
            if secrets is not None and secret not in secrets:
                place = ("versions", index, "secrets", variable)
                problems.append(
                    CatalogueProblem(
                        file,
                        _line(document, place),
                        _path(place),
                        f"{secret} is not in coordinator.toml; add it under [secrets]",
                    )
                )
    if problems:
        raise _BrokenError(problems)
