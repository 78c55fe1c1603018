"""Reads files into parcels, one request each: pieces of a big file, or many small files at once.

Every file is read once and held to its hash on the way: one that changed is noticed before it is whole on the
other side.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from bench.errors import HostError
from bench.hosts.base import HostFile
from bench.wire.remote import PIECE_BYTES

# Files up to this size travel together: an answer for each photo costs more than the photo.
_SMALL_BYTES = 512 * 1024
_BATCH_BYTES = 2 * 1024 * 1024
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,16})?")


@dataclass(frozen=True)
class PlannedFile:
    """A file to be at a device, with its size in bytes and the end of its name."""

    file: HostFile
    size: int
    suffix: str


@dataclass(frozen=True)
class Parcel:
    """One request that brings something.

    Attributes:
        values: of the request, besides its body.
        num_files: that are whole on the other side when it is answered.
    """

    op: str
    values: dict[str, Any]
    body: bytes
    num_files: int


def plan_file(file: HostFile) -> PlannedFile:
    """Look at a file.

    Raises:
        HostError: it is missing.
    """
    try:
        size = file.path.stat().st_size
    except OSError as problem:
        raise HostError(f"{file.path}: no such file, expected one to send; build it again") from problem
    suffix = file.path.suffix
    return PlannedFile(file, size, suffix if _SUFFIX.fullmatch(suffix) else "")


def parcels(files: Iterable[PlannedFile], partial: Mapping[str, int]) -> Iterator[Parcel]:
    """Read files into parcels, in their order but for big ones, which come after the small ones before them.

    Args:
        partial: bytes of a file that are there already, by sha256.

    Raises:
        HostError: a file's content is not what was planned.
    """
    batch: list[tuple[PlannedFile, bytes]] = []
    num_bytes = 0
    for planned in files:
        start = partial.get(planned.file.sha256, 0)
        if start or planned.size > _SMALL_BYTES:
            # One that is all there but not whole was damaged: from the beginning.
            yield from _pieces(planned, start if start < planned.size else 0)
            continue
        batch.append((planned, _whole(planned)))
        num_bytes += planned.size
        if num_bytes >= _BATCH_BYTES:
            yield _batch(batch)
            batch, num_bytes = [], 0
    if batch:
        yield _batch(batch)


def _batch(files: list[tuple[PlannedFile, bytes]]) -> Parcel:
    triples = [[planned.file.sha256, planned.size, planned.suffix] for planned, _ in files]
    return Parcel("put_batch", {"files": triples}, b"".join(data for _, data in files), len(files))


def _whole(planned: PlannedFile) -> bytes:
    try:
        data = planned.file.path.read_bytes()
    except OSError as problem:
        raise _unreadable(planned, problem) from problem
    if hashlib.sha256(data).hexdigest() != planned.file.sha256:
        raise _changed(planned)
    return data


def _pieces(planned: PlannedFile, start: int) -> Iterator[Parcel]:
    """Read a file in pieces; what the device has is hashed but not sent."""
    digest, offset = hashlib.sha256(), 0
    about = {"sha256": planned.file.sha256, "size": planned.size, "suffix": planned.suffix}
    try:
        with open(planned.file.path, "rb", buffering=0) as stream:
            while offset < planned.size:
                end = start if offset < start else planned.size
                data = _read(stream, min(PIECE_BYTES, end - offset))
                digest.update(data)
                is_last = offset + len(data) >= planned.size or not data
                if is_last and digest.hexdigest() != planned.file.sha256:
                    raise _changed(planned)
                if offset >= start:
                    yield Parcel("put", {**about, "offset": offset}, data, int(is_last))
                offset += len(data)
    except OSError as problem:
        raise _unreadable(planned, problem) from problem


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    while data and len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def _changed(planned: PlannedFile) -> HostError:
    path = planned.file.path
    return HostError(f"{path}: changed since this run looked at it; run again so that it is looked at anew")


def _unreadable(planned: PlannedFile, problem: OSError) -> HostError:
    return HostError(f"{planned.file.path}: cannot be read: {problem}")
