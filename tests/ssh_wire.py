"""A wire between ssh and its server that counts bytes, can be cut, held still, or refuse new connections."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

_CHUNK_BYTES = 1 << 16
# Linger of no time: closing sends a reset, as a lost link looks to both ends.
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """Forwards connections from a port of its own to another one on loopback.

    Attributes:
        port: where it listens.
        num_bytes_sent: towards the server, since the last `reset_counts`.
        num_bytes_received: from the server.
        num_connections: accepted so far.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.num_bytes_sent = self.num_bytes_received = self.num_connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self.is_refusing = False
        self._cut_after: int | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def reset_counts(self) -> None:
        """Count from zero again."""
        self.num_bytes_sent = self.num_bytes_received = self.num_connections = 0

    def cut(self) -> int:
        """Break all connections at once; returns how many there were. New ones are accepted."""
        with self._lock:
            broken, self._open = self._open, set()
        for end in broken:
            _reset(end)
        return len(broken) // 2

    def cut_after(self, num_bytes: int) -> None:
        """Break all connections once that many more bytes went towards the server; only once."""
        self._cut_after = self.num_bytes_sent + num_bytes

    def hold(self) -> None:
        """Let nothing through any more, without closing anything: a cable pulled out."""
        self._flowing.clear()

    def release(self) -> None:
        """Let bytes through again."""
        self._flowing.set()

    def close(self) -> None:
        """Stop listening and break everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self.release()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_refusing:
                _reset(near)
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                _reset(near)
                continue
            far.settimeout(None)
            self._join(near, far)

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        self.num_connections += 1
        with self._lock:
            self._open |= {near, far}
        threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
        threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_sent: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                self._flowing.wait()
                sink.sendall(chunk)
                self._count(len(chunk), is_sent)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _count(self, num_bytes: int, is_sent: bool) -> None:
        with self._lock:
            if not is_sent:
                self.num_bytes_received += num_bytes
                return
            self.num_bytes_sent += num_bytes
            is_due = self._cut_after is not None and self.num_bytes_sent >= self._cut_after
            if is_due:
                self._cut_after = None
        if is_due:
            self.cut()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # A thread that reads from it wakes up only by a shutdown.
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
