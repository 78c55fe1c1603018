"""What a file says beyond its shapes is believed: an operator's settings, an exporter's notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from made_files import append_archive, write_tflite

from bench.detectors.presets import COCO_90, default_description
from bench.inspecting.contents import read_contents
from bench.inspecting.file_report import FileReport
from bench.inspecting.looking import recognise
from bench.inspecting.refining import name_oddities
from bench.running.completing import complete

OPERATOR = "TFLite_Detection_PostProcess"
SHAPES = {"a": (1, 25, 4), "b": (1, 25), "c": (1, 25), "d": (1,)}
SETTINGS = {"num_classes": 7, "max_detections": 25, "nms_iou_threshold": 0.5, "use_regular_nms": False}


def look(path: Path) -> FileReport:
    report = read_contents(path, "0" * 64, path.stat().st_size)
    return replace(report, recognitions=recognise(report))


def post_processed(path: Path, **changes: Any) -> FileReport:
    """Return a report on a graph that ends in the operator, its outputs under names that tell nothing."""
    options = {**SETTINGS, **changes}
    return look(
        write_tflite(path, (1, 320, 320, 3), SHAPES, operator=OPERATOR, options=options, reverse=True)
    )


def test_outputs_of_the_operator_are_bound_by_its_order_whatever_they_are_called(tmp_path: Path) -> None:
    report = post_processed(tmp_path / "m.tflite")
    assert [spec.name for spec in report.outputs] == ["d", "c", "b", "a"]
    best = report.recognitions[0]
    assert best.description.decode.family == "tfod"
    assert best.description.decode.outputs == {"boxes": "a", "classes": "b", "scores": "c", "num": "d"}


def test_the_operator_tells_how_many_classes_there_are(tmp_path: Path) -> None:
    best = post_processed(tmp_path / "m.tflite").recognitions[0]
    assert best.description.category_ids == tuple(range(1, 8))
    assert "class offset" in best.unknown and not any("class count" in words for words in best.unknown)
    coco = post_processed(tmp_path / "c.tflite", num_classes=90).recognitions[0]
    assert coco.description.category_ids == COCO_90


def test_a_limit_of_boxes_within_the_graph_is_told(tmp_path: Path) -> None:
    def text(report: FileReport) -> str:
        return " ".join(advice.text for advice in report.oddities if advice.code == "few_detections")

    assert "gives 25 boxes an image at most" in text(post_processed(tmp_path / "m.tflite"))
    assert not text(post_processed(tmp_path / "n.tflite", max_detections=100))


def test_a_suite_that_names_the_family_alone_gets_the_outputs_from_the_file(tmp_path: Path) -> None:
    report = post_processed(tmp_path / "m.tflite", num_classes=90)
    found = complete(default_description("tfod", 0, 0, file_suffix=".tflite"), report)
    assert found.decode.outputs == {"boxes": "a", "classes": "b", "scores": "c", "num": "d"}
    assert (found.preprocess.width, found.preprocess.height) == (320, 320)


def test_settings_that_are_damaged_are_settings_unknown(tmp_path: Path) -> None:
    report = post_processed(
        tmp_path / "m.tflite", num_classes=-5, max_detections="many", nms_iou_threshold=9.0
    )
    assert report.post_processing is not None
    assert report.post_processing.num_classes == report.post_processing.max_detections == 0
    assert report.post_processing.iou_threshold == 0.0


def named(path: Path, channels: int, names: list[str]) -> FileReport:
    """Return a report on a YOLOv8 file with an exporter's class names."""
    write_tflite(path, (1, 64, 64, 3), {"Identity": (1, channels, 84)})
    return look(append_archive(path, {"labels.txt": "\n".join(names)}))


def told(report: FileReport) -> str:
    return " ".join(advice.text for advice in name_oddities(report, report.recognitions))


def test_class_names_that_do_not_fit_the_outputs_are_told(tmp_path: Path) -> None:
    report = named(tmp_path / "m.tflite", 84, ["cat", "dog"])
    assert told(report) == "the exporter noted 2 class names, but the outputs have 80 classes"


def test_eighty_classes_that_are_not_coco_s_are_told(tmp_path: Path) -> None:
    names = [f"part {number}" for number in range(80)]
    assert told(named(tmp_path / "m.tflite", 84, names)) == "80 classes, but not COCO's: part 0 ... part 79"
    coco = ["person", *names[1:-1], "toothbrush"]
    assert told(named(tmp_path / "n.tflite", 84, coco)) == ""


def test_a_family_that_agrees_with_the_class_names_comes_first(tmp_path: Path) -> None:
    report = named(tmp_path / "m.tflite", 84, [str(number) for number in range(79)])
    counts = [len(found.description.category_ids) for found in report.recognitions]
    assert counts[0] == 79 or 79 not in counts
