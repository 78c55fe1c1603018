"""What a sustained run shows: burst and steady state, and latency, temperature and clock over time.

Burst is the first minute or the first tenth, whichever is shorter. Steady state is the last third: a fixed
share can be compared between cases, which a change point found in each of them cannot; whether it was steady
is checked and said. One process runs once, so there is no interval: calls of one process are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bench.core.metric import Metric, make_metric
from bench.errors import DataError
from bench.metrics.estimate import joined

BURST_SECONDS = 60.0
BURST_SHARE = 0.1
STEADY_SHARE = 1 / 3

# Halves of the steady state that differ by more than this are called not steady yet.
STEADY_WITHIN = 0.02

# Points of a chart; a half-hour run has a look every 15 s then, and a bin of calls.
NUM_POINTS = 120

# Raspberry Pi's `get_throttled`: bits of now, and how far above them those that remember lie.
_NOW_MASK, _MEMORY_SHIFT = 0xF, 16


@dataclass(frozen=True)
class SustainedRun:
    """One run, read back.

    Attributes:
        at_s: (n,) when each call ended, seconds from the start of the loop.
        latency_ns: (n,) of each call.
        probes: looks at the machine, in their order, `at_ns` from the start of the loop.
    """

    at_s: NDArray[np.float64]
    latency_ns: NDArray[np.float64]
    probes: Sequence[Mapping[str, Any]]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.at_s[-1]) if len(self.at_s) else 0.0

    @property
    def burst(self) -> NDArray[np.float64]:
        """The latencies of the burst, ns: from the first timed call on, for a look comes before it."""
        if not len(self.at_s):
            return self.latency_ns
        begin = float(self.at_s[0]) - float(self.latency_ns[0]) / 1e9
        length = min(BURST_SECONDS, BURST_SHARE * (self.seconds - begin))
        return self.latency_ns[self.at_s <= begin + length]

    @property
    def steady(self) -> NDArray[np.float64]:
        """The latencies of the steady state, ns."""
        return self.latency_ns[self.at_s > (1 - STEADY_SHARE) * self.seconds]


def read_sustained(path: Path, result: Mapping[str, Any]) -> SustainedRun:
    """Read the file and the result of a `sustained` job.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            latency_ns = file["latency_ns"].astype(np.float64)
            stretches = (file["stretch_start"], file["start_ns"], file["stop_ns"])
    except (OSError, ValueError, KeyError, BadZipFile) as problem:
        raise DataError(
            f"{path}: cannot be read as a sustained run ({problem}); measure it again"
        ) from problem
    return SustainedRun(call_times(latency_ns, *stretches) / 1e9, latency_ns, tuple(result["probes"]))


