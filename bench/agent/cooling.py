"""Waits before a round until the processor is cool enough, and says what it waited for.

Not for a fixed time: how long a board takes depends on its case, its fan and the room.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.agent.probes.thermal import read_temperature
from bench.wire.job import Cooling

# A board cools by some degrees a minute; looking oftener would only keep it awake.
INTERVAL_SECONDS = 2.0

# Called with the values of a `cooling` event.
OnLook = Callable[[dict[str, Any]], None]


class Cooler:
    """Waits for a temperature. What it reads and how it waits can be replaced by a trial's own."""

    def __init__(
        self,
        read: Callable[[], float | None] = read_temperature,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._sleep, self._clock = read, sleep, clock

    def wait(self, cooling: Cooling, on_look: OnLook) -> dict[str, Any] | None:
        """Wait until the target is reached or the time is up.

        Returns:
            `waited_seconds`, `from_c`, `to_c`, `target_c`, `is_reached`; None where nothing is to be waited
            for. Without any thermometer nothing is waited for, `to_c` is None and `note` says so.
        """
        if cooling.target_c <= 0:
            return None
        first = now = self._read()
        start = self._clock()
        while now is not None and now > cooling.target_c and self._clock() - start < cooling.max_seconds:
            on_look(self._look(cooling, now, start))
            self._sleep(min(INTERVAL_SECONDS, max(0.0, cooling.max_seconds - (self._clock() - start))))
            now = self._read()
        return {
            **self._look(cooling, now, start),
            "from_c": first,
            "to_c": now,
            "is_reached": now is not None and now <= cooling.target_c,
            "note": "" if now is not None else "no temperature can be read here, so nothing was waited for",
        }

    def _look(self, cooling: Cooling, now: float | None, start: float) -> dict[str, Any]:
        waited = round(self._clock() - start, 3)
        return {"temperature_c": now, "target_c": cooling.target_c, "waited_seconds": waited}
