"""The Python API: what notebooks build on keeps its names, arguments and columns, and loads nothing early."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas
import pytest

import bench
from bench import api
from bench.errors import StoreError, UsageError
from bench.store.names import case_folder_name
from bench.store.records import write_records

sys.path.insert(0, str(Path(__file__).parent / "report"))
from fake_records import quickstart_records

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "examples" / "notebook" / "results.py"

# Name -> arguments and their defaults. Further ones may be added behind these, none may change.
STABLE = {
    "choose": "(path, where='', best='map_50_95')",
    "compare_results": "(before, after, accept=())",
    "draw_charts": "(path, theme='light')",
    "load_results": "(path)",
    "load_rounds": "(path)",
    "read_records": "(path, newest_only=True)",
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a folder of two runs, as `bench run` leaves them."""
    for run in ("20261121-000000-aaaaaa", "20261122-000000-bbbbbb"):
        folder = tmp_path / "results" / "quickstart" / run
        folder.mkdir(parents=True)
        write_records(folder / "records.jsonl", [replace(one, run=run) for one in quickstart_records()])
        (folder / "run.json").write_text(json.dumps({"suite": "quickstart", "run": run}))
        (folder / "suite.yaml").write_text("name: quickstart\nmodel: builtin\nmatrix: {precision: [fp32]}\n")
    return tmp_path / "results" / "quickstart"


def test_names_and_arguments_stay() -> None:
    assert set(STABLE) == set(api.__all__) == set(bench.__all__)
    for name, arguments in STABLE.items():
        signature = inspect.signature(getattr(bench, name))
        bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
        assert str(inspect.Signature(bare)) == arguments
        assert getattr(bench, name) is getattr(api, name) and getattr(api, name).__doc__


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, bench, bench.api; bench.choose; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"pandas", "numpy", "matplotlib", "pyarrow", "tensorflow"} & set(loaded.stdout.split())


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chose'"):
        bench.chose  # noqa: B018


def test_results_are_frames_and_records(results: Path) -> None:
    frame = bench.load_results(str(results))
    assert len(frame) == 20 and {"latency_p50_ns_low", "map_50_95_difference"} <= set(frame.columns)
    assert [record.run for record in bench.read_records(results)] == ["20261122-000000-bbbbbb"] * 10
    assert len(bench.read_records(results, newest_only=False)) == 20
    with pytest.raises(StoreError, match="does not exist"):
        bench.load_results(results / "absent")


def test_rounds_hold_every_sample_in_its_order(results: Path) -> None:
    run, case = sorted(results.iterdir())[0], "shapes/int8/litert/t1@local"
    journal = run / "cases" / case_folder_name(case) / "rounds.jsonl"
    journal.parent.mkdir(parents=True)
    lines = [
        {"kind": "check", "valid": True},
        {"kind": "latency", "round": 0, "valid": True, "reason": "", "after": {"temperature_c": 61.5},
         "result": {"inference_ns": [3, 1, 2], "load_ns": 9, "end_to_end": {"total_ns": [7, 8]}}},
        {"kind": "pair", "round": 0, "valid": True, "result": {"inference_ns": [5]}},
        {"kind": "latency", "round": 1, "valid": False, "reason": "throttled", "result": None},
    ]  # fmt: skip
    journal.write_text("".join(json.dumps({"case": case, **line}) + "\n" for line in lines))
    rounds = bench.load_rounds(results)
    assert list(rounds["case"]) == [case, case] and list(rounds["valid"]) == [True, False]
    assert rounds["inference_ns"][0].tolist() == [3, 1, 2] and rounds["total_ns"][0].tolist() == [7, 8]
    assert rounds["inference_ns"][1].size == 0 and rounds["reason"][1] == "throttled"
    assert rounds["temperature_c"][0] == 61.5 and rounds["load_ns"][0] == 9


def test_a_choice_is_that_of_the_command(results: Path) -> None:
    choice = bench.choose(results, "latency_p50 <= 0.5 ms", best="latency_p50")
    assert choice.best is not None and choice.best.case == "shapes/int8/litert/t1@local"
    assert [tie.precision for tie in choice.ties] == ["qat"]
    with pytest.raises(UsageError, match="did you mean 'latency_p50'"):
        bench.choose(results, best="latncy_p50")


def test_charts_are_figures_by_what_they_show(results: Path, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    charts = bench.draw_charts(results)
    assert list(charts) == [("shapes on local", key) for key in ("latency", "memory", "size")]
    assert all(isinstance(figure, Figure) for figure in charts.values())
    charts["shapes on local", "size"].savefig(tmp_path / "size.png")
    assert (tmp_path / "size.png").stat().st_size > 5_000


def test_a_comparison_is_a_row_a_metric_with_its_reason(results: Path) -> None:
    old, new = sorted(results.iterdir())
    verdicts = bench.compare_results(old, new)
    assert isinstance(verdicts, pandas.DataFrame)
    assert {"case", "metric", "answer", "before", "after", "change", "low", "high", "words"} <= set(verdicts)
    assert set(verdicts["case"]) == {record.case for record in quickstart_records()}
    sizes = verdicts[verdicts["metric"] == "size_bytes"]
    assert set(sizes["answer"]) == {"pass"} and set(sizes["words"]) == {"exact"}


@pytest.mark.slow
def test_the_example_notebook_runs(results: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(results), str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "best: shapes/qat/litert/t1@local, mAP 0.606 [0.584, 0.628]" in done.stdout
    assert {"latency.png", "memory.png", "size.png"} <= {path.name for path in tmp_path.iterdir()}
