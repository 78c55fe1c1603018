"""The history of a suite: series of what can be compared, steps with their commits, the command's text.

`BENCH_UPDATE_GOLDEN=1` writes the golden file again.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import main
from bench.core.metric import make_metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.gating.history import make_trends
from bench.store.folder import RunFolder

GOLDEN = Path(__file__).parent / "golden" / "history.txt"
CASE = "m/int8/litert/t4@pi5"
COUNT, SLOWER, LARGER = 16, 9, 12


def a_record(number: int, **changes: Any) -> Record:
    """Make one run: 8% slower from `SLOWER` on, a larger file from `LARGER` on."""
    noise = np.random.default_rng(number).normal(0, 0.004)
    value = 2e7 * float(np.exp(noise)) * (1.08 if number >= SLOWER else 1.0)
    metrics = (
        make_metric("latency_p50_ns", value, low=value * 0.99, high=value * 1.01, level=0.95, count=10),
        make_metric("size_bytes", 3_000_000.0 if number < LARGER else 3_100_000.0, count=1),
        make_metric(
            "map_50_95", 0.41 if number < SLOWER else 0.4, low=0.39, high=0.43, level=0.95, count=500
        ),
    )
    record = Record(
        RECORD_SCHEMA, "suite", f"202611{number + 1:02}-000000-00000a", CASE, "ok", "m", "m", "int8", None,
        "litert", 4, "pi5", metrics=metrics, started=f"2026-11-{number + 1:02}T00:00:00+00:00",
        git={"commit": f"{number:02}" + "abcdef" * 6, "is_dirty": number == COUNT - 1},
        environment={"cpu": "Cortex-A76"},
    )  # fmt: skip
    return replace(record, **changes)


RECORDS = [a_record(number) for number in range(COUNT)]


def test_a_step_names_the_commit_where_it_began() -> None:
    (trend,) = make_trends(RECORDS, "latency_p50_ns")
    (step,) = trend.steps
    assert trend.points[step.place].commit.startswith("09") and step.is_worse and step.is_relative
    assert step.low < 0.08 < step.high


def test_what_repeats_exactly_steps_at_once_and_without_noise() -> None:
    (size,) = make_trends(RECORDS[: LARGER + 1], "size_bytes")
    assert [(step.place, step.low == step.high) for step in size.steps] == [(LARGER, True)]
    (accuracy,) = make_trends(RECORDS[: SLOWER + 1], "map_50_95")
    (step,) = accuracy.steps
    assert step.change == pytest.approx(-0.01) and step.is_worse and not step.is_relative


def test_another_machine_is_another_series_and_comes_back_to_its_own() -> None:
    faster = [replace(record, environment={"cpu": "Cortex-A72"}) for record in RECORDS[5:8]]
    mixed = [*RECORDS[:5], *faster, *RECORDS[8:]]
    first, second = make_trends(mixed, "latency_p50_ns")
    assert (len(first.points), len(second.points)) == (COUNT - 3, 3)
    assert second.broken_by == ("cpu: Cortex-A76 then, Cortex-A72 now",)
    assert [len(trend.points) for trend in make_trends(mixed, "size_bytes")] == [COUNT]


def test_other_photos_begin_another_series_of_accuracy() -> None:
    other = [replace(record, hashes={"data": "b" * 64}) for record in RECORDS[8:]]
    assert len(make_trends([*RECORDS[:8], *other], "map_50_95")) == 2


def test_another_kernel_may_be_accepted() -> None:
    newer = [replace(record, environment={"cpu": "Cortex-A76", "kernel": "7"}) for record in RECORDS[8:]]
    mixed = [*RECORDS[:8], *newer]
    assert len(make_trends(mixed, "latency_p50_ns")) == 2
    assert len(make_trends(mixed, "latency_p50_ns", ("kernel",))) == 1


def test_failed_runs_and_smoke_runs_are_left_out_and_counted() -> None:
    records = [*RECORDS[:3], a_record(3, status="failed"), a_record(4, decision_grade=False)]
    (trend,) = make_trends(records, "latency_p50_ns")
    assert (len(trend.points), trend.num_left_out) == (3, 2)
    (size,) = make_trends(records, "size_bytes")
    assert (len(size.points), size.num_left_out) == (4, 1)


def store(root: Path) -> None:
    gate = {"latency_p50_ns": {"max_increase": "2%"}, "size_bytes": {"max_increase": 0}}
    for record in RECORDS:
        with RunFolder.create(root, "suite", record.run, "name: suite\n", {"gate": gate}) as run:
            run.write_records([record])


def test_the_command_tells_trends_as_in_the_golden_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path)
    assert main(["history", "suite", "--results", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8")


def test_the_command_writes_a_page_with_charts_and_all_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    store(tmp_path)
    (tmp_path / "s.yaml").write_text("name: suite\n")
    page = tmp_path / "page"
    arguments = ["history", str(tmp_path / "s.yaml"), "--metric", "latency_p50", "--results", str(tmp_path)]
    assert main([*arguments, "--output", str(page), "--json"]) == 0
    (trend,) = json.loads(capsys.readouterr().out)["trends"]
    assert len(trend["points"]) == COUNT and trend["steps"][0]["place"] == SLOWER
    assert sorted(path.name for path in page.iterdir()) == [
        "history-latency_p50_ns.png", "history.html", "history.json", "history.md",
    ]  # fmt: skip
    assert "![latency_p50 over runs](history-latency_p50_ns.png)" in (page / "history.md").read_text()
    with Image.open(page / "history-latency_p50_ns.png") as image:
        assert image.width > 500
    before = (page / "history-latency_p50_ns.png").read_bytes()
    assert main([*arguments, "--output", str(page)]) == 0
    assert (page / "history-latency_p50_ns.png").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing"], 3, "does not exist"),
        (["suite", "--metric", "latency_p5"], 2, "unknown metric, did you mean 'latency_p95'"),
        (["absent.yaml"], 2, "absent.yaml"),
    ],
)
def test_wrong_use_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    store(tmp_path)
    assert main(["history", *words, "--results", str(tmp_path)]) == code
    assert said in capsys.readouterr().err
