"""Anchors and grids are those that published models are known to have."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.detectors import Detector, geometry_of
from bench.detectors.families import load_family
from bench.detectors.families.anchors import ssd_anchors, ssd_shapes
from bench.detectors.families.levels import levels_of
from bench.detectors.presets import default_description
from bench.errors import ModelError
from bench.wire.description import Preprocess
from bench.wire.tensor import TensorSpec


def spec(name, *shape, dtype="float32", scale=0.0, zero_point=0):
    return TensorSpec(name, shape, dtype, scale, zero_point)


def accepts(family, size, outputs, classes=0, **options):
    description = default_description(family, size, size, classes, ".onnx", options)
    load_family(family)(description, outputs)
    return True


# Published: 1917 and 2034 anchors of SSD MobileNet, 12804 of its FPN-lite kin at 320 and 51150 at 640
# (TensorFlow Object Detection API), 19206 and 76725 of EfficientDet, 25200 rows of YOLOv5 and 8400 of YOLOv8
# and YOLOX at 640, 3549 of YOLOX-nano, 2100 of NanoDet and 2125 of NanoDet-Plus at 320.
@pytest.mark.parametrize(
    ("family", "size", "rows", "options"),
    [
        ("ssd", 300, 1917, {}),
        ("ssd", 320, 2034, {}),
        ("ssd", 320, 12804, {"anchors": "pyramid"}),
        ("ssd", 640, 51150, {"anchors": "pyramid"}),
        ("efficientdet", 320, 19206, {}),
        ("efficientdet", 640, 76725, {"anchor_scale": 4.0}),
        ("yolov5", 640, 25200, {"decoded": False}),
        ("yolox", 640, 8400, {}),
        ("yolox", 416, 3549, {}),
        ("gfl", 320, 2100, {}),
        ("gfl", 320, 2125, {"strides": [8, 16, 32, 64]}),
        ("gfl", 416, 3598, {"strides": [8, 16, 32, 64]}),
    ],
)
def test_a_model_of_this_size_has_so_many_rows(family, size, rows, options):
    def outputs(count):
        return {
            "ssd": [spec("a", 1, count, 4), spec("b", 1, count, 91)],
            "efficientdet": [spec("a", 1, count, 90), spec("b", 1, count, 4)],
            "gfl": [spec("a", 1, count, 112)],
        }.get(family, [spec("a", 1, count, 85)])

    assert accepts(family, size, outputs(rows), **options)
    with pytest.raises(ModelError, match=rf"family '{family}' expects .*\b{rows}, .*the input size"):
        accepts(family, size, outputs(rows + 1), **options)


def test_the_heads_of_each_level_are_told_apart_by_their_grid_in_any_order():
    grids = [(19, 3), (10, 6), (5, 6), (3, 6), (2, 6), (1, 6)]
    outputs = [spec(f"a{n}", 1, n, n, a * 4) for n, a in grids]
    outputs += [spec(f"b{n}", 1, n, n, a * 91) for n, a in grids]
    assert accepts("ssd", 300, outputs) and accepts("ssd", 300, outputs[::-1])
    assert accepts("ssd", 300, [replace(one, shape=(1, one.shape[3], *one.shape[1:3])) for one in outputs])


def test_ssd_anchors_begin_with_the_three_of_the_first_cell():
    # SSD MobileNet at 300: scale 0.1 alone, then 0.2 with the ratios 2 and 1/2, in fractions of the input.
    shapes = ssd_shapes(6, (0.2, 0.95), (1.0, 2.0, 0.5, 3.0, 1 / 3), True)
    preprocess = Preprocess(300, 300)
    levels = levels_of(preprocess, [16, 32, 64, 128, 256, 512], [len(of_cell) for of_cell in shapes])
    anchors = ssd_anchors(preprocess, levels, shapes) / 300
    assert anchors.shape == (1917, 4)
    first = [[0.1, 0.1], [0.14142136, 0.28284271], [0.28284271, 0.14142136]]
    assert np.allclose(anchors[:3, :2], 0.5 / 19) and np.allclose(anchors[:3, 2:], first)
    # The last cell covers the input: scale 0.95, then sqrt(0.95 * 1).
    assert np.allclose(anchors[-6:, :2], 0.5)
    assert np.allclose(anchors[-6], [0.5, 0.5, 0.95, 0.95]) and np.allclose(anchors[-1, 2:], 0.95**0.5)


def test_an_input_that_is_not_square_has_anchors_that_are_square_in_pixels():
    shapes = ssd_shapes(1, (0.5, 0.5), (1.0,), False)
    anchors = ssd_anchors(Preprocess(200, 100), levels_of(Preprocess(200, 100), [50], [2]), shapes)
    assert anchors[0].tolist() == [25, 25, 50, 50] and len(anchors) == 2 * 4 * 2


def test_anchors_of_another_design_can_be_listed():
    # The generator's own, listed, are the same; torchvision's SSDLite has six a cell on all levels.
    listed = [
        [list(shape) for shape in of_cell]
        for of_cell in ssd_shapes(6, (0.2, 0.95), (1.0, 2.0, 0.5, 3.0, 1 / 3), True)
    ]
    outputs = [spec("a", 1, 1917, 4), spec("b", 1, 1917, 91)]
    drawn = np.random.default_rng(0)
    values = [drawn.normal(0, 1, one.shape).astype(np.float32) for one in outputs]
    found = [
        load_family("ssd")(default_description("ssd", 300, 300, options=options), outputs).candidates(values)
        for options in ({}, {"anchor_shapes": listed})
    ]
    assert len(found[0].scores) == 3000 and (found[0].boxes == found[1].boxes).all()
    scales = [0.2 + 0.15 * i for i in range(6)] + [1.0]
    six = [
        [[s, 1], [(s * t) ** 0.5, 1], [s, 2], [s, 0.5], [s, 3], [s, 1 / 3]]
        for s, t in zip(scales[:-1], scales[1:], strict=True)
    ]
    outputs = [spec("a", 1, 3234, 4), spec("b", 1, 3234, 91)]
    assert accepts("ssd", 320, outputs, anchor_shapes=six, box_order="xy", activation="softmax")


def test_anchors_may_come_with_the_model():
    drawn = np.random.default_rng(0)
    anchors = drawn.uniform(0.2, 0.5, (50, 4)).astype(np.float32)
    boxes, scores = drawn.normal(0, 1, (1, 50, 4)).astype(np.float32), np.zeros((1, 50, 3), np.float32)
    scores[0, :, 1:] = drawn.uniform(0, 1, (50, 2))
    specs = [spec("anchors", 50, 4), spec("boxes", 1, 50, 4), spec("scores", 1, 50, 3)]
    description = default_description("ssd", 64, 32, 2, "", {"anchors": "output", "activation": "none"})
    suppression = replace(description.suppression, score_threshold=0.5)
    family = load_family("ssd")(replace(description, suppression=suppression), specs)
    found = family.candidates([anchors, boxes, scores])
    assert len(found.scores) == np.count_nonzero(scores[0, :, 1:] >= 0.5)
    for score, label, box in zip(found.scores, found.classes, found.boxes, strict=True):
        row = int(np.flatnonzero(scores[0, :, 1 + label] == score)[0])
        (y, x, h, w), (ay, ax, ah, aw) = boxes[0, row], anchors[row]
        y, x = (y / 10 * ah + ay) * 32, (x / 10 * aw + ax) * 64
        h, w = np.exp(h / 5) * ah * 32, np.exp(w / 5) * aw * 64
        assert box == pytest.approx([x - w / 2, y - h / 2, x + w / 2, y + h / 2], abs=1e-3)


@pytest.mark.parametrize(
    ("family", "options", "message"),
    [
        ("yolov5", {"anchors": [[[10, 13]]]}, "anchors: .* for each of the 3 strides"),
        ("yolov5", {"anchors": [[[10]], [[1]], [[2]]]}, r"expected for each .* \[width, height\]"),
        ("yolov5", {"anchors": [["a"], [1], [2, 3]]}, "expected for each"),
        ("ssd", {"box_scales": [10, 10, 5]}, "box_scales: .* expected 4 numbers above 0"),
        ("ssd", {"aspect_ratios": [1, "2"]}, "aspect_ratios: .* expected a list of numbers above 0"),
        ("ssd", {"anchor_shapes": [[[0.1, 1]]]}, "anchor_shapes: .* for each of 6 levels"),
        ("ssd", {"strides": [16], "anchor_shapes": [[[0.1, 0]]]}, r"list of \[scale, width over height\]"),
        ("ssd", {"num_scales": 0}, "num_scales: got 0, expected an integer of 1 or more"),
        ("efficientdet", {"anchor_scale": -1.0}, "anchor_scale: got -1.0, expected a number above 0"),
        ("gfl", {"reg_max": 0}, "reg_max: got 0, expected an integer of 1 or more"),
        ("fastestdet", {"objectness_power": 1.5}, "objectness_power: got 1.5, expected .* between 0 and 1"),
        ("efficientdet", {"strides": [8.5]}, "strides: .* expected integers of 1 or more"),
        (
            "end_to_end",
            {"columns": ["box", "score"]},
            r"columns: got \['box', 'score'\], expected box, score",
        ),
    ],
)
def test_options_that_cannot_be_meant_are_refused(family, options, message):
    outputs = [spec("a", 1, 3, 4, 4, 85), spec("b", 1, 3, 2, 2, 85)]
    with pytest.raises(ModelError, match=message):
        accepts(family, 32, outputs, **options)


def test_an_output_of_another_size_than_declared_is_refused_and_not_misread():
    description = default_description("yolox", 64, 64, 3, ".onnx")
    family = load_family("yolox")(description, [spec("out", 1, -1, 8)])
    with pytest.raises(ModelError, match=r"output 0 has shape \[1, 80, 8\], expected 672 values \(84 x 8\)"):
        family.candidates([np.zeros((1, 80, 8), np.float32)])


def test_boxes_of_absurd_logarithms_stay_finite():
    description = default_description("yolox", 32, 32, 1, ".onnx", {"strides": [32]})
    output = np.array([[[0.5, 0.5, 1e4, 1e4, 0.9, 0.9]]], np.float32)
    image = [spec("images", 1, 3, 32, 32)]
    found = Detector(description, image, [spec("out", 1, 1, 6)]).postprocess(
        [output], geometry_of(32, 32, description.preprocess)
    )
    assert found.boxes.tolist() == [[0, 0, 32, 32]]


# --- the raw heads inside a real SSD, beside what its own last operator makes of them


class RealSsd:
    """The tensors that the post-processing operator of the SSD takes and gives for one photo."""

    def __init__(self):
        interpreters = pytest.importorskip("ai_edge_litert.interpreter")
        path = Path(os.environ["BENCH_REAL_DATA"]) / "models" / "ssd_mobilenet_v1_300_qat.tflite"
        runner = interpreters.Interpreter(str(path), experimental_preserve_all_tensors=True)
        runner.allocate_tensors()
        pixels = np.load(path.parents[1] / "parity" / f"{path.stem}.npz")["inputs"][:1]
        runner.set_tensor(runner.get_input_details()[0]["index"], pixels)
        runner.invoke()
        operator = next(op for op in runner._get_ops_details() if "PostProcess" in op["op_name"])
        details = {detail["index"]: detail for detail in runner.get_tensor_details()}
        self.specs, self.outputs = [], []
        for name, place in zip(("boxes", "scores", "anchors"), operator["inputs"], strict=True):
            scale, zero_point = details[place]["quantization"]
            shape = tuple(int(size) for size in details[place]["shape"])
            self.specs.append(
                spec(name, *shape, dtype="uint8", scale=float(scale), zero_point=int(zero_point))
            )
            self.outputs.append(runner.get_tensor(place))
        self.boxes, self.classes, self.scores, _ = (runner.get_tensor(i) for i in operator["outputs"])

    def decoded(self, count, options, **kept):
        """Decode the first `count` tensors by ourselves, one label a box as the operator does."""
        description = default_description("ssd", 300, 300, options={"activation": "none", **options})
        suppression = replace(
            description.suppression, is_multi_label=False, is_class_aware=False, is_clipped=False, **kept
        )  # fmt: skip
        description = replace(description, suppression=suppression)
        detector = Detector(description, [spec("image", 1, 300, 300, 3)], self.specs[:count])
        return detector.postprocess(self.outputs[:count], geometry_of(300, 300, description.preprocess))


@pytest.mark.real
@pytest.mark.skipif("BENCH_REAL_DATA" not in os.environ, reason="BENCH_REAL_DATA names no folder")
@pytest.mark.parametrize(
    ("count", "options", "tolerance"),
    # The file holds its anchors in 8 bits, steps of 1.9 pixels; generated ones are exact.
    [(3, {"anchors": "output"}, 1e-3), (2, {}, 4.0)],
    ids=["with its own anchors", "with generated anchors"],
)
def test_raw_heads_of_a_real_ssd_give_what_its_own_operator_gives(count, options, tolerance):
    model = RealSsd()
    best = model.decoded(count, options, max_detections=10)
    assert best.scores.tolist() == pytest.approx(model.scores[0].tolist(), abs=1e-6)
    # Which of equal scores comes first is up to the operator, so its boxes are looked for among all.
    found = model.decoded(count, options, iou_threshold=1.0, max_detections=1917)
    top, left, bottom, right = 300 * model.boxes[0].T
    expected = np.column_stack([left, top, right - left, bottom - top, model.scores[0], model.classes[0] + 1])
    ours = np.column_stack([found.boxes, found.scores, found.category_ids])
    for row in expected:
        assert (np.abs(ours - row).max(axis=1) < tolerance).any()


@pytest.mark.real
@pytest.mark.skipif("BENCH_REAL_DATA" not in os.environ, reason="BENCH_REAL_DATA names no folder")
def test_generated_anchors_are_those_in_a_real_ssd_to_half_a_step_of_its_quantization():
    model = RealSsd()
    held = (model.outputs[2].astype(np.float32) - model.specs[2].zero_point) * model.specs[2].scale
    shapes = ssd_shapes(6, (0.2, 0.95), (1.0, 2.0, 0.5, 3.0, 1 / 3), True)
    levels = levels_of(Preprocess(300, 300), [16, 32, 64, 128, 256, 512], [len(one) for one in shapes])
    anchors = ssd_anchors(Preprocess(300, 300), levels, shapes) / 300
    assert np.abs(anchors - held).max() <= 0.5 * model.specs[2].scale * 1.001
