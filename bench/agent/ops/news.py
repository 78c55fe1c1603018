"""News of a job: what it appended to its journal, as soon as it does; asleep until then."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from bench.agent.heap import trim_heap
from bench.agent.job_folder import JobFolder, known_folder
from bench.agent.ops.arguments import job_of, seconds_of, size_of
from bench.agent.ops.jobs import ensure_keeper, queue_of
from bench.agent.places import opened_beside
from bench.agent.session import Session
from bench.agent.watch import FolderWatch
from bench.wire.journal import JOURNAL_NAME
from bench.wire.remote import PIECE_BYTES

# Where the kernel gives no watch.
_NAP_SECONDS = 0.5


def events(session: Session, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Answer whole lines of a job's journal behind `offset`, the new offset, and how the job ended.

    Waits for them up to `timeout` seconds, and no longer than until the next request comes. The end is told
    only together with the last lines. A queued job whose keeper is gone gets another one.
    """
    folder = known_folder(session.root, job_of(request))
    offset = size_of(request, "offset", 0)
    deadline = time.monotonic() + seconds_of(request, "timeout")
    watch = _watch(session, folder)
    trim_heap()
    is_awaited = False
    while True:
        watch.look_again()
        queue_of(session).settle()
        # Asked before reading: what an ended job wrote is all there.
        ended = folder.ended()
        lines, is_all = _read_lines(folder, offset)
        if lines or ended is not None or is_awaited or time.monotonic() >= deadline:
            answer = {"offset": offset + len(lines), "ended": ended if is_all else None}
            return answer, lines
        ensure_keeper(session)
        is_awaited = _sleep(session, watch, deadline - time.monotonic())


def _sleep(session: Session, watch: FolderWatch, seconds: float) -> bool:
    """Sleep until something happens; returns whether that is a request."""
    with _keeper_end(session) as keeper:
        found = [descriptor for descriptor in (watch.descriptor, keeper) if descriptor is not None]
        if watch.descriptor is None:
            seconds = min(seconds, _NAP_SECONDS)
        return session.channel.wait(found, max(0.0, seconds))


@contextlib.contextmanager
def _keeper_end(session: Session) -> Iterator[int | None]:
    """Give a descriptor that is readable once the keeper is gone: a killed one writes no end."""
    keeper = queue_of(session).keeper()
    descriptor = None
    if keeper is not None:
        with contextlib.suppress(AttributeError, OSError):
            descriptor = os.pidfd_open(keeper[0])
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _watch(session: Session, folder: JobFolder) -> FolderWatch:
    """Return the watch of a job; a session follows one at a time."""
    watch: FolderWatch | None = session.state.get("news.watch")
    if watch is not None:
        watch.close()
    session.state["news.watch"] = watch = FolderWatch(folder.path)
    return watch


def _read_lines(folder: JobFolder, offset: int) -> tuple[bytes, bool]:
    """Return whole lines behind an offset, about one piece at most, and whether these are all.

    A line that is still being written is left for the next time.
    """
    try:
        with opened_beside(folder.path, JOURNAL_NAME) as file:
            file.seek(offset)
            block = file.read(PIECE_BYTES)
            is_all = len(block) < PIECE_BYTES
            while not is_all and b"\n" not in block:
                more = file.read(PIECE_BYTES)
                block, is_all = block + more, len(more) < PIECE_BYTES
    except FileNotFoundError:
        return b"", True
    return block[: block.rfind(b"\n") + 1], is_all
