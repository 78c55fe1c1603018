"""Advice from the looks at the machine around timed rounds."""

from __future__ import annotations

from typing import Any

from bench.analysis.conditions import condition_advice

LOW = "the clock was 1500 of 2400 MHz under load, with no throttling bit set"


def line(
    warnings: tuple[str, ...] = (),
    swapped: int | None = 0,
    cooling: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    disturbance = {"swapped_in_pages": swapped, "swapped_out_pages": 0}
    after = {"warnings": list(warnings), "disturbance": disturbance}
    return {"status": "ok", "valid": True, "before": {"cooling": cooling}, "after": after, **more}


def test_quiet_rounds_call_for_nothing() -> None:
    assert condition_advice([]) == ()
    assert condition_advice([line(), line(swapped=None), {"status": "ok"}, {"status": "failed"}]) == ()


def test_a_low_clock_is_told_once_for_all_rounds() -> None:
    (advice,) = condition_advice([line((LOW,)), line(), line((LOW,))])
    assert (advice.code, advice.text) == ("low_clock", f"{LOW} (and in 1 more rounds)")


def test_swapping_is_told_beyond_what_comes_and_goes() -> None:
    (advice,) = condition_advice([line(swapped=10), line(swapped=5000), line(swapped=70)])
    assert advice.text == "the machine swapped up to 5,000 pages during 2 of 3 timed rounds"


def test_cooling_that_was_given_up_names_what_the_board_reached() -> None:
    late = {"is_reached": False, "to_c": 51.25, "target_c": 45.0}
    (advice,) = condition_advice([line(cooling=late), line(cooling={**late, "is_reached": True})])
    assert advice.text.startswith("1 rounds began above the target of 45 °C: it cooled to 51.2 °C")
    assert condition_advice([line(cooling={**late, "to_c": None})]) == ()


def test_invalid_rounds_are_told_elsewhere() -> None:
    assert condition_advice([line((LOW,), swapped=9999, valid=False)]) == ()


def test_a_board_whose_firmware_keeps_silent_is_told() -> None:
    silent = {**line(), "before": {"firmware_answers": False}}
    (advice,) = condition_advice([line(), silent])
    assert advice.code == "throttling_unknown" and "group video" in advice.advice
    assert condition_advice([{**line(), "before": {"firmware_answers": None}}]) == ()
