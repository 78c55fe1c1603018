"""Planted mistakes on third-party detectors and photos are named; right descriptions are not accused.

Needs the folder that BENCH_REAL_DATA names: models, photos, annotations and `reference.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.suite import Suite
from bench.detectors.presets import COCO_80, default_description
from bench.diagnosing.description import diagnose_description
from bench.diagnosing.finding import Diagnosis
from bench.diagnosing.opening import Opened, open_suite
from bench.running.listener import Silent
from bench.suite import load_suite
from bench.wire.description import ModelDescription

ROOT = Path(os.environ.get("BENCH_REAL_DATA", ""))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        "BENCH_REAL_DATA" not in os.environ,
        reason="BENCH_REAL_DATA is unset: it names the folder of third-party models and photos",
    ),
]

# file -> family
FAMILIES = {
    "ssd_mobilenet_v1_300_qat.tflite": "tfod",
    "yolox_nano_416.onnx": "yolox",
    "nanodet_320.onnx": "gfl",
    "yolov5n_640_fp16.tflite": "yolov5",
    "yolov5n_640_int8.tflite": "yolov5",
    "fastestdet_352.onnx": "fastestdet",
    "yolov8n_224_dynamic.tflite": "yolov8",
    "yolov8n_224_int8.tflite": "yolov8",
}
SSD, YOLOX, YOLOV8 = "ssd_mobilenet_v1_300_qat", "yolox_nano_416", "yolov8n_224_int8"
RESIZE = {"stretch": "stretch", "letterbox_center": "letterbox", "letterbox_topleft": "letterbox_top_left"}

Mistake = Callable[[ModelDescription], ModelDescription]


def fed(**changes: object) -> Mistake:
    return lambda d: replace(d, preprocess=replace(d.preprocess, **changes))  # type: ignore[arg-type]


def read(**options: object) -> Mistake:
    return lambda d: replace(d, decode=replace(d.decode, options={**d.decode.options, **options}))


def labelled(*ids: int) -> Mistake:
    return lambda d: replace(d, category_ids=ids)


def not_undone(d: ModelDescription) -> ModelDescription:
    return replace(fed(resize="letterbox")(d), decode=replace(d.decode, frame="photo"))


# model, mistake, what the lines must say (one of them suffices).
MISTAKES: dict[str, tuple[str, Mistake, tuple[str, ...]]] = {
    "class offset": (SSD, labelled(*range(90)), ("labels: coco90",)),
    "90 ids as 80": (SSD, labelled(*COCO_80, *range(91, 101)), ("labels: coco90",)),
    "90 ids as 80, refused": (SSD, labelled(*COCO_80), ("labels: coco90",)),
    "x and y swapped": (SSD, read(box_order="xy"), ("options: {box_order: yx}",)),
    "letterbox not undone": (SSD, not_undone, ("input: {resize: stretch}", "frame: input")),
    "BGR for RGB": (SSD, fed(color="bgr"), ("input: {color: rgb}",)),
    "0 to 1 for -1 to 1": (
        SSD, fed(mean=(0.0,) * 3, std=(255.0,) * 3), ("input: {mean: 127.5, std: 127.5}",),
    ),
    "frame of boxes": (
        YOLOX, lambda d: replace(d, decode=replace(d.decode, frame="photo")), ("frame: input",),
    ),
    "divided by 255": (YOLOX, fed(std=(255.0,) * 3), ("input: {std: 1}",)),
    "RGB for BGR": (YOLOX, fed(color="rgb"), ("input: {color: bgr}",)),
    "score threshold .25": (
        YOLOX,
        lambda d: replace(d, suppression=replace(d.suppression, score_threshold=0.25)),
        ("nms: {score_threshold: 0.001}",),
    ),
    "another family": (
        YOLOV8, lambda d: replace(d, decode=replace(d.decode, family="yolov5")), ("family: yolov8",),
    ),
    "wrong units": (YOLOV8, read(normalized=False), ("options: {normalized: true}",)),
    "80 contiguous ids": (YOLOV8, labelled(*range(1, 81)), ("labels: coco80",)),
}  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """All eight models, in a suite that this test writes."""
    folder = tmp_path_factory.mktemp("real")
    path = folder / "real.yaml"
    entries = "\n".join(_entry(file) for file in FAMILIES)
    data = f"{{coco: {{images: {ROOT}/images, annotations: {ROOT}/instances.json}}}}"
    path.write_text(f"name: real\nmodels:\n{entries}\ndata: {data}\nmatrix: {{threads: [1]}}\n")
    suite = load_suite(path)
    before = os.environ.get("BENCH_CACHE")
    os.environ["BENCH_CACHE"] = str(folder / "cache")
    yield open_suite(suite, suite.cases, Silent())
    os.environ.pop("BENCH_CACHE") if before is None else os.environ.update(BENCH_CACHE=before)


def _entry(file: str) -> str:
    size = _reference(Path(file).stem)["input"]["size"][0]
    precision = {"fp16": "fp16", "int8": "int8", "dynamic": "dynamic", "qat": "qat"}.get(
        Path(file).stem.rpartition("_")[2], "fp32"
    )
    return (
        f"  - {{name: {Path(file).stem}, file: {ROOT}/models/{file}, precision: {precision}, "
        f"detector: {{family: {FAMILIES[file]}, input: {{size: {size}}}}}}}"
    )


def _reference(name: str) -> dict[str, dict[str, object]]:
    entries = json.loads((ROOT / "reference.json").read_text())
    found: dict[str, dict[str, object]] = next(e for e in entries if Path(e["file"]).stem == name)
    return found


def described(name: str) -> ModelDescription:
    """Return the family's customs with everything put over them that the reference says."""
    file = next(file for file in FAMILIES if Path(file).stem == name)
    entry = _reference(name)
    given, kept = entry["input"], entry["postprocess"]
    usual = default_description(FAMILIES[file], *given["size"], file_suffix=Path(file).suffix)  # type: ignore[misc]
    preprocess = replace(
        usual.preprocess,
        color=given["color"].lower(),  # type: ignore[attr-defined]
        layout=given["layout"].lower(),  # type: ignore[attr-defined]
        resize=RESIZE[str(given["resize"])],  # type: ignore[arg-type]
        mean=tuple(given["mean"]),  # type: ignore[arg-type]
        std=tuple(given["std"]),  # type: ignore[arg-type]
    )
    suppression = replace(usual.suppression, score_threshold=float(str(kept["score_thr"])))
    if not suppression.in_graph:
        suppression = replace(suppression, iou_threshold=float(str(kept["nms_iou"])))
    return replace(usual, preprocess=preprocess, suppression=suppression)


