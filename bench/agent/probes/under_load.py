"""Reads the machine while it works: a clock that is read at rest says nothing of the loop before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bench.agent.probes.clock import read_frequency_and_source
from bench.agent.probes.firmware import read_throttled
from bench.agent.probes.thermal import read_temperature


def read_load_state() -> dict[str, Any]:
    """Return temperature, clock and throttling bits as they are now; None for what is not told."""
    frequency_hz, source = read_frequency_and_source()
    return {
        "frequency_hz": frequency_hz,
        "frequency_source": source,
        "throttled": read_throttled(),
        "temperature_c": read_temperature(),
    }


def under_load(step: Callable[[int], Any]) -> dict[str, Any]:
    """Read the machine in a thread of its own while `step(0)`, `step(1)`, ... go on, untimed, at least once.

    Where no thread can be made, as under a limit of address space, it is read right after the last call.
    """
    found: dict[str, Any] = {}
    reader = threading.Thread(target=lambda: found.update(read_load_state()), daemon=True)
    try:
        reader.start()
    except RuntimeError:
        return read_load_state()
    num_calls = 0
    while num_calls == 0 or reader.is_alive():
        step(num_calls)
        num_calls += 1
    reader.join()
    return found
