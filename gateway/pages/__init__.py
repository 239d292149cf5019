"""The gateway's few pages: one template, one style sheet, one script, all inline under a hash."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from string import Template


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@dataclass(frozen=True, slots=True)
class Pages:
    """The files, read once, and the policy that allows exactly them."""

    template: Template
    css: str
    script: str
    policy: str


def load_pages() -> Pages:
    """Read the files (before the loop runs)."""
    folder = resources.files(__name__)
    css = (folder / "page.css").read_text(encoding="utf-8")
    script = (folder / "waiting.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; img-src data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    template = Template((folder / "waiting.html").read_text(encoding="utf-8"))
    return Pages(template, css, script, policy)
