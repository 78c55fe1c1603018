"""Brings files to a device: only those it lacks; a cut costs no more than what was on its way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from bench.hosts.base import HostFile, OnTransfer
from bench.hosts.ssh.connection import ANSWER_SECONDS, Connection
from bench.hosts.ssh.line import Line, RefusedError
from bench.hosts.ssh.parcels import Parcel, parcels, plan_file
from bench.hosts.ssh.pipe import Traffic

# Parcels whose answers nobody has read yet. An answer is some 200 bytes, so that all of them fit into the
# smallest buffer on the way: neither side waits for the other to read.
_MAX_OUTSTANDING = 8
_ATTEMPTS = 3
_BUSY_PAUSE_SECONDS = 1.0


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
        self._planned = {file.sha256: plan_file(file) for file in files}
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
        outstanding: deque[tuple[int, Parcel]] = deque()
        for parcel in parcels([self._planned[sha256] for sha256 in missing], partial):
            if len(outstanding) >= _MAX_OUTSTANDING:
                self._settle(connection, *outstanding.popleft())
            outstanding.append((connection.send(parcel.op, parcel.body, **parcel.values), parcel))
            self._traffic.num_file_bytes_sent += len(parcel.body)
        while outstanding:
            self._settle(connection, *outstanding.popleft())

    def _ask(self, connection: Connection) -> tuple[list[str], dict[str, int]]:
        """Ask which files the device lacks, and how much of them it has."""
        wanted = [[sha256, planned.size, planned.suffix] for sha256, planned in self._planned.items()]
        answer, _ = self._line.require_good(connection.ask("have", files=wanted))
        partial = {sha256: int(size) for sha256, size in (answer.get("partial") or {}).items()}
        return [sha256 for sha256 in answer["missing"] if sha256 in self._planned], partial

    def _settle(self, connection: Connection, number: int, parcel: Parcel) -> None:
        self._line.require_good(connection.receive(number, ANSWER_SECONDS))
        self._line.note_progress()
        self._num_bytes_left -= len(parcel.body)
        self._traffic.num_files_sent += parcel.num_files
        self._tell()

    def _tell(self) -> None:
        total = self._num_bytes_total or 0
        self._on_transfer(max(0, total - self._num_bytes_left), total)
