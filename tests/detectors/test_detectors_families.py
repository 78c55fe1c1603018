"""Each family on outputs small enough to work out by hand, and on what its files get wrong in practice."""

from dataclasses import replace

import numpy as np
import pytest

from bench.detectors import Detector, geometry_of
from bench.detectors.presets import COCO_80, COCO_90, FAMILY_NAMES, default_description
from bench.errors import ModelError
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

IMAGE = [TensorSpec("image", (1, 32, 32, 3), "float32")]


def spec(name, *shape, dtype="float32", scale=0.0, zero_point=0):
    return TensorSpec(name, shape, dtype, scale, zero_point)


def describe(family, category_ids, outputs=None, suppression=None, **options):
    return ModelDescription(
        Preprocess(32, 32), Decode(family, outputs or {}, options), suppression or Suppression(), category_ids
    )


def detect(description, specs, outputs, width=32, height=32):
    detector = Detector(description, IMAGE, specs)
    return detector.postprocess(outputs, geometry_of(width, height, description.preprocess))


def logit(score):
    return np.log(score / (1 - score))


# --- ltrb: strides 16 and 32 on 32 pixels are four cells and one


def ltrb_outputs():
    scores = np.full((1, 5, 2), -20, np.float32)
    scores[0, 1, 0] = logit(0.75)  # right cell of the upper row, centre (24, 8)
    scores[0, 4, 1] = logit(0.9)  # the cell of stride 32, centre (16, 16)
    boxes = np.zeros((1, 5, 4), np.float32)
    boxes[0, 1] = [0.25, 0.5, 0.125, 0.0]  # of 16 pixels each: 4, 8, 2, 0
    boxes[0, 4] = [0.5, 0.25, 0.25, 0.5]  # of 32 pixels each: 16, 8, 8, 16
    return scores, boxes


LTRB = describe("ltrb", (7, 9), strides=[16, 32])
LTRB_SPECS = [spec("a", 1, 5, 2), spec("b", 1, 5, 4)]


def test_ltrb_reaches_from_the_cell_s_centre_in_strides():
    found = detect(LTRB, LTRB_SPECS, ltrb_outputs())
    assert found.category_ids.tolist() == [9, 7] and found.category_ids.dtype == np.int32
    assert found.scores.tolist() == pytest.approx([0.9, 0.75]) and found.scores.dtype == np.float32
    assert found.boxes.tolist() == [[0, 8, 24, 24], [20, 0, 6, 8]] and found.boxes.dtype == np.float32


def test_ltrb_outputs_may_come_in_either_order():
    expected = detect(LTRB, LTRB_SPECS, ltrb_outputs())
    swapped = detect(LTRB, LTRB_SPECS[::-1], ltrb_outputs()[::-1])
    assert (swapped.boxes == expected.boxes).all() and (swapped.scores == expected.scores).all()


def test_ltrb_boxes_go_back_to_the_pixels_of_the_photo():
    found = detect(LTRB, LTRB_SPECS, ltrb_outputs(), width=64, height=96)
    assert found.boxes.tolist() == [[0, 24, 48, 72], [40, 0, 12, 24]]


def test_quantized_ltrb_outputs_give_the_boxes_of_the_real_ones():
    specs = [
        spec("a", 1, 5, 2, dtype="int8", scale=0.125, zero_point=10),
        spec("b", 1, 5, 4, dtype="uint8", scale=0.0625, zero_point=1),
    ]
    outputs = [
        np.clip(np.rint(real / s.scale) + s.zero_point, np.iinfo(s.dtype).min, np.iinfo(s.dtype).max).astype(
            s.dtype
        )
        for real, s in zip(ltrb_outputs(), specs, strict=True)
    ]
    found = detect(LTRB, specs, outputs)
    assert found.boxes.tolist() == [[0, 8, 24, 24], [20, 0, 6, 8]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.75], abs=0.02)


def test_ltrb_scores_may_be_probabilities_already():
    scores, boxes = ltrb_outputs()
    description = describe("ltrb", (7, 9), strides=[16, 32], activation="none")
    found = detect(description, LTRB_SPECS, [1 / (1 + np.exp(-scores)), boxes])
    assert found.scores.tolist() == pytest.approx([0.9, 0.75])


