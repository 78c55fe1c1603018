"""What rounds say of the machine they were timed on, and of why they do not count."""

from __future__ import annotations

from typing import Any

from bench.metrics.conditions import conditions_of, invalid_reasons


def line(before: float | None, after: float | None, **changes: Any) -> dict[str, Any]:
    looks = {"before": {"temperature_c": before, "governor": "ondemand"}, "after": {"temperature_c": after}}
    return {"status": "ok", "valid": True, "result": {}, **looks, **changes}


def test_the_range_is_over_all_looks_at_valid_rounds() -> None:
    hot = line(90.0, 95.0, valid=False)
    loaded = line(50.5, 61.0, result={"under_load": {"temperature_c": 66.0, "frequency_hz": 1_500_000_000}})
    found = conditions_of([line(48.0, 60.0), loaded, hot])
    assert found == {
        "temperature_c": [48.0, 66.0],
        "frequency_hz": [1_500_000_000, 1_500_000_000],
        "governors": ["ondemand"],
    }


def test_what_a_device_does_not_tell_is_absent() -> None:
    silent = {"status": "ok", "before": {"temperature_c": None}, "after": None, "result": None}
    assert conditions_of([silent, {"status": "failed"}]) == {} and conditions_of([]) == {}


def test_invalid_rounds_are_counted_by_cause() -> None:
    rounds = [
        line(1, 1),
        line(1, 1, valid=False, causes=["throttled", "under-voltage"]),
        line(1, 1, valid=False, causes=["throttled"]),
        line(1, 1, valid=False, causes=[], reason="held back"),
        line(1, 1, valid=False),
        line(1, 1, valid=False, status="failed", causes=["throttled"]),
    ]
    assert invalid_reasons(rounds) == {
        "throttled": 2,
        "under-voltage": 1,
        "held back": 1,
        "no cause was recorded": 1,
    }
