"""What a person can send to IT when something is wrong: plain text files, made of values, in a zip.

Nothing secret is in it: the log is redacted line by line already, whatever is in the store of
sign-ins is taken out once more, and name and e-mail only stay in where the person says so. The
person sees each file before it is saved.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aigc.logs import redact

_HIDDEN = "[hidden]"
_PERSON = "[person]"
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
# A sign-in's address holds what nobody else may see.
_QUERY = re.compile(r"(https?://[^\s\"'?#]+)[?#][^\s\"']*")
_SHORTEST_SECRET = 6  # characters; shorter ones would blacken half of the text


@dataclass(frozen=True, slots=True)
class Report:
    """One file of the zip."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """What the files are made from.

    Attributes:
        made_at: aware UTC.
        versions, desktop, connection, settings: plain values for JSON.
        log: the last lines, oldest first.
        secrets: whatever must be in no file.
        person: name, e-mail: in a file only where the person says so.
        home: this person's folder, which is written as ``~``.
    """

    made_at: datetime
    versions: Mapping[str, object]
    desktop: Mapping[str, object]
    connection: Mapping[str, object]
    settings: Mapping[str, object]
    log: Sequence[str]
    secrets: Sequence[str] = field(default=(), repr=False)
    person: Sequence[str] = ()
    home: str = ""


def reports(material: Material, *, with_person: bool) -> tuple[Report, ...]:
    """The files, redacted.

    Args:
        with_person: the person agreed that name and e-mail stay in.
    """
    files = (
        Report("versions.json", _json(material.versions)),
        Report("desktop.json", _json(material.desktop)),
        Report("connection.json", _json(material.connection)),
        Report("settings.json", _json(material.settings)),
        Report("log.txt", "\n".join(material.log) + "\n"),
    )
    return tuple(Report(f.name, _clean(f.text, material, with_person)) for f in files)


def bundle(files: Sequence[Report], made_at: datetime) -> bytes:
    """The zip, as bytes."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, made_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.text)
    return output.getvalue()


def file_name(made_at: datetime) -> str:
    """A name for the zip."""
    return f"aigc-diagnostics-{made_at:%Y%m%d-%H%M}.zip"


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"


def _clean(text: str, material: Material, with_person: bool) -> str:
    for secret in sorted(material.secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _HIDDEN)
    text = _QUERY.sub(rf"\1?{_HIDDEN}", redact(text))
    if material.home:
        text = text.replace(material.home, "~")
    if with_person:
        return text
    for name in sorted(material.person, key=len, reverse=True):
        if name:
            text = text.replace(name, _PERSON)
    return _EMAIL.sub(_PERSON, text)
