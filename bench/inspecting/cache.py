"""Remembers reports by the content of the file and of the code that made them, so that none is ever stale."""

from __future__ import annotations

import contextlib
import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bench
from bench.core.places import cache_folder
from bench.errors import BenchError, ModelError, StoreError
from bench.inspecting.file_report import FileReport
from bench.store.disk import write_atomically
from bench.wire.codec import content_hash, from_json, to_json

# Code and libraries that a report depends on.
_CODE = ("inspecting", "quantize", "agent/runtimes", "core/artifact.py", "wire")
_LIBRARIES = ("ai-edge-litert", "onnx", "onnxruntime", "keras", "tensorflow", "h5py")


def hash_of(path: Path) -> str:
    """Return the sha256 of a file; of a folder, that of the names and hashes of all its files.

    Raises:
        ModelError: something in it cannot be read.
    """
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            return content_hash([[file.relative_to(path).as_posix(), _sha256(file)] for file in files])
        return _sha256(path)
    except OSError as problem:
        raise ModelError(f"{path}: cannot be read ({problem.strerror}); check the path") from problem


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def recall(path: Path, sha256: str, with_trial: bool) -> FileReport | None:
    """Return the report of a file that was looked into before; None if there is none."""
    try:
        content = json.loads(_place(path, sha256, with_trial).read_text(encoding="utf-8"))
        return from_json(FileReport, content)
    except (OSError, ValueError, TypeError, BenchError):
        return None


def remember(report: FileReport, with_trial: bool) -> None:
    """Keep a report for the next time. A cache that cannot be written only costs time."""
    place = _place(Path(report.path), report.sha256, with_trial)
    with contextlib.suppress(OSError, StoreError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps(to_json(report)))


def _place(path: Path, sha256: str, with_trial: bool) -> Path:
    # Oddities speak of the file's name, so that it is part of the key.
    key = content_hash([sha256, path.name, with_trial, _code_hash(), _versions()])
    return cache_folder() / "inspected" / f"{key}.json"


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _code_hash() -> str:
    root = Path(bench.__file__).parent
    files = [file for name in _CODE for file in (sorted((root / name).rglob("*.py")) or [root / name])]
    return content_hash([[file.relative_to(root).as_posix(), _sha256(file)] for file in files])


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found
