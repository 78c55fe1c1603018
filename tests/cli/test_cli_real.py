"""Third-party detectors on real photos, through the whole harness, beside an independent evaluator's figures.

Needs the folder that BENCH_REAL_DATA names: models, photos, annotations and `reference.json`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import bench
from bench.cli import EXIT_GOOD, main

pytestmark = pytest.mark.real

SUITE = Path(__file__).parent.parent.parent / "suites" / "given-files.yaml"

# Integer kernels round differently between processors, and a pixel value moves such a model by .005.
TOLERANCE = {"fp32": 0.005, "fp16": 0.005, "dynamic": 0.005, "int8": 0.015, "qat": 0.015}

REFERENCE_NAMES = {
    "map_50_95": "AP", "map_50": "AP50", "map_75": "AP75", "map_small": "APs", "map_medium": "APm",
    "map_large": "APl", "mar_1": "AR1", "mar_10": "AR10", "mar_100": "AR100",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Path:
    if not os.environ.get("BENCH_REAL_DATA"):
        pytest.skip("BENCH_REAL_DATA is not set: no third-party models and photos to try")
    return Path(os.environ["BENCH_REAL_DATA"])


def test_given_files_get_the_accuracy_of_an_independent_evaluator(folder: Path, tmp_path: Path) -> None:
    code = main(["run", str(SUITE), "--rounds", "1", "--results", str(tmp_path), "--quiet"])
    assert code == EXIT_GOOD
    frame = bench.load_results(tmp_path).set_index("model")
    assert len(frame) == 8
    for entry in json.loads((folder / "reference.json").read_text()):
        name = Path(entry["file"]).stem.removesuffix("_300_qat")
        if name not in frame.index:
            continue
        row = frame.loc[name]
        for ours, theirs in REFERENCE_NAMES.items():
            expected = entry["stats_80_images"][theirs]
            print(f"{name:<22} {ours:<10} {row[ours]:.5f} reference {expected:.5f}")
        assert row["map_50_95"] == pytest.approx(
            entry["stats_80_images"]["AP"], abs=TOLERANCE[row["precision"]]
        )
        # No group here has an fp32 member: no difference is shown rather than a wrong one.
        assert "map_50_95_difference" not in frame or row.isna()["map_50_95_difference"]