def call_times(
    latency_ns: NDArray[np.float64],
    stretch_start: NDArray[np.int64],
    start_ns: NDArray[np.int64],
    stop_ns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return when each call ended, ns: within a stretch, time passes in step with the calls' own time.

    Args:
        latency_ns: (n,) all calls.
        stretch_start, start_ns, stop_ns: (k,) first call, start and end of each stretch.
    """
    parts = np.split(latency_ns, stretch_start[1:])
    times = [
        start + np.cumsum(part) * (stop - start) / part.sum()
        for part, start, stop in zip(parts, start_ns, stop_ns, strict=True)
        if len(part)
    ]
    return np.concatenate(times) if times else np.zeros(0)


def sustained_metrics(runs: Sequence[SustainedRun]) -> tuple[Metric, ...]:
    """Return burst and steady medians, their ratio, the peak temperature and the share of throttling.

    Args:
        runs: one of each board; times are medians over boards, the peak is the hottest board's.
    """
    if not runs:
        return ()
    steadiness = joined(*dict.fromkeys(_steadiness(run.steady) for run in runs))
    bursts, steadies = [_median(run.burst) for run in runs], [_median(run.steady) for run in runs]
    ratios = [
        steady / burst if steady and burst else None for steady, burst in zip(steadies, bursts, strict=True)
    ]
    burst_note = "the first minute, or the first tenth where that is less"
    return (
        _typical("latency_burst_p50_ns", bursts, sum(len(run.burst) for run in runs), burst_note),
        _typical(
            "latency_steady_p50_ns",
            steadies,
            sum(len(run.steady) for run in runs),
            joined("the last third", steadiness),
        ),
        _typical("latency_steady_ratio", ratios, len(runs), steadiness),
        _peak([probe for run in runs for probe in run.probes]),
        _throttled([bits for run in runs for bits in throttle_flags(run.probes)]),
    )


def sustained_series(run: SustainedRun) -> dict[str, Any]:
    """Return what a chart of the run needs: medians of bins of calls, and looks at the machine, thinned.

    Returns:
        `seconds`, `num_calls`; `at_s` and `latency_p50_ns` of bins that hold calls; `probe_s`,
        `temperature_c`, `frequency_hz`, `is_throttled` (None where unknown); `first_throttled_s`, `causes`
        (name -> share of looks) and `lowest_frequency_hz` over all looks.
    """
    edges = np.linspace(0, run.seconds, NUM_POINTS + 1)
    bins = np.clip(np.searchsorted(edges, run.at_s, side="left") - 1, 0, NUM_POINTS - 1)
    used = np.unique(bins)
    flags = throttle_flags(run.probes)
    chosen = sorted({round(i) for i in np.linspace(0, len(run.probes) - 1, NUM_POINTS)} if run.probes else ())
    clocks = [probe["frequency_hz"] for probe in run.probes if probe.get("frequency_hz")]
    throttled_at = [probe["at_ns"] / 1e9 for probe, bits in zip(run.probes, flags, strict=True) if bits]
    return {
        "seconds": round(run.seconds, 3),
        "num_calls": len(run.latency_ns),
        "at_s": [round(float(edges[i] + edges[i + 1]) / 2, 3) for i in used],
        "latency_p50_ns": [float(np.median(run.latency_ns[bins == i])) for i in used],
        "probe_s": [round(run.probes[i]["at_ns"] / 1e9, 3) for i in chosen],
        "temperature_c": [run.probes[i].get("temperature_c") for i in chosen],
        "frequency_hz": [run.probes[i].get("frequency_hz") for i in chosen],
        "is_throttled": [None if (bits := flags[i]) is None else bool(bits) for i in chosen],
        "first_throttled_s": round(throttled_at[0], 3) if throttled_at else None,
        "causes": _causes(flags),
        "lowest_frequency_hz": min(clocks, default=None),
    }


def throttle_flags(probes: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Return for each look the bits that hold: of now, and of what is remembered anew since the look before.

    None where the machine does not tell.
    """
    flags: list[int | None] = []
    before: int | None = None
    for probe in probes:
        bits = probe.get("throttled")
        if bits is None:
            flags.append(None)
            continue
        anew = 0 if before is None else (bits & ~before) >> _MEMORY_SHIFT
        flags.append((bits | anew) & _NOW_MASK)
        before = bits
    return flags


_CAUSES = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}


def _causes(flags: Sequence[int | None]) -> dict[str, float]:
    known = [bits for bits in flags if bits is not None]
    shares = {name: sum(bits >> bit & 1 for bits in known) for bit, name in _CAUSES.items()}
    return {name: count / len(known) for name, count in shares.items() if count}


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None


def _typical(name: str, values: Sequence[float | None], count: int, note: str) -> Metric:
    known = [value for value in values if value is not None]
    if not known:
        return make_metric(name, None, note="no call ended in that time; run for longer")
    said = "one process, so no interval" if len(known) == 1 else f"median of {len(known)} boards, no interval"
    return make_metric(name, float(np.median(known)), count=count, note=joined(note, said))


def _steadiness(values: NDArray[np.float64]) -> str:
    """Say how much the second half of the steady state differs from its first; empty if little."""
    half = len(values) // 2
    if not half:
        return ""
    drift = float(np.median(values[half:]) / np.median(values[:half])) - 1
    if abs(drift) <= STEADY_WITHIN:
        return ""
    word = "slower" if drift > 0 else "faster"
    return f"not steady yet: its second half is {abs(drift):.0%} {word} than its first; run for longer"


def _peak(probes: Sequence[Mapping[str, Any]]) -> Metric:
    known = [probe["temperature_c"] for probe in probes if probe.get("temperature_c") is not None]
    note = "" if known else "unknown: no temperature can be read there"
    return make_metric("peak_temperature_c", max(known, default=None), count=len(known), note=note)


def _throttled(flags: Sequence[int | None]) -> Metric:
    known = [bits for bits in flags if bits is not None]
    if not known:
        return make_metric("throttled_share", None, note="unknown: the machine has no throttling bits")
    return make_metric("throttled_share", sum(map(bool, known)) / len(known), count=len(known))
