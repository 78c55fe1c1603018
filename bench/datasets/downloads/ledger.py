"""The ledger of a data folder: what was fetched from where, and the sha256 it had when it first came.

Files whose checksum nobody publishes are checked against the ledger ever after. Of archives it keeps the
members that were unpacked, with their sizes, since most archives are removed then.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bench.errors import DataError

# Format history of the ledger.
# 1: first.
_VERSION = 1
_NAME = "fetched.json"


class Ledger:
    """Entries by file name, kept in one JSON file of the data folder."""

    def __init__(self, folder: Path) -> None:
        """Read the ledger of a folder; an empty one where there is none.

        Raises:
            DataError: it is damaged, or of a later version.
        """
        self._folder = folder
        self._path = folder / _NAME
        self._entries: dict[str, dict[str, Any]] = {}
        if not self._path.exists():
            return
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']}, expected {_VERSION}")
            self._entries = dict(content["files"])
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise DataError(
                f"{self._path}: cannot be used ({problem}): remove it, and what was fetched is recorded anew"
            ) from problem

    def sha256(self, name: str) -> str:
        """Return the checksum that a file had when it first came; empty if it never did."""
        return str(self._entries.get(name, {}).get("sha256", ""))

    def record(self, name: str, url: str, sha256: str, members: dict[str, int] | None = None) -> None:
        """Add a file that came whole, and keep the ledger on the disk."""
        self._entries[name] = {"url": url, "sha256": sha256}
        if members is not None:
            self._entries[name]["members"] = members
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_name(f".{_NAME}.part")
        content = {"version": _VERSION, "files": dict(sorted(self._entries.items()))}
        scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")
        os.replace(scratch, self._path)

    def is_unpacked(self, name: str, prefix: str) -> bool:
        """Whether an archive's members below a prefix are all there, with their sizes."""
        members = {
            member: size
            for member, size in self._entries.get(name, {}).get("members", {}).items()
            if member.startswith(prefix)
        }
        return bool(members) and all(_has_size(self._folder / one, size) for one, size in members.items())

    def members(self, name: str) -> dict[str, int]:
        """Return the members of an archive that were unpacked before."""
        return dict(self._entries.get(name, {}).get("members", {}))


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
