"""The state of the machine before and after a round, and whether the round between them is valid.

Invalid: a throttling bit is set at either end or at the end of the timed loop, or one that remembers is new
(`bench.agent.probes.firmware`). A clock below the maximum without a bit is a warning only: who set it (a
governor, a limit of the user's, the firmware) cannot be told from here.
"""

from __future__ import annotations

import os
from typing import Any

from bench.agent.probes.clock import read_frequency_and_source, read_governor, read_max_frequency
from bench.agent.probes.disturbance import Counters, difference, read_counters
from bench.agent.probes.firmware import read_throttled, throttle_names, throttling, vcgencmd_path
from bench.agent.probes.thermal import read_temperature_and_source

# The smallest step of a Raspberry Pi's clock table is 100 MHz of 2.4 GHz, 4%; counting errs by .1% at most.
_LEAST_CLOCK = 0.97


class RoundProbe:
    """Looks at the machine twice; the second look judges what happened between the two."""

    def __init__(self) -> None:
        self._throttled_before: int | None = None
        self._counters: Counters = {}

    def before(self) -> dict[str, Any]:
        """Look before the round; invalid where it begins throttled."""
        state = machine_state()
        self._throttled_before = state["throttled"]
        self._counters = read_counters()
        return {**state, **_verdict(throttle_names(state["throttled"]))}

    def after(self, under_load: dict[str, Any] | None = None) -> dict[str, Any]:
        """Look after the round; invalid where it was throttled at its end, in between or under load.

        Args:
            under_load: what was read at the end of the timed loop, where there was one.
        """
        counters, state, loaded = read_counters(), machine_state(), under_load or {}
        causes = throttling(self._throttled_before, state["throttled"])
        causes += [name for name in throttle_names(loaded.get("throttled")) if name not in causes]
        return {
            **state,
            **_verdict(causes),
            "warnings": [] if causes else _warnings(loaded, state["max_frequency_hz"]),
            "disturbance": difference(self._counters, counters),
        }


def machine_state() -> dict[str, Any]:
    """Return temperature, clock, governor, load and throttling bits; None for what is not told.

    `firmware_answers` is False where `vcgencmd` is there but tells no bits, as to a user without the group
    `video`; None where it is absent.
    """
    throttled = read_throttled()
    temperature_c, temperature_source = read_temperature_and_source()
    frequency_hz, frequency_source = read_frequency_and_source()
    return {
        "temperature_c": temperature_c,
        "temperature_source": temperature_source,
        "frequency_hz": frequency_hz,
        "frequency_source": frequency_source,
        "max_frequency_hz": read_max_frequency(),
        "governor": read_governor(),
        "load_average": list(os.getloadavg()),
        "throttled": throttled,
        "firmware_answers": None if vcgencmd_path() is None else throttled is not None,
    }


def _verdict(causes: list[str]) -> dict[str, Any]:
    reason = f"the processor was held back: {', '.join(causes)}; cool it or mend its supply" if causes else ""
    return {"valid": not causes, "reason": reason, "causes": causes}


def _warnings(loaded: dict[str, Any], max_hz: int | None) -> list[str]:
    """Say that the clock under load was below the maximum; only a counted clock says that for sure."""
    hz = loaded.get("frequency_hz")
    is_counted = loaded.get("frequency_source") == "firmware"
    if not hz or not max_hz or not is_counted or hz >= _LEAST_CLOCK * max_hz:
        return []
    return [f"the clock was {hz / 1e6:.0f} of {max_hz / 1e6:.0f} MHz under load, with no throttling bit set"]
