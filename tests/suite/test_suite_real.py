"""The shipped suite of given files says of each model what its reference says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench.core.suite import CocoData
from bench.datasets.prepare import prepare_data
from bench.suite import load_suite

SUITE = Path(__file__).parents[2] / "suites" / "given-files.yaml"
RESIZES = {"stretch": "stretch", "letterbox_center": "letterbox", "letterbox_topleft": "letterbox_top_left"}


@pytest.mark.real
@pytest.mark.skipif("BENCH_REAL_DATA" not in os.environ, reason="BENCH_REAL_DATA names no folder")
def test_the_suite_of_given_files_agrees_with_the_reference(tmp_path: Path) -> None:
    root = Path(os.environ["BENCH_REAL_DATA"])
    suite = load_suite(SUITE)
    reference = {
        Path(entry["file"]).name: entry for entry in json.loads((root / "reference.json").read_text())
    }
    for model in suite.models:
        entry, description = reference[Path(model.path).name], model.description
        preprocess, suppression = description.preprocess, description.suppression
        assert [preprocess.width, preprocess.height] == entry["input"]["size"]
        assert preprocess.color.upper() == entry["input"]["color"]
        assert preprocess.layout.upper() == entry["input"]["layout"]
        assert preprocess.resize == RESIZES[entry["input"]["resize"]]
        assert (
            list(preprocess.mean) == entry["input"]["mean"] and list(preprocess.std) == entry["input"]["std"]
        )
        expected = entry["postprocess"]
        assert suppression.score_threshold == expected["score_thr"]
        if suppression.in_graph:
            continue
        assert suppression.iou_threshold == expected["nms_iou"]
        assert suppression.pre_nms_top_k == expected["pre_nms_topk"]
        assert suppression.max_detections == expected["max_det"]
        assert suppression.is_class_aware == expected["class_aware"]
        assert suppression.is_multi_label == expected["multi_label"]
    assert isinstance(suite.data, CocoData)
    assert len(prepare_data(suite.data, tmp_path)[0].images) == 80