def test_ltrb_with_four_classes_is_told_apart_by_name():
    description = describe("ltrb", (1, 2, 3, 4), strides=[32])
    specs = [spec("model/boxes", 1, 1, 4), spec("model/scores", 1, 1, 4)]
    outputs = [np.full((1, 1, 4), 0.25, np.float32), np.array([[[-9, 3, -9, -9]]], np.float32)]
    assert detect(description, specs, outputs).boxes.tolist() == [[8, 8, 16, 16]]
    with pytest.raises(ModelError, match="cannot tell which output is 'scores'"):
        Detector(description, IMAGE, [spec("x", 1, 1, 4), spec("y", 1, 1, 4)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strides": [16, 32], "num_classes": 80}, "num_classes is 80, but there are 2 category ids"),
        ({"strides": [16, 32], "activation": "softmax"}, "got 'softmax', expected one of none, sigmoid"),
        ({"strides": [0]}, r"detector.options.strides: got \[0\], expected integers of 1 or more"),
        ({"strides": [8]}, "cannot tell which output is 'scores'"),
    ],
)
def test_ltrb_options_that_do_not_fit_the_model_are_refused(options, message):
    with pytest.raises(ModelError, match=message):
        Detector(describe("ltrb", (7, 9), **options), IMAGE, LTRB_SPECS)


def test_ltrb_counts_the_cells_that_a_stride_does_not_fill():
    description = describe("ltrb", (7,), strides=[24])
    Detector(description, IMAGE, [spec("a", 1, 4, 1), spec("b", 1, 4, 4)])


# --- tfod

TFOD = describe("tfod", COCO_90, suppression=Suppression(score_threshold=0.0, in_graph=True))
TFOD_NAMES = ("TFLite_Detection_PostProcess", *(f"TFLite_Detection_PostProcess:{i}" for i in (1, 2, 3)))
TFOD_OUTPUTS = [
    np.array([[[0.25, 0.5, 0.75, 1.0], [0, 0, 0.5, 0.25], [9, 9, 9, 9]]], np.float32),
    np.array([[0, 17, 3]], np.float32),
    np.array([[0.5, 0.75, 0.9]], np.float32),
    np.array([2], np.float32),
]


def assert_is_the_tfod_example(found):
    assert found.category_ids.tolist() == [18, 1] and found.scores.tolist() == [0.75, 0.5]
    assert found.boxes.tolist() == [[0, 0, 16, 32], [32, 16, 32, 32]]


@pytest.mark.parametrize("shapes", [[(1, 3, 4), (1, 3), (1, 3), (1,)], [()] * 4])
def test_tfod_reads_y_first_fractions_and_stops_at_num(shapes):
    specs = [spec(name, *shape) for name, shape in zip(TFOD_NAMES, shapes, strict=True)]
    assert_is_the_tfod_example(detect(TFOD, specs, TFOD_OUTPUTS, 64, 64))


def test_tfod_outputs_in_another_order_are_found_by_name():
    order = [3, 1, 0, 2]
    for names in (
        TFOD_NAMES,
        ("detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0"),
    ):
        found = detect(TFOD, [spec(names[i]) for i in order], [TFOD_OUTPUTS[i] for i in order], 64, 64)
        assert_is_the_tfod_example(found)


def test_tfod_outputs_without_telling_names_need_them_in_the_description():
    specs = [spec("a", 1, 3, 4), spec("b", 1, 3), spec("c", 1, 3), spec("d", 1)]
    with pytest.raises(ModelError, match=r"cannot tell which output is 'classes'.*'b' \[1, 3\]"):
        Detector(TFOD, IMAGE, specs)
    named = replace(TFOD, decode=Decode("tfod", {"classes": "b", "scores": "c"}))
    assert_is_the_tfod_example(detect(named, specs, TFOD_OUTPUTS, 64, 64))


def test_tfod_outputs_of_tensorflow_2_are_numbered_the_other_way_round():
    names = [f"StatefulPartitionedCall:{number}" for number in (3, 2, 1, 0)]
    assert_is_the_tfod_example(detect(TFOD, [spec(name) for name in names], TFOD_OUTPUTS, 64, 64))
    order = [1, 3, 0, 2]
    specs = [spec(names[i], *TFOD_OUTPUTS[i].shape) for i in order]
    assert_is_the_tfod_example(detect(TFOD, specs, [TFOD_OUTPUTS[i] for i in order], 64, 64))


