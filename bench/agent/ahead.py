"""Goes through an iterator in a thread of its own, a little ahead of whoever reads from it.

For work that waits for files or spends its time in native code, which both let other threads run. Order and
errors are those of the iterator.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# Enough to bridge a slow item; each may hold a photo or an input tensor of several megabytes.
_DEPTH = 2
_JOIN_SECONDS = 0.01


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True)
class _End:
    problem: BaseException | None


def num_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ahead(items: Iterator[T]) -> Generator[T]:
    """Yield the items of an iterator that another thread goes through.

    What the iterator raises is raised here, behind the items before it. When this generator is closed, also
    by an error of its reader, the thread ends after the item that it is at, and the iterator is closed.
    """
    ready: queue.Queue[_Item[T] | _End] = queue.Queue(_DEPTH)
    is_closed = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, ready, is_closed), daemon=True)
    thread.start()
    try:
        while True:
            got = ready.get()
            if isinstance(got, _End):
                if got.problem is not None:
                    raise got.problem
                return
            yield got.value
    finally:
        is_closed.set()
        while thread.is_alive():
            # The thread may be waiting for room.
            with contextlib.suppress(queue.Empty):
                ready.get_nowait()
            thread.join(_JOIN_SECONDS)


def _fill(items: Iterator[T], ready: queue.Queue[_Item[T] | _End], is_closed: threading.Event) -> None:
    problem: BaseException | None = None
    try:
        for value in items:
            ready.put(_Item(value))
            if is_closed.is_set():
                break
    except BaseException as caught:  # handed over whatever it is: this thread has nobody to tell
        problem = caught
    try:
        if isinstance(items, Generator):
            items.close()
    except BaseException as caught:
        problem = problem or caught
    ready.put(_End(problem))
