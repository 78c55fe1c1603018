"""Judging 10,000 stored cases: figures are printed, only answers are asserted."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))
sys.path.insert(0, str(Path(__file__).parents[1] / "gating"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections
from sides_of import make_case, make_side
from test_gating_sides import CASE, a_round, make_run

from bench.gating.baselines import baseline_side, read_baselines, write_baseline
from bench.gating.cached import IntervalCache
from bench.gating.deciding import Options, decide
from bench.gating.rules import make_rules
from bench.gating.sides import read_side
from bench.metrics.matches import save_matches
from bench.metrics.matching import match
from bench.store.names import case_folder_name

CASES = 10_000


@pytest.mark.performance
def test_judging_10000_stored_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = make_annotations(0, 20, num_categories=3)
    sides = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.npz"
        save_matches(match(make_detections(seed, truth, 10), as_ground_truth(truth)), path)
        os.utime(path, (1e9, 1e9))
        times = 1e6 * np.exp(np.random.default_rng(seed).normal(0, 0.02, (CASES, 10)))
        values = {"size_bytes": 1.0, "map_50_95": 0.4, "latency_p50_ns": 1e6}
        sides.append(
            make_side(
                *(
                    make_case(f"case-{n}", tuple(row.tolist()), matches=path, values=values)
                    for n, row in enumerate(times)
                )
            )
        )
    write_baseline(tmp_path / "kept", sides[0], "main")
    spent = []
    for _ in range(2):
        start = time.process_time()
        before = baseline_side(read_baselines(tmp_path / "kept", "suite", "main"), sides[1])
        reading = time.process_time() - start
        with IntervalCache(tmp_path / "intervals.sqlite") as changes:
            how = Options(resamples=100, needs_confirmation=True, changes=changes)
            verdicts = decide(before, sides[1], make_rules({}), how)
        spent.append((reading, time.process_time() - start))
    assert len(verdicts) == 4 * CASES
    with capsys.disabled():
        print(f"\n  {CASES:,} cases, {len(verdicts):,} verdicts, CPU seconds with cached intervals")
        print(f"    read the baseline  {spent[1][0]:.2f}\n    and decide         {spent[1][1]:.2f}")


@pytest.mark.performance
def test_reading_a_run_of_10000_cases_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    lines = [a_round(number) for number in range(10)]
    run = make_run(tmp_path, "20261121-000000-000000", lines)
    record = (run / "records.jsonl").read_text()
    journal = next(run.rglob("rounds.jsonl")).read_text()
    with (run / "records.jsonl").open("a") as file:
        for number in range(1, CASES):
            name = f"case-{number}"
            file.write(record.replace(CASE, name))
            folder = run / "cases" / case_folder_name(name)
            folder.mkdir()
            (folder / "rounds.jsonl").write_text(journal.replace(CASE, name))
            os.utime(folder / "rounds.jsonl", (1e9, 1e9))
    for path in (run / "records.jsonl", run / "run.json", *run.rglob("rounds.jsonl")):
        os.utime(path, (1e9, 1e9))
    spent = []
    for _ in range(2):
        start = time.process_time()
        side = read_side(run)
        spent.append(time.process_time() - start)
    assert len(side.cases) == CASES
    with capsys.disabled():
        print(f"\n  a run of {CASES:,} cases, CPU seconds: first {spent[0]:.1f}, again {spent[1]:.2f}")