def test_tfod_boxes_may_have_been_given_x_first():
    outputs = [TFOD_OUTPUTS[0][:, :, [1, 0, 3, 2]], *TFOD_OUTPUTS[1:]]
    description = replace(TFOD, decode=Decode("tfod", options={"box_order": "xy"}))
    assert_is_the_tfod_example(detect(description, [spec(n) for n in TFOD_NAMES], outputs, 64, 64))


def test_tfod_classes_that_count_from_one_are_shifted():
    description = describe("tfod", (7, 9), suppression=TFOD.suppression, class_offset=-1)
    outputs = [TFOD_OUTPUTS[0], np.array([[1, 2, 0]], np.float32), *TFOD_OUTPUTS[2:]]
    assert detect(description, [spec(n) for n in TFOD_NAMES], outputs).category_ids.tolist() == [9, 7]


def test_a_tfod_class_without_a_category_is_refused_rather_than_dropped():
    description = describe("tfod", COCO_80[:10], suppression=TFOD.suppression)
    with pytest.raises(
        ModelError, match="class 17, but 10 category ids with class_offset 0 cover classes 0 to 9"
    ):
        detect(description, [spec(n) for n in TFOD_NAMES], TFOD_OUTPUTS)


def test_tfod_keeps_the_graph_s_order_between_equal_scores_and_its_own_suppression():
    outputs = [
        np.array([[[0, 0, 1, 1]] * 3], np.float32),
        np.array([[4, 5, 4]], np.float32),
        np.full((1, 3), 0.5, np.float32),
        np.array([3], np.float32),
    ]
    found = detect(TFOD, [spec(n) for n in TFOD_NAMES], outputs)
    assert found.category_ids.tolist() == [5, 6, 5]


# --- yolov5 and yolov8: the same two objects in either format

CENTRED = np.array([[16, 16, 8, 4], [8, 24, 4, 8], [0, 0, 1, 1]], np.float32)
XYWH = [[12, 14, 8, 4], [6, 20, 4, 8]]


def yolov5_output():
    rows = np.zeros((1, 3, 7), np.float32)
    rows[0, :, :4] = CENTRED
    rows[0, :, 4] = [0.9, 0.5, 0.0005]
    rows[0, :, 5:] = [[1.0, 0.0], [0.0, 0.5], [1.0, 1.0]]
    return rows


def yolov8_output():
    channels = np.zeros((1, 6, 3), np.float32)
    channels[0, :4] = CENTRED.T
    channels[0, 4:] = [[0.9, 0.0, 0.0005], [0.0, 0.25, 0.0005]]
    return channels


@pytest.mark.parametrize(
    ("family", "output"),
    [
        ("yolov5", yolov5_output()),
        ("yolov8", yolov8_output()),
        ("yolov8", yolov8_output().transpose(0, 2, 1)),
    ],
    ids=["yolov5", "yolov8", "yolov8 transposed"],
)
@pytest.mark.parametrize("is_multi_label", [True, False])
def test_yolo_rows_become_boxes_in_pixels_and_in_fractions(family, output, is_multi_label):
    suppression = Suppression(is_multi_label=is_multi_label)
    for normalized in (False, True):
        given = output.copy()
        if normalized:
            is_channels_first = output.shape[1] == 6
            given[0, :4] /= 32 if is_channels_first else 1
            given[0, :, :4] /= 1 if is_channels_first else 32
        description = describe(family, (7, 9), None, suppression, normalized=normalized)
        found = detect(description, [spec("out", *given.shape)], [given])
        assert found.boxes.tolist() == XYWH
        assert found.category_ids.tolist() == [7, 9]
        assert found.scores.tolist() == pytest.approx([0.9, 0.25])


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("family", ["yolov5", "yolov8"])
def test_quantized_yolo_outputs_give_what_their_dequantized_copies_give(family, dtype):
    shape = (1, 500, 25) if family == "yolov5" else (1, 24, 500)
    limits = np.iinfo(dtype)
    raw = np.random.default_rng(0).integers(limits.min, limits.max + 1, shape).astype(dtype)
    quantized = spec("out", *shape, dtype=dtype, scale=0.0045, zero_point=int(limits.min) + 3)
    real = (raw.astype(np.int32) - quantized.zero_point).astype(np.float32) * np.float32(0.0045)
    description = describe(
        family,
        tuple(range(1, 21)),
        normalized=True,
        suppression=Suppression(pre_nms_top_k=10**6, is_clipped=False),
    )
    found = detect(description, [quantized], [raw])
    expected = detect(description, [spec("out", *shape)], [real])
    assert len(found.scores) == 100
    assert (found.scores == expected.scores).all() and (found.boxes == expected.boxes).all()
    assert (found.category_ids == expected.category_ids).all()


