"""Choosing under demands: what is met, missed and tied is what a reader of the intervals would say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.choosing import choose
from bench.cli import main
from bench.core.metric import make_metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.errors import UsageError
from bench.report.choice import choice_text
from bench.store.records import write_records
from bench.suite.constraints import read_constraints


def record(name: str, ap: float, ms: float, half: float = 0.5, **changes: object) -> Record:
    latency = make_metric(
        "latency_p50_ns", ms * 1e6, low=(ms - half) * 1e6, high=(ms + half) * 1e6, level=0.95
    )
    accuracy = make_metric("map_50_95", ap, low=ap - 0.01, high=ap + 0.01, level=0.95)
    made = Record(
        RECORD_SCHEMA, "s", "r", name, "ok", "m", "m", name, None, "litert", 4, "pi5",
        metrics=(accuracy, latency, make_metric("size_bytes", 1e6 * ms)),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


RECORDS = [record("fp32", 0.42, 20), record("int8", 0.415, 8), record("int4", 0.3, 5)]


def chosen(where: str, best: str = "map_50_95", records: list[Record] = RECORDS) -> tuple[str, list[str]]:
    choice = choose(records, read_constraints(where), best)
    return choice.best.case if choice.best else "", [tie.case for tie in choice.ties]


def test_without_demands_the_best_wins_and_what_no_interval_separates_ties() -> None:
    assert chosen("") == ("fp32", ["int8"])
    assert chosen("", "latency_p50_ns") == ("int4", [])


def test_demands_leave_out_what_misses_them_and_say_by_how_much() -> None:
    assert chosen("latency_p50 <= 10 ms") == ("int8", [])
    choice = choose(RECORDS, read_constraints("latency_p50 <= 10 ms and size < 9 MB"), "map_50_95")
    assert [(miss.case, miss.constraint.text, miss.value) for miss in choice.misses] == [
        ("fp32", "latency_p50 <= 10 ms", 20e6),
        ("fp32", "size < 9 MB", 20e6),
    ]


def test_a_demand_that_the_interval_crosses_is_met_but_not_surely() -> None:
    choice = choose(RECORDS, read_constraints("latency_p50 <= 8.2 ms"), "map_50_95")
    assert choice.best is not None and choice.best.case == "int8"
    assert [(miss.case, miss.standing) for miss in choice.misses] == [("int8", "unclear"), ("fp32", "missed")]


def test_words_choose_the_kind_of_case_and_are_no_misses() -> None:
    here = [*RECORDS, record("slow", 0.5, 90, host="local")]
    assert chosen("host == pi5", records=here)[0] == "fp32"
    assert chosen("host != pi5 and threads == 4", records=here)[0] == "slow"
    assert choose(here, read_constraints("host == pi5"), "map_50_95").misses == ()


def test_what_was_not_measured_never_wins_and_is_told() -> None:
    here = [record("fp32", 0.42, 20, status="failed", reason="killed by SIGILL"), RECORDS[1]]
    choice = choose(here, read_constraints("latency_p95 <= 9 ms"), "map_50_95")
    assert choice.best is None
    assert choice.unmeasured == (("fp32", "failed: killed by SIGILL"),)
    assert [(miss.case, miss.value) for miss in choice.misses] == [("int8", None)]


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(1, 100)), min_size=1, max_size=8), st.floats(1, 100)
)
def test_the_chosen_one_meets_every_demand_and_nobody_that_does_is_better(
    figures: list[tuple[float, float]], limit: float
) -> None:
    made = [record(str(index), ap, ms) for index, (ap, ms) in enumerate(figures)]
    choice = choose(made, read_constraints(f"latency_p50 <= {limit:.3f} ms"), "map_50_95")
    able = [ap for ap, ms in figures if ms * 1e6 <= float(f"{limit:.3f}") * 1e6]
    assert (choice.best.value("map_50_95") if choice.best else None) == max(able, default=None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("latncy_p50 <= 1 ms", "unknown metric 'latncy_p50', did you mean 'latency_p50'"),
        ("latency_p50 <= 10", "got '10', expected an amount such as 50 ms"),
        ("latency_p50 10 ms", "is no demand, expected one such as"),
        ("host <= pi5", "host is a name, expected == or !="),
        ("size <= big", "got 'big', expected an amount such as 5 MB"),
    ],
)
def test_a_demand_that_cannot_be_meant_is_told(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_constraints(text)


def test_the_command_answers_in_words_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "s/r"
    folder.mkdir(parents=True)
    write_records(folder / "records.jsonl", RECORDS)
    where = ["choose", str(tmp_path), "--where", "latency_p50 <= 8.2 ms"]
    assert main(where) == 0
    out = capsys.readouterr().out
    assert out.startswith("int8\n  map_50_95    41.5 points [40.5, 42.5]\n")
    assert "fp32  latency_p50 <= 8.2 ms: has 20.0 ms [19.5, 20.5], 2.4 times that" in out
    assert "int8  latency_p50 <= 8.2 ms: has 8.00 ms [7.50, 8.50]\n" in out
    assert "\x1b" not in out
    assert main([*where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"]["case"] == "int8"
    assert main(["choose", str(tmp_path), "--where", "size <= 1 kB"]) == 3
    assert capsys.readouterr().out.startswith("nothing meets these demands\n")
    assert main(["choose", str(tmp_path), "--best", "speed"]) == 2


def test_the_nearest_miss_comes_first_with_how_much_it_misses_by() -> None:
    demands = read_constraints("latency_p50 <= 7 ms and map_50_95 >= 42 points")
    choice = choose(RECORDS, demands, "map_50_95")
    assert [miss.case for miss in choice.misses] == ["int8", "int8", "int4", "fp32", "fp32"]
    text = choice_text(choice, "map_50_95", [one.subject for one in demands])
    assert "int8  latency_p50 <= 7 ms: has 8.00 ms [7.50, 8.50], 1.00 ms (14.3%) too much" in text
    assert "int8  map_50_95 >= 42 points: has 41.5 [40.5, 42.5], 0.50 points (1.2%) too little" in text
    assert "int4  map_50_95 >= 42 points: has 30.0 [29.0, 31.0], 12.00 points (28.6%) too little" in text


def test_a_case_without_the_figure_to_be_chosen_by_is_told() -> None:
    bare = replace(RECORDS[0], case="bare", metrics=RECORDS[0].metrics[1:])
    choice = choose([*RECORDS, bare], [], "map_50_95")
    assert choice.unranked == ("bare",)
    assert "without map_50_95: bare" in choice_text(choice, "map_50_95", [])


def test_ties_stand_in_a_table_with_what_was_asked_for() -> None:
    text = choice_text(choose(RECORDS, [], "map_50_95"), "map_50_95", ["latency_p50_ns"])
    tie = next(line for line in text.splitlines() if line.startswith("  int8"))
    assert "map_50_95 41.5 points [40.5, 42.5]" in tie and "latency_p50 8.00 ms [7.50, 8.50]" in tie


def test_an_answer_that_nobody_should_act_on_says_so() -> None:
    (cut_short,) = (replace(RECORDS[0], decision_grade=False),)
    assert "NOT FOR DECISIONS" in choice_text(choose([cut_short], [], "map_50_95"), "map_50_95", [])
    emulated = replace(RECORDS[0], environment={"is_emulated": True, "emulator": "QEMU"})
    said = choice_text(choose([emulated], [], "map_50_95"), "map_50_95", [])
    assert "NOT FOR DECISIONS: times are of an emulated machine (QEMU)" in said


def test_names_of_nothing_and_several_suites_are_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suite in ("s", "t"):
        (tmp_path / suite / "r").mkdir(parents=True)
        write_records(tmp_path / suite / "r/records.jsonl", [replace(one, suite=suite) for one in RECORDS])
    assert main(["choose", str(tmp_path / "s"), "--where", "host == pi6"]) == 2
    assert "no case has that host, did you mean 'pi5'? Known: pi5" in capsys.readouterr().err
    assert main(["choose", str(tmp_path)]) == 2
    assert "has results of 2 suites (s, t); name one of them" in capsys.readouterr().err


def test_json_of_a_choice_holds_no_nan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = replace(RECORDS[0], metrics=(*RECORDS[0].metrics, make_metric("map_large", float("nan"))))
    write_records(tmp_path / "records.jsonl", [odd])
    assert main(["choose", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert told["best"]["metrics"][-1]["value"] is None


def test_of_many_cases_the_nearest_are_listed_and_the_others_counted() -> None:
    many = [record(f"c{place:03}", 0.42 - place / 1000, 10 + place) for place in range(100)]
    demands = read_constraints("latency_p50 <= 5 ms")
    text = choice_text(choose(many, demands, "map_50_95"), "map_50_95", ["latency_p50_ns"])
    lines = text.splitlines()
    assert lines[1] == "misses, nearest first:" and lines[2].startswith("  c000")
    assert lines[-1] == "  and 80 more demands (--json lists all)" and len(lines) == 23
