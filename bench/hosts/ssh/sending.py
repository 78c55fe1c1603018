"""Brings files to a device: only those it lacks, big ones in pieces that a cut connection does not undo."""

from __future__ import annotations

import hashlib
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import HostError
from bench.hosts.base import HostFile, OnTransfer
from bench.hosts.ssh.connection import Connection
from bench.hosts.ssh.line import ANSWER_SECONDS, Line, RefusedError
from bench.hosts.ssh.pipe import Traffic
from bench.wire.remote import PIECE_BYTES

# Pieces whose answers nobody has read yet. An answer is some 200 bytes, so that all of them fit into the
# smallest buffer on the way: neither side waits for the other to read.
_MAX_OUTSTANDING = 32
_ATTEMPTS = 3
_BUSY_PAUSE_SECONDS = 1.0
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,16})?")


@dataclass(frozen=True)
class _Planned:
    """A file to be at a device, with its size in bytes and the end of its name."""

    file: HostFile
    size: int
    suffix: str


@dataclass(frozen=True)
class _Piece:
    """A part of a file, or all of it."""

    planned: _Planned
    offset: int
    data: bytes


class Sending:
    """One batch of files on its way, over as many connections as it takes."""

    def __init__(
        self, line: Line, files: Sequence[HostFile], traffic: Traffic, on_transfer: OnTransfer | None
    ) -> None:
        """Look at the files.

        Raises:
            HostError: one is missing.
        """
        self._line, self._traffic = line, traffic
        self._on_transfer = on_transfer or (lambda done, total: None)
        self._planned = {file.sha256: _plan(file) for file in files}
        self._num_bytes_total: int | None = None
        self._num_bytes_left = 0

    def run(self) -> dict[str, str]:
        """Send what is missing; returns sha256 -> path below the device's root.

        Raises:
            HostError: a file changed here, or the device cannot take it.
        """
        self._send_all()
        return {sha256: f"files/{sha256}{planned.suffix}" for sha256, planned in self._planned.items()}

    def _send_all(self) -> None:
        begun, num_faults = time.monotonic(), 0
        while True:
            try:
                return self._line.hold(self._send_missing)
            except RefusedError as refusal:
                num_faults += refusal.kind == "bad_request"
                # What a connection that is not quite dead yet holds, or what was damaged there, is sent anew.
                is_passing = refusal.kind in ("busy", "bad_request") and num_faults < _ATTEMPTS
                if not is_passing or time.monotonic() - begun > self._line.patience_seconds:
                    raise
            self._line.pause(_BUSY_PAUSE_SECONDS)

    def _send_missing(self, connection: Connection) -> None:
        missing, partial = self._ask(connection)
        self._num_bytes_left = sum(self._planned[sha256].size - partial.get(sha256, 0) for sha256 in missing)
        if self._num_bytes_total is None:
            self._num_bytes_total = self._num_bytes_left
        self._tell()
        outstanding: deque[tuple[int, _Piece]] = deque()
        for sha256 in missing:
            for piece in _pieces(self._planned[sha256], partial.get(sha256, 0)):
                if len(outstanding) >= _MAX_OUTSTANDING:
                    self._settle(connection, *outstanding.popleft())
                outstanding.append((self._send(connection, piece), piece))
        while outstanding:
            self._settle(connection, *outstanding.popleft())

    def _ask(self, connection: Connection) -> tuple[list[str], dict[str, int]]:
        """Ask which files the device lacks, and how much of them it has."""
        wanted = [[sha256, planned.size, planned.suffix] for sha256, planned in self._planned.items()]
        number = connection.send("have", files=wanted)
        answer, _ = self._line.require_good(connection.receive(number, ANSWER_SECONDS))
        partial = {sha256: int(size) for sha256, size in (answer.get("partial") or {}).items()}
        return [sha256 for sha256 in answer["missing"] if sha256 in self._planned], partial

    def _send(self, connection: Connection, piece: _Piece) -> int:
        planned = piece.planned
        about: dict[str, Any] = {
            "sha256": planned.file.sha256,
            "size": planned.size,
            "suffix": planned.suffix,
        }
        number = connection.send("put", piece.data, offset=piece.offset, **about)
        self._traffic.num_file_bytes_sent += len(piece.data)
        return number

    def _settle(self, connection: Connection, number: int, piece: _Piece) -> None:
        self._line.require_good(connection.receive(number, ANSWER_SECONDS))
        self._line.note_progress()
        self._num_bytes_left -= len(piece.data)
        self._traffic.num_files_sent += piece.offset + len(piece.data) == piece.planned.size
        self._tell()

    def _tell(self) -> None:
        total = self._num_bytes_total or 0
        self._on_transfer(max(0, total - self._num_bytes_left), total)


def _plan(file: HostFile) -> _Planned:
    try:
        size = file.path.stat().st_size
    except OSError as problem:
        raise HostError(f"{file.path}: no such file, expected one to send; build it again") from problem
    suffix = file.path.suffix
    return _Planned(file, size, suffix if _SUFFIX.fullmatch(suffix) else "")


def _pieces(planned: _Planned, start: int) -> Iterator[_Piece]:
    """Read a file once, in pieces; what the device has is hashed but not given.

    Raises:
        HostError: the content is not what was planned. Its last piece is not given then.
    """
    digest, offset = hashlib.sha256(), 0
    try:
        with open(planned.file.path, "rb", buffering=0) as stream:
            while True:
                end = start if offset < start else offset + PIECE_BYTES
                data = _read(stream, min(PIECE_BYTES, end - offset, planned.size - offset))
                digest.update(data)
                is_last = offset + len(data) >= planned.size or not data
                if is_last and digest.hexdigest() != planned.file.sha256:
                    raise HostError(_changed(planned.file.path))
                if offset >= start:
                    yield _Piece(planned, offset, data)
                offset += len(data)
                if is_last:
                    return
    except OSError as problem:
        raise HostError(f"{planned.file.path}: cannot be read: {problem}") from problem


def _read(stream: Any, size: int) -> bytes:
    data: bytes = stream.read(size)
    while data and len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def _changed(path: Path) -> str:
    return f"{path}: changed since this run looked at it; run again so that it is looked at anew"