def test_an_objectness_of_more_than_the_threshold_over_the_highest_probability_is_enough():
    # The probability dequantizes to 1.1, so the score exceeds the objectness.
    tensor = spec("out", 1, 1, 6, dtype="uint8", scale=0.11, zero_point=0)
    raw = np.array([[[5, 5, 2, 2, 5, 10]]], np.uint8)
    description = describe("yolov5", (7,), suppression=Suppression(score_threshold=0.6))
    assert detect(description, [tensor], [raw]).scores.tolist() == pytest.approx([0.605])


@pytest.mark.parametrize("family", ["yolov5", "yolov8"])
def test_a_yolo_file_of_another_class_count_is_refused(family):
    with pytest.raises(
        ModelError, match=rf"'{family}' with 80 category ids expects .*'out' \[1, 12, 9\].*detector.labels"
    ):
        Detector(describe(family, COCO_80), IMAGE, [spec("out", 1, 12, 9)])


# --- the customary descriptions


def test_the_coco_ids_are_80_of_90():
    assert len(COCO_80) == 80 and len(set(COCO_80)) == 80
    unused = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}  # street sign, hat, ... of the paper, never annotated
    assert set(COCO_90) - set(COCO_80) == unused


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_every_family_has_a_customary_description_that_it_accepts(family):
    description = default_description(family, 32, 32, num_classes=2, file_suffix=".tflite")
    specs = {
        "efficientdet": [spec("a", 1, 207, 2), spec("b", 1, 207, 4)],
        "end_to_end": [spec("out", 1, 100, 6)],
        "fastestdet": [spec("out", 1, 7, 2, 2)],
        "gfl": [spec("out", 1, 21, 34)],
        "ssd": [spec("a", 1, 42, 3), spec("b", 1, 42, 4)],
        "yolofastestv2": [spec("a", 1, 2, 2, 17), spec("b", 1, 1, 1, 17)],
        "yolox": [spec("out", 1, 21, 7)],
        "ltrb": [spec("scores", 1, 16, 2), spec("boxes", 1, 16, 4)],
        "tfod": [spec(name) for name in TFOD_NAMES],
        "yolov5": [spec("out", 1, 21, 7)],
        "yolov8": [spec("out", 1, 6, 21)],
    }[family]
    Detector(description, IMAGE, specs)
    assert description.category_ids == (1, 2)


def test_yolo_files_in_onnx_have_pixels_and_channels_first():
    tflite, onnx = (
        default_description("yolov8", 640, 640, file_suffix=suffix) for suffix in (".tflite", ".onnx")
    )
    assert (tflite.decode.options, tflite.preprocess.layout) == ({"normalized": True}, "nhwc")
    assert (onnx.decode.options, onnx.preprocess.layout) == ({"normalized": False}, "nchw")
    assert onnx.suppression.iou_threshold == 0.7 and onnx.category_ids == COCO_80


def test_unordered_scores_of_a_large_head_are_cut_to_the_best_candidates():
    scores = np.random.default_rng(1).permutation(5000).astype(np.float32) / 5000
    output = np.zeros((1, 5, 5000), np.float32)
    output[0, :4] = [[16], [16], [8], [4]]
    output[0, 4] = scores
    suppression = Suppression(pre_nms_top_k=7, iou_threshold=1.0, max_detections=100)
    found = detect(describe("yolov8", (7,), suppression=suppression), [spec("out", 1, 5, 5000)], [output])
    assert found.scores.tolist() == np.sort(scores)[::-1][:7].tolist()
