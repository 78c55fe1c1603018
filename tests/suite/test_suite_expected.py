"""A suite may name the accuracy published for a model; what is said of it is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.model import Expected

SUITE = """
    name: s
    models:
      - tflite: model.tflite
        precision: int8
        detector: {{family: yolov8, input: {{size: 640}}, labels: coco80}}
        expected: {expected}
    data: {{coco: {{images: ., annotations: labels.json}}}}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """Lay the files that the suite names."""
    (tmp_path / "model.tflite").write_bytes(b"")
    (tmp_path / "labels.json").write_text("{}")


def test_the_published_accuracy_of_a_model_is_kept_with_its_source(load) -> None:
    suite = load(
        SUITE.format(expected="{map_50_95: 0.373, map_50: 0.5, data: COCO val2017, source: a table}")
    )
    assert suite.models[0].expected == Expected("COCO val2017", "a table", 0.373, 0.5)


def test_a_model_needs_no_published_accuracy(load) -> None:
    assert load(SUITE.replace("        expected: {expected}\n", "").format()).models[0].expected is None


def test_published_accuracy_in_points_is_refused(errors) -> None:
    assert errors(SUITE.format(expected="{map_50_95: 37.3, data: COCO val2017, source: a table}")) == [
        "s.yaml:6 models[0].expected.map_50_95: got 37.3, expected a number from 0 to 1"
    ]


def test_published_accuracy_without_a_source_or_data_set_is_refused(errors) -> None:
    assert errors(SUITE.format(expected="{map_50_95: 0.373}")) == [
        "s.yaml:6 models[0].expected.data: missing, expected the name of a data set",
        "s.yaml:6 models[0].expected.source: missing, expected where the figure stands",
    ]
