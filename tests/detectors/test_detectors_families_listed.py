"""Graphs that suppress by themselves: three forms of one list, in every box format; padding is dropped."""

import numpy as np
import pytest

from bench.detectors import Detector, geometry_of
from bench.errors import ModelError
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

IMAGE = [TensorSpec("image", (1, 64, 128, 3), "float32")]
XYXY = np.array([[10, 20, 40, 30], [64, 0, 128, 64], [5, 6, 7, 9]], np.float32)
XYWH = [[10, 20, 30, 10], [64, 0, 64, 64], [5, 6, 2, 3]]
SCORES = np.array([0.5, 0.9, 0.25], np.float32)
CLASSES = np.array([2, 0, 1])
IDS = (7, 9, 11)


def spec(name, array, dtype=None):
    return TensorSpec(name, array.shape, dtype or str(array.dtype))


def detect(named, ids=IDS, outputs=None, threshold=0.001, shapes=None, **options):
    description = ModelDescription(
        Preprocess(128, 64),
        Decode("end_to_end", outputs or {}, options),
        Suppression(score_threshold=threshold, in_graph=True),
        ids,
    )
    specs = [
        TensorSpec(name, (shapes or {}).get(name, array.shape), str(array.dtype))
        for name, array in named.items()
    ]
    detector = Detector(description, IMAGE, specs)
    return detector.postprocess(list(named.values()), geometry_of(128, 64, description.preprocess))


def assert_all_three(found):
    assert found.category_ids.tolist() == [7, 11, 9]
    assert found.scores.tolist() == pytest.approx([0.9, 0.5, 0.25])
    assert np.allclose(found.boxes, [XYWH[1], XYWH[0], XYWH[2]], atol=1e-4)


def formatted(box_format, box_order, normalized):
    boxes = XYXY.copy()
    if box_format != "xyxy":
        boxes[:, 2:] -= boxes[:, :2]
    if box_format == "cxcywh":
        boxes[:, :2] += boxes[:, 2:] / 2
    if normalized:
        boxes /= [128, 64, 128, 64]
    return boxes[:, [1, 0, 3, 2]] if box_order == "yx" else boxes


def rows(boxes, padding=0):
    table = np.column_stack([boxes, SCORES, CLASSES]).astype(np.float32)
    return np.concatenate([table, np.zeros((padding, 6), np.float32)])[None]


@pytest.mark.parametrize("box_format", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("box_order", ["xy", "yx"])
@pytest.mark.parametrize("normalized", [False, True])
def test_boxes_are_read_in_every_format_order_and_unit(box_format, box_order, normalized):
    boxes = formatted(box_format, box_order, normalized)
    options = {"box_format": box_format, "box_order": box_order, "normalized": normalized}
    assert_all_three(detect({"out": rows(boxes)}, **options))
    apart = {"boxes": boxes[None], "scores": SCORES[None], "classes": CLASSES[None]}
    assert_all_three(detect(apart, **options))


def test_rows_of_padding_are_dropped_even_with_a_threshold_of_zero():
    assert_all_three(detect({"out": rows(XYXY, padding=297)}, threshold=0.0))
    padded = {
        "boxes": np.concatenate([XYXY, XYXY])[None],
        "scores": np.array([[*SCORES, 0.8, 0.8, 0.8]], np.float32),
        "classes": np.array([[*CLASSES, -1, -1, -1]], np.int32),
    }
    assert_all_three(detect(padded))


def test_a_number_of_detections_ends_the_list():
    named = {
        "num_dets": np.array([[3]], np.int32),
        "det_boxes": np.concatenate([XYXY, XYXY])[None],
        "det_scores": np.array([[*SCORES, 0.8, 0.8, 0.8]], np.float32),
        "det_classes": np.array([[*CLASSES, 1, 1, 1]], np.int32),
    }
    assert_all_three(detect(named))
    assert_all_three(detect(dict(reversed(named.items()))))


def test_columns_may_stand_in_another_order():
    # YOLOv7's export: the photo's number in the batch, box, class, score; rows are not padded.
    table = np.column_stack([np.zeros(3), XYXY, CLASSES, SCORES]).astype(np.float32)
    assert_all_three(detect({"output": table}, shapes={"output": (-1, 7)}))
    table = np.column_stack([CLASSES, np.full(3, 5), SCORES, XYXY]).astype(np.float32)[None]
    assert_all_three(detect({"output": table}, columns=["class", "skip", "score", "box"]))


def test_rows_of_no_photo_are_padding():
    table = np.column_stack([[0, 0, 0, -1], [*XYXY, [1, 1, 2, 2]], [*CLASSES, 0], [*SCORES, 0.7]])
    assert_all_three(detect({"output": table.astype(np.float32)}))


def test_the_indices_of_an_onnx_suppression_pick_boxes_and_scores():
    drawn = np.random.default_rng(0)
    boxes = drawn.uniform(0, 60, (1, 20, 4)).astype(np.float32)
    scores = np.zeros((1, 3, 20), np.float32)
    places = [4, 17, 2]
    boxes[0, places] = XYXY
    scores[0, CLASSES, places] = SCORES
    selected = np.column_stack([np.zeros(3), CLASSES, places]).astype(np.int64)
    named = {"boxes": boxes, "selected_indices": selected, "scores": scores}
    shapes = {"selected_indices": (-1, 3)}
    assert_all_three(detect(named, shapes=shapes))
    assert_all_three(detect(dict(reversed(named.items())), shapes=shapes))


def test_labels_that_count_from_one_are_shifted():
    named = {"boxes": XYXY[None], "labels": (CLASSES + 1)[None], "scores": SCORES[None]}
    assert_all_three(detect(named, class_offset=-1))
    with pytest.raises(
        ModelError, match="class 3, but 3 category ids with class_offset 0 cover classes 0 to 2"
    ):
        detect(named)


def test_outputs_without_a_batch_axis_are_read():
    assert_all_three(detect({"boxes": XYXY, "labels": CLASSES, "scores": SCORES}))


def test_classes_that_are_whole_numbers_need_no_telling_name():
    assert_all_three(detect({"a": XYXY[None], "b": SCORES[None], "c": CLASSES[None]}))


def test_classes_that_are_reals_need_a_name():
    named = {"a": XYXY[None], "b": SCORES[None], "c": CLASSES[None].astype(np.float32)}
    with pytest.raises(ModelError, match="family 'end_to_end' expects"):
        detect(named)
    assert_all_three(detect(named, outputs={"boxes": "a", "scores": "b", "classes": "c"}))


def test_scores_below_the_threshold_are_left_out():
    assert detect({"out": rows(XYXY)}, threshold=0.3).category_ids.tolist() == [7, 11]


def test_equal_scores_keep_the_graph_s_order():
    table = np.column_stack([XYXY, [0.5, 0.5, 0.5], CLASSES]).astype(np.float32)[None]
    assert detect({"out": table}).category_ids.tolist() == [11, 7, 9]


def test_outputs_of_another_kind_are_refused_with_what_was_expected():
    with pytest.raises(ModelError, match=r"expects an output of rows \[1, n, 6\].*'x' \[1, 1000\].*columns"):
        detect({"x": np.zeros((1, 1000), np.float32)})


def test_a_short_list_is_told_from_a_dense_head_of_as_many_columns():
    named = {"dense": np.zeros((1, 8400, 6), np.float32), "list": rows(XYXY, padding=97)}
    assert_all_three(detect(named))
    assert_all_three(detect(dict(reversed(named.items()))))
