"""From raw outputs to detections: caps, thresholds, the way back to the photo, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from bench.detectors import Detector, geometry_of
from bench.detectors.presets import default_description
from bench.errors import ModelError
from bench.wire.description import Decode, ModelDescription, Preprocess, Quantization, Suppression
from bench.wire.tensor import TensorSpec

IMAGE = [TensorSpec("image", (1, 100, 100, 3), "float32")]
DESCRIPTION = ModelDescription(Preprocess(100, 100), Decode("yolov8"), Suppression(iou_threshold=0.5), (3, 5))


def detect(description, rows, width=100, height=100):
    """Run the detector on rows of centre x, centre y, width, height, score of 3, score of 5."""
    output = np.array(rows, np.float32).reshape(-1, 6).T[None]
    detector = Detector(description, IMAGE, [TensorSpec("out", output.shape, "float32")])
    return detector.postprocess([output], geometry_of(width, height, description.preprocess))


def test_overlapping_boxes_of_a_class_leave_the_best_and_other_classes_stay():
    rows = [[50, 50, 20, 20, 0.6, 0], [51, 50, 20, 20, 0.8, 0.3], [10, 10, 5, 5, 0.1, 0]]
    found = detect(DESCRIPTION, rows)
    assert found.scores.tolist() == pytest.approx([0.8, 0.3, 0.1])
    assert found.category_ids.tolist() == [3, 5, 3]
    one_label = replace(DESCRIPTION, suppression=Suppression(iou_threshold=0.5, is_multi_label=False))
    assert detect(one_label, rows).scores.tolist() == pytest.approx([0.8, 0.1])
    agnostic = replace(DESCRIPTION, suppression=Suppression(iou_threshold=0.5, is_class_aware=False))
    assert detect(agnostic, rows).scores.tolist() == pytest.approx([0.8, 0.1])


def test_no_more_than_max_detections_are_given_with_and_without_suppression_in_the_graph():
    rows = [[5 + 10 * i, 50, 4, 4, 0.9 - i / 100, 0] for i in range(9)]
    for in_graph in (False, True):
        settings = Suppression(max_detections=4, in_graph=in_graph)
        found = detect(replace(DESCRIPTION, suppression=settings), rows)
        assert found.scores.tolist() == pytest.approx([0.9, 0.89, 0.88, 0.87])


def test_suppression_in_the_graph_is_not_done_again():
    rows = [[50, 50, 20, 20, 0.6, 0], [50, 50, 20, 20, 0.8, 0]]
    settings = Suppression(in_graph=True)
    assert len(detect(replace(DESCRIPTION, suppression=settings), rows).scores) == 2


def test_scores_below_the_threshold_are_left_out_and_the_threshold_itself_is_kept():
    settings = replace(DESCRIPTION.suppression, score_threshold=0.25)
    rows = [[10, 10, 4, 4, 0.25, 0], [50, 50, 4, 4, 0.2499, 0]]
    assert detect(replace(DESCRIPTION, suppression=settings), rows).scores.tolist() == [0.25]


def test_a_letterbox_is_undone():
    description = replace(DESCRIPTION, preprocess=Preprocess(100, 100, resize="letterbox"))
    # 200 x 100 comes to lie at half its size, 25 pixels below the top.
    found = detect(description, [[50, 50, 20, 10, 0.9, 0]], width=200, height=100)
    assert found.boxes.tolist() == [[80, 40, 40, 20]]


AT_THE_BORDER = [[2, 50, 20, 20, 0.9, 0], [-5, 50, 20, 20, 0.8, 0], [50, 300, 9, 9, 0.7, 0]]


def test_boxes_are_cut_off_at_the_border_and_those_that_lie_elsewhere_are_counted():
    found = detect(DESCRIPTION, AT_THE_BORDER)
    assert found.boxes.tolist() == [[0, 40, 12, 20], [0, 40, 5, 20]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.8]) and found.category_ids.tolist() == [3, 3]
    assert found.num_outside == 2


def test_boxes_may_be_left_as_the_model_gave_them():
    settings = replace(DESCRIPTION.suppression, is_clipped=False)
    found = detect(replace(DESCRIPTION, suppression=settings), AT_THE_BORDER)
    assert found.boxes[0].tolist() == [-8, 40, 20, 20]
    assert len(found.boxes) == 3 and found.num_outside == 2


def test_a_photo_without_detections_gives_empty_arrays_of_the_right_types():
    found = detect(DESCRIPTION, [[50, 50, 20, 20, 0, 0]])
    assert found.boxes.shape == (0, 4) and found.boxes.dtype == np.float32
    assert found.scores.dtype == np.float32 and found.category_ids.dtype == np.int32
    assert found.num_outside == 0


def test_boxes_that_are_no_numbers_fail_the_case_instead_of_lowering_its_score():
    with pytest.raises(ModelError, match="boxes that are not finite"):
        detect(DESCRIPTION, [[np.nan, 50, 20, 20, 0.9, 0]])


def test_a_model_of_two_inputs_is_refused():
    with pytest.raises(ModelError, match=r"has 2 inputs \('image', 'image'\), expected one"):
        Detector(DESCRIPTION, IMAGE * 2, [TensorSpec("out", (1, 6, 9), "float32")])


def test_boxes_in_the_frame_of_the_photo_need_no_letterbox_undone():
    description = replace(DESCRIPTION, preprocess=Preprocess(100, 100, resize="letterbox"))
    undone = replace(description, decode=replace(description.decode, frame="photo"))
    # A tenth to three tenths across and two to four tenths down, of a photo of 200 x 100.
    found = detect(undone, [[20, 30, 20, 20, 0.9, 0]], width=200, height=100)
    assert found.boxes.tolist() == [pytest.approx([20, 20, 40, 20])]
    assert detect(description, [[20, 30, 20, 20, 0.9, 0]], width=200, height=100).boxes[0, 1] == -0


def test_the_quantization_of_an_output_can_be_put_right():
    rows = np.array([[50, 50, 20, 20, 90, 0]], np.int8).T[None]
    outputs = [TensorSpec("out", rows.shape, "int8", 0.5, 1)]
    own = replace(DESCRIPTION.decode, quantization={"out": Quantization(0.01, 0)})
    description = replace(DESCRIPTION, decode=replace(own, options={"normalized": True}))
    found = Detector(description, IMAGE, outputs).postprocess(
        [rows], geometry_of(100, 100, description.preprocess)
    )
    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.boxes[0].tolist() == pytest.approx([40, 40, 20, 20], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "dtype", "message"),
    [
        ("oot", "int8", "detector.outputs: the model has no output 'oot', did you mean 'out'?"),
        ("out", "float32", "detector.outputs: output 'out' holds float32, expected integers"),
    ],
)
def test_a_quantization_of_no_integer_output_is_refused(name, dtype, message):
    decode = replace(DESCRIPTION.decode, quantization={name: Quantization(0.01, 0)})
    with pytest.raises(ModelError) as caught:
        Detector(replace(DESCRIPTION, decode=decode), IMAGE, [TensorSpec("out", (1, 6, 9), dtype)])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("family", "shape"),
    [("yolov8", (1, 24, 8400)), ("yolov5", (1, 25200, 25)), ("yolox", (1, 8400, 25))],
)
def test_a_model_of_other_classes_than_its_labels_is_refused_with_both_numbers(family, shape):
    # A file of a well-known name that was trained on 20 classes of another data set.
    description = default_description(family, 640, 640, file_suffix=".onnx")
    inputs = [TensorSpec("images", (1, 3, 640, 640), "float32")]
    outputs = [TensorSpec("output0", shape, "float32")]
    with pytest.raises(ModelError, match="labels name 80 classes, but the model's outputs look like 20"):
        Detector(description, inputs, outputs)
    Detector(replace(description, category_ids=tuple(range(20))), inputs, outputs)
