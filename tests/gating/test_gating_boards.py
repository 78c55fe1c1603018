"""What several boards and emulated machines mean to comparisons: times of other boards decide nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sides_of import SETTING, make_case, make_side

from bench.core.metric import make_metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.core.verdict import Rule
from bench.gating.candidates import Candidate
from bench.gating.comparable import differences
from bench.gating.deciding import Options, decide
from bench.gating.goals import judge_goals
from bench.gating.history import make_trends
from bench.gating.rules import make_rules
from bench.gating.sides import setting_of
from bench.suite.constraints import read_goal

RECORD = Record(RECORD_SCHEMA, "suite", "run", "c", "ok", "m", "m", "int8", None, "litert", 4, "pis")
PLAYED = {**SETTING, "is_emulated": True}


def on_boards(*names: str) -> Record:
    return replace(RECORD, boards={"values": {name: {"latency_p50_ns": 1e6} for name in names}})


def only_rule(metric: str) -> list[Rule]:
    return [rule for rule in make_rules({metric: {"max_increase": "2%"}}) if rule.metric == metric]


def test_times_of_a_host_that_has_lost_a_board_are_not_compared_with_those_of_both() -> None:
    both, one = (make_case(setting=setting_of(on_boards(*names))) for names in (("pi-a", "pi-b"), ()))
    assert differences("latency_p50_ns", both, one) == [
        "boards that repeated the rounds: pi-a, pi-b then, None now"
    ]
    assert differences("map_50_95", both, one) == differences("size_bytes", both, one) == []


def test_the_same_boards_are_compared_and_a_setting_from_before_boards_were_noted_too() -> None:
    again = [
        make_case(setting=setting_of(on_boards(*names))) for names in (("pi-b", "pi-a"), ("pi-a", "pi-b"))
    ]
    assert differences("latency_p50_ns", again[0], again[1]) == []
    assert differences("latency_p50_ns", make_case(), make_case(setting={**SETTING, "boards": None})) == []


@pytest.mark.parametrize(("setting", "answer"), [(SETTING, "pass"), (PLAYED, "inconclusive")])
def test_a_time_of_an_emulated_machine_passes_no_gate(setting: dict[str, object], answer: str) -> None:
    times = tuple(1e6 * (1 + 0.001 * (index % 5)) for index in range(20))
    side = make_side(make_case(times=times, setting=setting))
    (verdict,) = decide(side, side, only_rule("latency_p50_ns"), Options())
    assert verdict.answer == answer
    assert ("measured on an emulated machine" in verdict.reason) == (answer == "inconclusive")
    (size,) = decide(side, side, only_rule("size_bytes"), Options())
    assert size.answer == "pass"


@pytest.mark.parametrize(
    ("goal", "answer"),
    [("latency_p50 <= 5 ms", "inconclusive"), ("map_50_95 >= 0.2", "pass"), ("peak_rss <= 50 MB", "pass")],
)
def test_a_goal_of_an_emulated_machine_is_met_by_all_but_times(goal: str, answer: str) -> None:
    metrics = {
        "latency_p50_ns": make_metric("latency_p50_ns", 2e6, low=1.9e6, high=2.1e6, level=0.95),
        "map_50_95": make_metric("map_50_95", 0.3, low=0.28, high=0.32, level=0.95),
        "peak_rss_bytes": make_metric("peak_rss_bytes", 4e7, low=4e7, high=4e7, level=0.95),
    }
    case = Candidate("c", {}, "ok", metrics=metrics, setting=setting_of(emulated()))
    (verdict,) = judge_goals([read_goal(goal)], [case])
    assert verdict.answer == answer


def emulated() -> Record:
    return replace(RECORD, environment={"is_emulated": True})


def test_trends_leave_times_of_emulated_machines_out() -> None:
    metrics = (make_metric("latency_p50_ns", 2e6), make_metric("peak_rss_bytes", 4e7))
    played = replace(emulated(), metrics=metrics)
    real = replace(RECORD, metrics=metrics)
    counted = {
        name: [len(trend.points) for trend in make_trends([real, played], name)]
        for name in ("latency_p50_ns", "peak_rss_bytes")
    }
    assert counted == {"latency_p50_ns": [1], "peak_rss_bytes": [2]}
