"""Burst, steady state and throttling over time, from runs whose answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import DataError
from bench.metrics.sustained import (
    SustainedRun,
    call_times,
    read_sustained,
    sustained_metrics,
    sustained_series,
    throttle_flags,
)

MS = 1_000_000


def run_of(pieces: list[tuple[float, float]], probes: list[dict[str, Any]] | None = None) -> SustainedRun:
    """Make a run of (seconds, latency in ms) pieces without gaps."""
    latencies = np.concatenate([np.full(round(s * 1000 / ms), ms * MS) for s, ms in pieces])
    return SustainedRun(np.cumsum(latencies) / 1e9, latencies, probes or [])


def look(at_s: float, throttled: int | None = 0, temperature: float | None = 60.0, hz: int = 10**9) -> dict:
    return {"at_ns": at_s * 1e9, "throttled": throttled, "temperature_c": temperature, "frequency_hz": hz}


def by_name(run: SustainedRun) -> dict[str, Any]:
    return {metric.name: metric for metric in sustained_metrics([run])}


def test_a_board_that_throttles_after_two_minutes_shows_both_of_its_speeds() -> None:
    found = by_name(run_of([(120, 10.0), (1680, 15.0)]))
    assert found["latency_burst_p50_ns"].value == 10 * MS
    assert found["latency_steady_p50_ns"].value == 15 * MS
    assert found["latency_steady_ratio"].value == pytest.approx(1.5)
    # The first minute of half an hour, and its last third.
    assert found["latency_burst_p50_ns"].count == 6_000
    assert found["latency_steady_p50_ns"].count == pytest.approx(600 / 0.015, abs=2)
    assert found["latency_steady_p50_ns"].low is None and "one process" in found["latency_steady_p50_ns"].note


def test_of_several_boards_the_middle_one_speaks_and_the_hottest_shows() -> None:
    runs = [
        run_of([(60, 10.0), (240, steady)], [look(0, temperature=50 + steady)]) for steady in (10, 12, 30)
    ]
    found = {metric.name: metric for metric in sustained_metrics(runs)}
    assert found["latency_steady_ratio"].value == pytest.approx(1.2)
    assert (
        found["peak_temperature_c"].value == 80 and "median of 3 boards" in found["latency_steady_ratio"].note
    )
    assert sustained_metrics([]) == ()


def test_the_burst_begins_with_the_first_call_and_not_with_the_look_before_it() -> None:
    quick = run_of([(1, 10.0)])
    late = SustainedRun(quick.at_s + 0.5, quick.latency_ns, [])
    assert by_name(late)["latency_burst_p50_ns"].count == pytest.approx(10, abs=1)
    assert SustainedRun(np.zeros(0), np.zeros(0), []).burst.size == 0


def test_of_a_short_run_the_burst_is_a_tenth() -> None:
    assert by_name(run_of([(30, 10.0)]))["latency_burst_p50_ns"].count == 300


def test_a_run_that_still_gets_slower_is_called_not_steady() -> None:
    found = by_name(run_of([(250, 10.0), (50, 15.0)]))
    assert "not steady yet: its second half is" in found["latency_steady_ratio"].note
    assert "slower" in found["latency_steady_p50_ns"].note
    assert "not steady" not in by_name(run_of([(300, 10.0)]))["latency_steady_ratio"].note


def test_without_any_call_there_is_no_figure() -> None:
    found = by_name(SustainedRun(np.zeros(0), np.zeros(0), []))
    assert {metric.value for metric in found.values()} == {None}
    assert found["peak_temperature_c"].note == "unknown: no temperature can be read there"
    assert found["throttled_share"].note == "unknown: the machine has no throttling bits"
    assert sustained_series(SustainedRun(np.zeros(0), np.zeros(0), []))["num_calls"] == 0


def test_throttling_counts_bits_of_now_and_bits_that_are_remembered_anew() -> None:
    bits = [0x0, 0x4, 0x40000, 0x40000, 0xC0000, None, 0xC0008]
    # At 5: bit 19 appeared since the look before, so the limit was reached in between.
    assert throttle_flags([look(i, b) for i, b in enumerate(bits)]) == [0, 4, 4, 0, 8, None, 8]


def test_what_was_remembered_before_the_run_is_not_of_the_run() -> None:
    assert throttle_flags([look(0, 0xF0000), look(5, 0xF0000)]) == [0, 0]


def test_the_series_names_causes_and_when_it_began() -> None:
    probes = [look(0), look(5, 0x0, 70.0), look(10, 0x4000C, 84.5, 6 * 10**8), look(15, 0x4, 85.0, 7 * 10**8)]
    run = run_of([(15, 10.0)], probes)
    series, found = sustained_series(run), by_name(run)
    assert series["first_throttled_s"] == 10.0 and series["lowest_frequency_hz"] == 6 * 10**8
    assert series["causes"] == {"throttled": 0.5, "soft temperature limit": 0.25}
    assert series["is_throttled"] == [False, False, True, True]
    assert (found["throttled_share"].value, found["peak_temperature_c"].value) == (0.5, 85.0)


def test_a_long_run_is_thinned_for_the_chart_and_keeps_its_shape() -> None:
    probes = [look(5.0 * i, temperature=40 + i / 10) for i in range(361)]
    series = sustained_series(run_of([(900, 2.0), (900, 3.0)], probes))
    assert len(series["at_s"]) == len(series["latency_p50_ns"]) == 120 == len(series["probe_s"])
    assert series["latency_p50_ns"][:59] == [2.0 * MS] * 59
    assert series["latency_p50_ns"][61:] == [3.0 * MS] * 59
    assert series["probe_s"][0] == 0 and series["probe_s"][-1] == 1800
    assert series["seconds"] == pytest.approx(1800)


def test_calls_longer_than_a_bin_leave_no_empty_points() -> None:
    series = sustained_series(run_of([(30, 3000.0)]))
    assert len(series["at_s"]) == 10 and set(series["latency_p50_ns"]) == {3000.0 * MS}


@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.integers(0, 10**8)),
        min_size=1,
        max_size=6,
    )
)
def test_times_of_calls_rise_and_stay_within_their_stretch(
    stretches: list[tuple[list[int], int]],
) -> None:
    latencies = np.array([call for calls, _ in stretches for call in calls], np.float64)
    firsts = np.cumsum([0] + [len(calls) for calls, _ in stretches[:-1]])
    spans = np.array([sum(calls) + extra for calls, extra in stretches])
    stops = np.cumsum(spans)
    starts = stops - spans
    times = call_times(latencies, firsts, starts, stops)
    assert (np.diff(times) >= 0).all() and len(times) == len(latencies)
    ends = times[np.append(firsts[1:], len(latencies)) - 1]
    assert ends == pytest.approx(stops)


def test_a_file_is_read_back_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sustained-0000.npz"
    zero = np.array([0], np.int64)
    np.savez(
        path, latency_ns=np.array([5, 7], np.uint32), stretch_start=zero, start_ns=zero, stop_ns=zero + 24
    )
    run = read_sustained(path, {"probes": [look(0)]})
    assert run.at_s.tolist() == pytest.approx([10e-9, 24e-9]) and run.latency_ns.tolist() == [5, 7]
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"sustained-0000.npz: cannot be read as a sustained run"):
        read_sustained(path, {"probes": []})
