"""Small files with the traps of real ones, run by their runtimes: what comes out is what was put in."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import family_loops as loops
from small_files import OPERATOR, onnx_with_outputs, onnx_with_suppression, tflite_with_postprocess

from bench.detectors import Detector, geometry_of, to_input
from bench.detectors.presets import default_description
from bench.detectors.recognition import recognise_all
from bench.wire.tensor import TensorSpec

HEIGHT, WIDTH = 32, 64
PHOTO = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def litert_spec(detail):
    shape = tuple(int(size) for size in detail["shape"])
    return TensorSpec(detail["name"], shape, np.dtype(detail["dtype"]).name)


def run_onnx(path, description):
    """Return the detections of a file, of a photo as large as its input."""
    session = pytest.importorskip("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs, outputs = onnx_specs(session)
    detector = Detector(description, inputs, outputs)
    values = session.run(None, {"image": to_input(PHOTO, description.preprocess, inputs[0])})
    return detector.postprocess(values, geometry_of(WIDTH, HEIGHT, description.preprocess))


def onnx_specs(session):
    kinds = {"tensor(float)": "float32", "tensor(int64)": "int64"}
    return [
        [
            # Axes of unknown length have names in place of numbers.
            TensorSpec(
                value.name, tuple(n if isinstance(n, int) else -1 for n in value.shape), kinds[value.type]
            )
            for value in values
        ]
        for values in (session.get_inputs(), session.get_outputs())
    ]


def unclipped(description, **kept):
    """Return a description that keeps what the family gives, without suppression."""
    kept = {
        "is_clipped": False,
        "iou_threshold": 1.0,
        "max_detections": 10**6,
        "pre_nms_top_k": 10**6,
        **kept,
    }
    return replace(description, suppression=replace(description.suppression, **kept))


def corners(found):
    return np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + found.boxes[:, 2:]], axis=1)


def assert_has_all(found, expected):
    """Compare with rows (score, class, box), class 0 being category 1."""
    ours = np.column_stack([found.scores, found.category_ids - 1, corners(found)])
    expected = np.array(list(expected))
    assert len(ours) == len(expected) > 0
    assert (np.abs(ours[:, None] - expected).max(axis=2) < 1e-3).any(axis=0).all()


# --- the post-processing operator: no shapes before the first call, y first, classes as reals from 0


@pytest.fixture
def heads():
    drawn = np.random.default_rng(0)
    return {
        "boxes": drawn.normal(0, 1, (1, 40, 4)).astype(np.float32),
        "scores": drawn.permutation(160).reshape(1, 40, 4).astype(np.float32) / 160,
        "anchors": drawn.uniform(0.2, 0.6, (40, 4)).astype(np.float32),
    }


def expected_of(heads):
    """Return all (score, class, box) of the best class of each anchor, in pixels."""
    for told, scores, (ay, ax, ah, aw) in zip(
        heads["boxes"][0], heads["scores"][0], heads["anchors"], strict=True
    ):
        label = max(range(3), key=lambda c: scores[1 + c])
        y, x = (told[0] / 10 * ah + ay) * HEIGHT, (told[1] / 10 * aw + ax) * WIDTH
        h, w = np.exp(told[2] / 5) * ah * HEIGHT, np.exp(told[3] / 5) * aw * WIDTH
        yield scores[1 + label], label, *loops.centred(x, y, w, h)


def test_a_file_with_the_postprocessing_operator_is_read_before_and_after_its_shapes_are_known(
    tmp_path, heads
):
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    path = tmp_path / "model_int8.tflite"
    tflite_with_postprocess(path, heads["boxes"], heads["scores"], heads["anchors"], (HEIGHT, WIDTH))
    runner = interpreters.Interpreter(str(path))
    before = [litert_spec(detail) for detail in runner.get_output_details()]
    assert [spec.shape for spec in before] == [()] * 4
    runner.allocate_tensors()
    runner.invoke()
    details = runner.get_output_details()
    values, after = (
        [runner.get_tensor(detail["index"]) for detail in details],
        list(map(litert_spec, details)),
    )
    assert values[1].dtype == np.float32 and 0 in values[1]
    image = [TensorSpec("image", (1, HEIGHT, WIDTH, 3), "float32")]
    description = unclipped(default_description("tfod", WIDTH, HEIGHT, 3, ".tflite"))
    geometry = geometry_of(WIDTH, HEIGHT, description.preprocess)
    everything = np.array(list(expected_of(heads)))
    for specs in (before, after):
        assert recognise_all(image, specs, {OPERATOR: 1}, ".tflite")[0].description.decode.family == "tfod"
        found = Detector(description, image, specs).postprocess(values, geometry)
        assert len(found.scores) == 10 and found.scores[0] == everything[:, 0].max()
        ours = np.column_stack([found.scores, found.category_ids - 1, corners(found)])
        assert (np.abs(ours[:, None] - everything).max(axis=2) < 1e-3).any(axis=1).all()


def test_our_own_decoding_and_suppression_of_the_heads_keeps_what_the_operator_keeps(tmp_path, heads):
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    path = tmp_path / "model.tflite"
    tflite_with_postprocess(path, heads["boxes"], heads["scores"], heads["anchors"], (HEIGHT, WIDTH))
    runner = interpreters.Interpreter(str(path))
    runner.allocate_tensors()
    runner.invoke()
    boxes, classes, scores, _ = (runner.get_tensor(detail["index"]) for detail in runner.get_output_details())
    options = {"anchors": "output", "activation": "none"}
    description = default_description("ssd", WIDTH, HEIGHT, 3, ".tflite", options)
    kept = {"is_multi_label": False, "is_class_aware": False, "iou_threshold": 0.6, "max_detections": 10}
    description = unclipped(description, **kept)
    specs = [TensorSpec(name, array.shape, "float32") for name, array in heads.items()]
    image = [TensorSpec("image", (1, HEIGHT, WIDTH, 3), "float32")]
    found = Detector(description, image, specs).postprocess(
        [*heads.values()], geometry_of(WIDTH, HEIGHT, description.preprocess)
    )
    assert found.scores.tolist() == pytest.approx(scores[0].tolist())
    assert (found.category_ids == classes[0] + 1).all()
    expected = boxes[0][:, [1, 0, 3, 2]] * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    assert np.abs(corners(found) - expected).max() < 1e-3


# --- distributions without a batch axis, whose names are mixed up, in an order that changes between builds


def make_nanodet(seed=0):
    """Return the outputs of a NanoDet by the names that its exporter gives, and its parts for the loop."""
    drawn = np.random.default_rng(seed)
    grids = [(4, 8), (2, 4), (1, 2)]
    parts = {
        "scores": [drawn.uniform(0, 1, (1, *grid, 5)).astype(np.float32) for grid in grids],
        "distances": [drawn.normal(0, 2, (1, *grid, 32)).astype(np.float32) for grid in grids],
    }
    tables = [array.reshape(-1, array.shape[3]) for of_part in parts.values() for array in of_part]
    names = ("cls_score0", "bbox_pred0", "cls_score1", "bbox_pred1", "cls_score2", "bbox_pred2")
    return dict(zip(names, tables, strict=True)), parts


@pytest.mark.parametrize("is_reversed", [False, True], ids=["one build", "its sibling"])
def test_outputs_without_batch_axis_are_bound_by_shape_where_names_lie_and_orders_differ(
    tmp_path, is_reversed
):
    pytest.importorskip("onnx")
    outputs, parts = make_nanodet()
    if is_reversed:
        outputs = dict(reversed(outputs.items()))
    onnx_with_outputs(tmp_path / "n.onnx", outputs, (1, 3, HEIGHT, WIDTH), ["LeakyRelu", "Sigmoid"])
    description = default_description("gfl", WIDTH, HEIGHT, 5, ".onnx")
    found = run_onnx(tmp_path / "n.onnx", unclipped(description, score_threshold=0.2))
    expected = loops.distributions(parts, (8, 16, 32), is_logit=False)
    assert_has_all(found, (row for row in expected if row[0] >= 0.2))


# --- one output of pixels in ONNX files; yolov8 has channels first, yolov5 rows first


def test_files_of_both_yolo_kinds_are_recognised_and_their_pixels_read(tmp_path):
    pytest.importorskip("onnx")
    drawn = np.random.default_rng(1)
    boxes = drawn.uniform(4, 28, (126, 4)).astype(np.float32)
    scores = drawn.uniform(0, 1, (126, 80)).astype(np.float32)
    ones = np.ones((126, 1), np.float32)
    # 32 + 8 + 2 cells of 64 x 32 pixels, three anchors each.
    files = {
        "yolov8": np.concatenate([boxes, scores], axis=1)[:42].T[None],
        "yolov5": np.concatenate([boxes, ones, scores], axis=1)[None],
    }
    for family, output in files.items():
        path = tmp_path / f"{family}.onnx"
        onnx_with_outputs(path, {"output0": np.ascontiguousarray(output)}, (1, 3, HEIGHT, WIDTH))
        specs = onnx_specs(pytest.importorskip("onnxruntime").InferenceSession(path))
        best = recognise_all(*specs, {}, ".onnx")[0].description
        assert best.decode.family == family and best.decode.options["normalized"] is False
        found = run_onnx(path, unclipped(best, score_threshold=0.5))
        count = 42 if family == "yolov8" else 126
        ids = [best.category_ids.index(one) for one in found.category_ids]
        rows = [
            int(np.flatnonzero(scores[:count, c] == s)[0]) for c, s in zip(ids, found.scores, strict=True)
        ]
        assert len(rows) == np.count_nonzero(scores[:count] >= 0.5)
        assert np.allclose(corners(found)[:, :2], boxes[rows, :2] - boxes[rows, 2:] / 2, atol=1e-4)


# --- suppression in the graph


def test_what_an_onnx_suppression_selects_is_what_ours_keeps(tmp_path):
    pytest.importorskip("onnx")
    drawn = np.random.default_rng(2)
    corner, size = drawn.uniform(0, 24, (300, 2)), drawn.uniform(4, 24, (300, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    scores = (drawn.permutation(900).reshape(3, 300) / 900).astype(np.float32)
    path = tmp_path / "suppressing.onnx"
    onnx_with_suppression(path, boxes[None, :, [1, 0, 3, 2]], scores[None], 0.5, 0.3, (1, 3, HEIGHT, WIDTH))
    specs = onnx_specs(pytest.importorskip("onnxruntime").InferenceSession(path))
    best = recognise_all(*specs, {"NonMaxSuppression": 1}, ".onnx")[0].description
    assert best.decode.family == "end_to_end" and len(best.category_ids) == 3
    ordered = replace(best, decode=replace(best.decode, options={"box_order": "yx"}))
    found = run_onnx(path, unclipped(ordered))
    kept = {"is_clipped": False, "iou_threshold": 0.5, "score_threshold": 0.3, "max_detections": 10**6}
    ours = default_description("yolov8", WIDTH, HEIGHT, 3, ".onnx")
    ours = replace(ours, suppression=replace(ours.suppression, **kept))
    centred = np.concatenate([boxes[:, :2] + size.astype(np.float32) / 2, size], axis=1).T
    output = np.concatenate([centred, scores]).astype(np.float32)[None]
    detector = Detector(ours, specs[0], [TensorSpec("output0", output.shape, "float32")])
    expected = detector.postprocess([output], geometry_of(WIDTH, HEIGHT, ours.preprocess))
    assert 30 < len(expected.scores) < 600
    assert found.scores.tolist() == expected.scores.tolist()
    assert found.category_ids.tolist() == expected.category_ids.tolist()
    assert np.abs(found.boxes - expected.boxes).max() < 1e-4
