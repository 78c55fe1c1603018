"""One file from an address to the disk, whole or not at all; a broken transfer goes on where it stopped.

Bytes come into `<name>.part`, and what server and version they are from into `<name>.part.json`. Only a file
of the right length and checksum gets its name.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.datasets.disk_space import require_space
from bench.datasets.downloads.transfer import Answer, BrokenError, UnsatisfiableError, request
from bench.datasets.hashes import hash_file
from bench.errors import DataError

# Tries in a row that bring no byte; each that brings some starts the count again.
_TRIES = 3
_PAUSE_SECONDS = 0.5

# A server may bring bytes for ever and never a whole file.
_MAX_EXCHANGES = 100
_CHUNK_BYTES = 1 << 18

# Called with the bytes that are there, and those of the whole (-1 if unknown).
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """A file to fetch; `num_bytes` 0 and `sha256` empty where they are not known."""

    url: str
    num_bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class _Begun:
    """What a partial file is the beginning of."""

    url: str = ""
    validator: str = ""
    total: int = -1


def download(wanted: Wanted, target: Path, on_bytes: OnBytes, room_bytes: int = 0) -> str:
    """Fetch a file unless it is there, and return its sha256.

    Args:
        room_bytes: disk space that will be needed besides, for what is unpacked from it.

    Raises:
        DataError: it cannot be fetched, or is not what was expected; a partial file is kept for another try,
            a wrong one is removed.
    """
    if target.exists():
        return _check(wanted, target, f"{target}: is there, but")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    begun = part.stat().st_size if part.exists() else 0
    require_space(target.parent, max(0, wanted.num_bytes - begun) + room_bytes)
    _fetch_all(wanted, part, target, on_bytes)
    try:
        digest = _check(wanted, part, f"{wanted.url}: what came")
    except DataError:
        _forget(part)
        raise
    os.replace(part, target)
    _forget(part)
    return digest


def _fetch_all(wanted: Wanted, part: Path, target: Path, on_bytes: OnBytes) -> None:
    """Ask until the partial file is as long as the whole one."""
    tries = exchanges = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _fetch_some(wanted, part, on_bytes):
                return
            problem = f"{wanted.url}: the connection ended early"
        except UnsatisfiableError as unfit:
            # The server's file is another or a shorter one now: begin anew.
            _forget(part)
            problem = f"{wanted.url}: does not go on after {before} bytes ({unfit})"
        except BrokenError as broken:
            problem = str(broken)
        after = part.stat().st_size if part.exists() else 0
        tries = 1 if after > before else tries + 1
        exchanges += 1
        if tries >= _TRIES or exchanges >= _MAX_EXCHANGES:
            raise DataError(f"{problem}. {_advice(wanted, part, target, after)}")
        time.sleep(_PAUSE_SECONDS * tries)


def _fetch_some(wanted: Wanted, part: Path, on_bytes: OnBytes) -> bool:
    """Append what one exchange brings; return whether the file is whole now."""
    begun = _recall(part)
    offset = _num_usable(wanted, part, begun)
    if offset and offset == begun.total:
        return True
    with request(wanted.url, offset, begun.validator) as answer:
        if answer.offset:
            _check_version(answer, begun)
        else:
            # The whole file comes, because it is a new version or the server knows no ranges.
            part.write_bytes(b"")
        _check_total(wanted, answer)
        _remember(part, _Begun(wanted.url, answer.validator, answer.total))
        with open(part, "ab") as file:
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                on_bytes(file.tell(), answer.total)
            return file.tell() == answer.total if answer.total >= 0 else True


def _num_usable(wanted: Wanted, part: Path, begun: _Begun) -> int:
    """Return how many bytes are there that the rest of the same version can be appended to."""
    is_checkable = bool(begun.validator or wanted.sha256)
    return part.stat().st_size if part.exists() and begun.url == wanted.url and is_checkable else 0


def _check_version(answer: Answer, begun: _Begun) -> None:
    """Make sure that a range is of the file that was begun; some servers pass over If-Range."""
    is_other = begun.validator and answer.validator and answer.validator != begun.validator
    if is_other or (begun.total >= 0 and answer.total >= 0 and answer.total != begun.total):
        raise UnsatisfiableError("the file changed")


def _check_total(wanted: Wanted, answer: Answer) -> None:
    if wanted.num_bytes and answer.total >= 0 and answer.total != wanted.num_bytes:
        raise DataError(
            f"{wanted.url}: the server has {answer.total} bytes, expected {wanted.num_bytes}: this is not "
            "the published file; name a mirror with --mirror URL"
        )
    if not answer.is_framed and not wanted.num_bytes and not wanted.sha256:
        raise DataError(
            f"{wanted.url}: the server does not say how long the file is, so a broken transfer would not "
            "show: name a mirror with --mirror URL"
        )


def _check(wanted: Wanted, path: Path, what: str) -> str:
    size = path.stat().st_size
    if wanted.num_bytes and size != wanted.num_bytes:
        raise DataError(f"{what} has {size} bytes, expected {wanted.num_bytes}: remove it and fetch it again")
    digest = hash_file(path)
    if wanted.sha256 and digest != wanted.sha256:
        raise DataError(
            f"{what} has sha256 {digest}, expected {wanted.sha256}: remove it and fetch it again, or from "
            "another server with --mirror URL"
        )
    return digest


def _advice(wanted: Wanted, part: Path, target: Path, num_bytes: int) -> str:
    kept = f"{num_bytes} bytes are kept in {part}: the same command goes on from there. " if num_bytes else ""
    known = ", which is checked then" if wanted.sha256 else ""
    return (
        f"{kept}Without a network, fetch it elsewhere and put it at {target}{known}; or name a mirror with "
        "--mirror URL"
    )


def _recall(part: Path) -> _Begun:
    with suppress(OSError, ValueError, TypeError):
        return _Begun(**json.loads(_state_of(part).read_text(encoding="utf-8")))
    return _Begun()


def _remember(part: Path, begun: _Begun) -> None:
    _state_of(part).write_text(json.dumps(asdict(begun)), encoding="utf-8")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _state_of(part).unlink(missing_ok=True)


def _state_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")
