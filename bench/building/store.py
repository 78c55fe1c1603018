"""ArtifactStore: built files by key, as plain files with a readable JSON beside each.

    <root>/artifacts/<first two digits>/<key>/model.tflite
                                             /artifact.json

An entry appears whole or not at all, and is checked by content before it is handed out.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.building.hashing import sha256_of, stamp_of
from bench.core.artifact import Artifact, FileFacts
from bench.errors import BenchError, StoreError
from bench.wire.codec import from_json, to_json

# Format history of artifact.json; entries of another version are built again.
# 1: first.
ENTRY_SCHEMA = 1

_ENTRY_NAME = "artifact.json"


def default_store_root() -> Path:
    """Return `$BENCH_CACHE`, or a folder in the user's cache directory."""
    given = os.environ.get("BENCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given).expanduser() if given else base / "detector-bench"


class ArtifactStore:
    """Built files below one folder. Several processes may use it at once."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or default_store_root()).absolute()

    def folder(self, key: str) -> Path:
        """Return where the entry of a key lies, whether it exists or not."""
        return self.root / "artifacts" / key[:2] / key

    def find(self, key: str) -> Artifact | None:
        """Return the artifact of a key; None if there is none, or none whose content is still what it was.

        The content is hashed again only if the file's size, time or inode changed since that was last done.
        """
        folder = self.folder(key)
        try:
            entry = json.loads((folder / _ENTRY_NAME).read_text(encoding="utf-8"))
            if entry["schema"] != ENTRY_SCHEMA:
                return None
            artifact = from_json(Artifact, entry["artifact"])
            artifact = replace(artifact, path=str(folder / artifact.path))
            return artifact if _is_intact(folder, entry, artifact) else None
        except (OSError, ValueError, KeyError, TypeError, BenchError):
            return None

    def find_contents(self, wanted: Collection[str]) -> dict[str, Artifact]:
        """Return sha256 -> an artifact of that very content, whatever key it was made under.

        Reads every entry of the store, but hashes only what is wanted.
        """
        found: dict[str, Artifact] = {}
        for path in sorted((self.root / "artifacts").glob(f"*/*/{_ENTRY_NAME}")):
            try:
                sha256 = json.loads(path.read_bytes())["artifact"]["sha256"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if sha256 in wanted and sha256 not in found:
                artifact = self.find(path.parent.name)
                found |= {sha256: artifact} if artifact else {}
        return found

    def add(
        self,
        key: str,
        file: Path,
        facts: FileFacts,
        notes: tuple[str, ...] = (),
        about: dict[str, Any] | None = None,
        is_trained: bool | None = None,
    ) -> Artifact:
        """Copy a file into the store under a key.

        Args:
            about: what made it, for people who look into the store.
            is_trained: see `Artifact`.

        Raises:
            StoreError: the store cannot be written.
        """
        return self._write(key, file, facts, notes, about or {}, is_copied=True, is_trained=is_trained)

    def refer(self, key: str, file: Path, facts: FileFacts, notes: tuple[str, ...] = ()) -> Artifact:
        """Remember what was found in a given file, which stays where it is."""
        return self._write(key, file, facts, notes, {}, is_copied=False)

    def _write(
        self,
        key: str,
        file: Path,
        facts: FileFacts,
        notes: tuple[str, ...],
        about: dict[str, Any],
        *,
        is_copied: bool,
        is_trained: bool | None = None,
    ) -> Artifact:
        name = f"model{file.suffix}" if is_copied else str(file.absolute())
        try:
            content = file.read_bytes()
            folder = self._new_folder()
            if is_copied:
                _write_synced(folder / name, content)
            artifact = Artifact(
                path=name,
                sha256=sha256_of(folder / name),
                size_bytes=len(content),
                compressed_bytes=len(zlib.compress(content, 9)),
                facts=facts,
                recipe_key=key if is_copied else "",
                is_trained=is_trained,
                build_notes=notes,
            )
            entry = {"schema": ENTRY_SCHEMA, "key": key, "artifact": to_json(artifact), "about": about}
            entry["verified"] = list(stamp_of(folder / name))
            _write_synced(folder / _ENTRY_NAME, json.dumps(entry, indent=2).encode() + b"\n")
            self._publish(folder, self.folder(key))
        except OSError as problem:
            raise StoreError(
                f"{self.root}: cannot write the artifact cache ({problem.strerror}); free space there, or "
                "set BENCH_CACHE to a folder that can be written"
            ) from problem
        return replace(artifact, path=str(self.folder(key) / name))

    def _new_folder(self) -> Path:
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=incoming))

    def _publish(self, folder: Path, target: Path) -> None:
        """Move a finished folder into place; what lay there is replaced."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            # A folder cannot be renamed over a filled one: move the old one out of the way first.
            old = self._new_folder()
            with contextlib.suppress(FileNotFoundError):
                os.rename(target, old / "old")
            shutil.rmtree(old, ignore_errors=True)
        try:
            os.rename(folder, target)
        except OSError:
            # Another process published the same key in between; its content is as good.
            if not target.exists():
                raise
            shutil.rmtree(folder, ignore_errors=True)
        _sync_folder(target.parent)


def _is_intact(folder: Path, entry: dict[str, Any], artifact: Artifact) -> bool:
    path = Path(artifact.path)
    stamp = list(stamp_of(path))
    if stamp == entry.get("verified"):
        return True
    if sha256_of(path) != artifact.sha256:
        return False
    with contextlib.suppress(OSError):
        # Only saves the next reader some work; a read-only store is fine.
        temporary = folder / f"{_ENTRY_NAME}.{os.getpid()}"
        _write_synced(temporary, json.dumps({**entry, "verified": stamp}, indent=2).encode() + b"\n")
        os.replace(temporary, folder / _ENTRY_NAME)
    return True


def _write_synced(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