def diagnose(opened: Opened, name: str, description: ModelDescription) -> Diagnosis:
    suite: Suite = opened.suite
    case = next(case for case in suite.cases if case.model == name)
    return diagnose_description(opened.subject(case, 40), description)


@pytest.mark.parametrize("file", FAMILIES)
def test_a_right_description_is_not_accused(
    opened: Opened, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = Path(file).stem
    found = diagnose(opened, name, described(name))
    with capsys.disabled():
        print(f"\n{name}: {found.verdict}, AP {found.value:.3f} on {found.num_images} images")
    assert found.verdict == "right" and found.lines == ()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_named(opened: Opened, mistake: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, plant, lines = MISTAKES[mistake]
    found = diagnose(opened, name, plant(described(name)))
    with capsys.disabled():
        print(
            f"\n{name}, {mistake}: {found.verdict}, AP {found.value:.3f} -> {found.mended_value:.3f} on "
            f"{found.num_images} images: {'; '.join(found.lines)}"
        )
    assert found.verdict == "mended" and found.gain is not None and found.gain.low > 0
    assert any(line in lines for line in found.lines)
    assert sum(step.chosen is not None for step in found.steps) == 1


@pytest.mark.parametrize("changes", [{"is_class_aware": False}, {"iou_threshold": 0.45}], ids=str)
def test_settings_that_cost_less_are_listed_without_a_verdict(
    opened: Opened, changes: dict[str, object]
) -> None:
    usual = described(YOLOX)
    suppression = replace(usual.suppression, **changes)  # type: ignore[arg-type]
    found = diagnose(opened, YOLOX, replace(usual, suppression=suppression))
    assert found.verdict == "right" and found.lines == ()
    (setting,) = found.unusual
    assert setting.key in ("nms.class_aware", "nms.iou") and setting.usual_value is not None
    assert setting.usual_value > found.value
