"""What lies behind the timed rounds: how it is counted, estimated and derived, and that it breaks no case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.suite import Case, RenderedData, Suite
from bench.running.estimate import measuring_seconds
from bench.running.schedule import summarise
from bench.wire.job import RuntimeSettings

ROUND = {"status": "ok", "kind": "latency", "seconds": 2.0}
CASE = Case("c", "m", "g", "fp32", None, RuntimeSettings("fake"), "local")


def further(kind: str, **values: Any) -> dict[str, Any]:
    return {"status": "ok", "kind": kind, "valid": True, "seconds": 1.0, **values}


def test_a_sustained_run_that_breaks_leaves_its_case_whole_and_is_tried_again() -> None:
    done = summarise([ROUND, further("sustained", status="failed", reason="killed")])
    assert (done.broken, done.num_valid, done.has_sustained) == ("", 1, False)
    assert summarise([ROUND, further("sustained")]).has_sustained


def test_a_broken_case_is_not_mended_by_what_lies_behind_its_rounds() -> None:
    failed = {**ROUND, "status": "failed", "reason": "crashed"}
    assert summarise([failed, further("energy")]).broken == "crashed"


def test_energy_measured_while_held_back_does_not_count() -> None:
    assert summarise([further("energy"), further("energy", valid=False)]).num_energy == 1


def test_the_estimate_has_the_sustained_time_in_it(tmp_path: Path) -> None:
    def seconds(measure: MeasureOptions, known: dict[tuple[str, str], float]) -> float:
        suite = Suite("s", "s.yaml", "", (), RenderedData(), ("local",), measure, (CASE,))
        return sum(measuring_seconds(CASE, suite, known).values())

    plain = seconds(MeasureOptions(), {})
    assert seconds(MeasureOptions(sustained_seconds=1800.0), {}) == plain + 1801.0
    assert seconds(MeasureOptions(sustained_seconds=1800.0), {("c", "sustained"): 1900.0}) == plain + 1900.0
    # Only an earlier run knows whether there is a meter.
    assert seconds(MeasureOptions(), {("c", "energy"): 12.0}) == plain + 36.0
