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
    assert [(miss.case, miss.standing) for miss in choice.misses] == [("fp32", "missed"), ("int8", "unclear")]


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
    assert out.startswith("int8\n  map_50_95          41.5 [40.5, 42.5]\n")
    assert "fp32  latency_p50 <= 8.2 ms: has 20.0 ms, 2 times that" in out
    assert "int8  latency_p50 <= 8.2 ms: has 8.00 ms" in out
    assert main([*where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"]["case"] == "int8"
    assert main(["choose", str(tmp_path), "--where", "size <= 1 kB"]) == 3
    assert capsys.readouterr().out.startswith("nothing meets these demands\n")
    assert main(["choose", str(tmp_path), "--best", "speed"]) == 2
