"""The engine's data folder: pictures with their prompts, and uploaded files."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Picture:
    name: str
    prompt: str
    made_at: float  # seconds since the epoch


class Store:
    """Everything that is to be found again after a stop. All calls block: use a thread."""

    def __init__(self, root: Path) -> None:
        self.pictures = root / "pictures"
        self.files = root / "files"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.files.mkdir(parents=True, exist_ok=True)

    def keep(self, png: bytes, prompt: str, made_at: float) -> Picture:
        """Write the picture, then its description, each whole or not at all."""
        picture = Picture(f"{int(made_at * 1000):013d}.png", prompt, made_at)
        _write(self.pictures / picture.name, png)
        description = json.dumps(asdict(picture), ensure_ascii=False).encode()
        _write((self.pictures / picture.name).with_suffix(".json"), description)
        return picture

    def gallery(self, limit: int = 200) -> list[Picture]:
        """The newest first."""
        found = sorted(self.pictures.glob("*.json"), reverse=True)[:limit]
        return [Picture(**json.loads(path.read_text("utf-8"))) for path in found]

    def listing(self) -> list[dict[str, object]]:
        """Uploaded files by name, with their bytes."""
        return [
            {"name": path.name, "bytes": path.stat().st_size}
            for path in sorted(self.files.iterdir())
            if path.is_file() and not path.name.endswith(".part")
        ]


def safe_name(name: str) -> str:
    """A file name that stays in its folder; empty if nothing of it can be used."""
    plain = re.sub(r"[\x00-\x1f/\\:]", "_", name.strip())[:120].strip(". ")
    return plain.removesuffix(".part")


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".part")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
