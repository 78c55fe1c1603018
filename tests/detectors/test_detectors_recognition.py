"""Files are recognised by what they say of their tensors and operators; facts of real files stand here."""

# What a file says stands on a line of its own, whatever its length.
# ruff: noqa: E501

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.detectors import Detector
from bench.detectors.families import FAMILIES, load_family
from bench.detectors.presets import COCO_80, COCO_90
from bench.detectors.recognition import recognise_all
from bench.wire.tensor import TensorSpec


def spec(name, *shape, dtype="float32", scale=0.0, zero_point=0):
    return TensorSpec(name, shape, dtype, scale, zero_point)


def photo(*shape, **of_type):
    return [spec("image", 1, *shape, **of_type)]


POSTPROCESS = "TFLite_Detection_PostProcess"
SSD_OPS = {"CONV_2D": 34, "DEPTHWISE_CONV_2D": 13, "RESHAPE": 13, "LOGISTIC": 1, POSTPROCESS: 1}
YOLO_OPS = {"CONV_2D": 60, "LOGISTIC": 60, "MUL": 75, "CONCATENATION": 17}
YOLO8_OPS = {"CONV_2D": 64, "LOGISTIC": 58, "MUL": 59, "SOFTMAX": 1, "SUB": 2}
NANODET_OPS = {"Conv": 73, "LeakyRelu": 48, "Reshape": 38, "Sigmoid": 3}
# The names of this exporter are mixed up: `bbox_pred0` holds class scores.
NANODET = [
    spec("cls_score0", 1600, 80), spec("bbox_pred0", 400, 80), spec("cls_score1", 100, 80),
    spec("bbox_pred1", 1600, 32), spec("cls_score2", 400, 32), spec("bbox_pred2", 100, 32),
]  # fmt: skip

# What eight published files say of themselves: family, inputs, outputs, operators, ending.
FILES = {
    "SSD MobileNet v1, quantized": (
        "tfod", photo(300, 300, 3, dtype="uint8", scale=0.0078125, zero_point=128),
        [spec(POSTPROCESS, 1, 10, 4), *(spec(f"{POSTPROCESS}:{i}", 1, 10) for i in (1, 2)), spec(f"{POSTPROCESS}:3", 1)],
        SSD_OPS, ".tflite",
    ),
    "the same before its first call": (
        "tfod", photo(300, 300, 3, dtype="uint8", scale=0.0078125, zero_point=128),
        [spec(POSTPROCESS), *(spec(f"{POSTPROCESS}:{i}") for i in (1, 2, 3))], SSD_OPS, ".tflite",
    ),
    "YOLOX-nano": (
        "yolox", photo(3, 416, 416), [spec("output", 1, 3549, 85)],
        {"Conv": 113, "Sigmoid": 110, "Mul": 104, "Concat": 18, "Slice": 8}, ".onnx",
    ),
    "NanoDet-m": ("gfl", photo(3, 320, 320), NANODET, NANODET_OPS, ".onnx"),
    "YOLOv5n fp16": (
        "yolov5", photo(640, 640, 3), [spec("StatefulPartitionedCall:0", 1, 25200, 85)], YOLO_OPS, ".tflite"
    ),
    "YOLOv5n int8": (
        "yolov5", photo(640, 640, 3, dtype="uint8", scale=1 / 255),
        [spec("StatefulPartitionedCall:0", 1, 25200, 85, dtype="uint8", scale=0.0044835, zero_point=3)],
        YOLO_OPS, ".tflite",
    ),
    "FastestDet": (
        "fastestdet", photo(3, 352, 352), [spec("758", 1, 85, 22, 22)],
        {"Conv": 70, "Relu": 48, "Sigmoid": 1, "Softmax": 1}, ".onnx",
    ),
    "YOLOv8n dynamic": ("yolov8", photo(224, 224, 3), [spec("Identity", 1, 84, 1029)], YOLO8_OPS, ".tflite"),
    "YOLOv8n int8": (
        "yolov8", photo(224, 224, 3, dtype="int8", scale=1 / 255, zero_point=-128),
        [spec("PartitionedCall:0", 1, 84, 1029, dtype="int8", scale=0.0056485, zero_point=-114)],
        YOLO8_OPS, ".tflite",
    ),
}  # fmt: skip

# Further files whose tensors are documented by their exporters.
KIN = {
    "EfficientDet-Lite of Model Maker": (
        "tfod", photo(320, 320, 3, dtype="uint8", scale=0.0078125, zero_point=127),
        [spec("StatefulPartitionedCall:3", 1, 25, 4), spec("StatefulPartitionedCall:2", 1, 25),
         spec("StatefulPartitionedCall:1", 1, 25), spec("StatefulPartitionedCall:0", 1)],
        SSD_OPS, ".tflite",
    ),
    "SSD of TensorFlow 2 in ONNX": (
        "tfod", photo(320, 320, 3, dtype="uint8"),
        [spec("detection_boxes", 1, 100, 4), spec("detection_classes", 1, 100),
         spec("detection_scores", 1, 100), spec("num_detections", 1)],
        {"NonMaxSuppression": 1}, ".onnx",
    ),
    "SSD MobileNet without its last operator": (
        "ssd", photo(300, 300, 3), [spec("raw_outputs/box_encodings", 1, 1917, 4), spec("raw_outputs/class_predictions", 1, 1917, 91)],
        {"CONV_2D": 34}, ".tflite",
    ),
    "SSD MobileNet FPN-lite": (
        "ssd", photo(320, 320, 3), [spec("a", 1, 12804, 91), spec("b", 1, 12804, 4)], {"CONV_2D": 90}, ".tflite"
    ),
    "EfficientDet-Lite0, one output a level": (
        "efficientdet", photo(320, 320, 3),
        [*(spec(f"class{n}", 1, n, n, 810) for n in (3, 5, 10, 20, 40)), *(spec(f"box{n}", 1, n, n, 36) for n in (3, 5, 10, 20, 40))],
        {"CONV_2D": 100}, ".tflite",
    ),
    "EfficientDet-Lite0": (
        "efficientdet", photo(320, 320, 3), [spec("a", 1, 19206, 90), spec("b", 1, 19206, 4)], {}, ".tflite"
    ),
    "YOLOv5 without its last layer": (
        "yolov5", photo(3, 640, 640), [spec(f"out{n}", 1, 3, n, n, 85) for n in (80, 40, 20)], {"Sigmoid": 57}, ".onnx"
    ),
    "YOLOv5 in 4 axes": (
        "yolov5", photo(3, 640, 640), [spec(f"out{n}", 1, 255, n, n) for n in (20, 40, 80)], {"Sigmoid": 57}, ".onnx"
    ),
    "YOLOv8 without its last layer": (
        "yolov8", photo(3, 640, 640), [spec(f"out{n}", 1, 144, n, n) for n in (80, 40, 20)], {"Sigmoid": 57}, ".onnx"
    ),
    "YOLO11 with its axes swapped": ("yolov8", photo(640, 640, 3), [spec("out", 1, 8400, 84)], {}, ".tflite"),
    "YOLOv8 with boxes and scores apart": (
        "yolov8", photo(3, 640, 640), [spec("a", 1, 4, 8400), spec("b", 1, 80, 8400)], {"Sigmoid": 58}, ".onnx"
    ),
    "YOLOv5 with boxes and scores apart": (
        "yolov5", photo(3, 640, 640), [spec("a", 1, 25200, 4), spec("b", 1, 25200, 1), spec("c", 1, 25200, 80)], {}, ".onnx"
    ),
    "NanoDet-Plus": ("gfl", photo(3, 416, 416), [spec("output", 1, 3598, 112)], {"Sigmoid": 1, "LeakyRelu": 60}, ".onnx"),
    "YOLO-FastestV2": (
        "yolofastestv2", photo(3, 352, 352), [spec("794", 1, 22, 22, 95), spec("796", 1, 11, 11, 95)],
        {"Sigmoid": 4, "Softmax": 2}, ".onnx",
    ),
    "YOLOv10, or YOLOv8 exported with NMS": ("end_to_end", photo(3, 640, 640), [spec("output0", 1, 300, 6)], {"TopK": 2}, ".onnx"),
    "YOLOv7 exported with NMS": ("end_to_end", photo(3, 640, 640), [spec("output", -1, 7)], {"NonMaxSuppression": 1}, ".onnx"),
    "boxes, scores and indices": (
        "end_to_end", photo(3, 640, 640),
        [spec("boxes", 1, 8400, 4), spec("scores", 1, 80, 8400), spec("selected_indices", -1, 3, dtype="int64")],
        {"NonMaxSuppression": 1}, ".onnx",
    ),
    "TensorRT's efficient NMS": (
        "end_to_end", photo(3, 640, 640),
        [spec("num_dets", 1, 1, dtype="int32"), spec("det_boxes", 1, 100, 4), spec("det_scores", 1, 100), spec("det_classes", 1, 100, dtype="int32")],
        {"EfficientNMS_TRT": 1}, ".onnx",
    ),
    "the built-in detector": (
        "ltrb", photo(160, 160, 3), [spec("scores", 1, 400, 8), spec("boxes", 1, 400, 4)], {"CONV_2D": 40}, ".tflite"
    ),
}  # fmt: skip


def names(found):
    return [one.description.decode.family for one in found]


@pytest.mark.parametrize("case", [*FILES, *KIN])
def test_the_right_family_comes_first_and_its_description_fits_the_file(case):
    family, inputs, outputs, ops, suffix = {**FILES, **KIN}[case]
    for order in (outputs, outputs[::-1]):
        found = recognise_all(inputs, order, ops, suffix)
        assert found[0].description.decode.family == family and found[0].confidence >= 0.6
        is_coco = len(found[0].description.category_ids) in (80, 90)
        assert found[0].confidence >= 0.8 or not is_coco
        assert all(other.confidence < found[0].confidence - 0.1 for other in found[1:])
        Detector(found[0].description, inputs, order)


@pytest.mark.parametrize("case", FILES)
def test_published_files_are_of_coco(case):
    family, inputs, outputs, ops, suffix = FILES[case]
    best = recognise_all(inputs, outputs, ops, suffix)[0]
    assert best.description.category_ids == (COCO_90 if family == "tfod" else COCO_80)
    assert not any("category ids" in one for one in best.unknown)
    assert "color order" in best.unknown and "resize" in best.unknown


@pytest.mark.parametrize("case", [*FILES, *KIN])
def test_what_is_recognised_without_operators_is_the_same_family(case):
    family, inputs, outputs, _, suffix = {**FILES, **KIN}[case]
    assert recognise_all(inputs, outputs, {}, suffix)[0].description.decode.family == family


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (photo(224, 224, 3), [spec("probabilities", 1, 1000)]),
        (photo(3, 512, 512), [spec("mask", 1, 21, 512, 512)]),
        (photo(192, 192, 3), [spec("keypoints", 1, 1, 17, 3)]),
        (photo(320, 320, 3), []),
        (photo(320, 320, 1), [spec("out", 1, 84, 2100)]),
        ([spec("tokens", 1, 384, dtype="int64")], [spec("logits", 1, 384, 2)]),
        ([*photo(320, 320, 3), spec("sizes", 1, 2)], [spec("out", 1, 84, 2100)]),
    ],
    ids=["classifier", "segmentation", "pose", "no outputs", "grey photo", "text", "two inputs"],
)
def test_models_that_are_no_detectors_are_not_recognised(inputs, outputs):
    assert recognise_all(inputs, outputs, {"CONV_2D": 30}, ".tflite") == []


@pytest.mark.parametrize("rows", [1028, 1030, 300])
def test_rows_that_fit_no_grid_are_not_recognised(rows):
    assert recognise_all(photo(224, 224, 3), [spec("out", 1, 84, rows)], {}, ".tflite") == []


@pytest.mark.parametrize(
    ("family", "shape"), [("yolov8", (-1, 84, -1)), ("yolov5", (-1, -1, 85))], ids=["yolov8", "yolov5"]
)
def test_axes_of_unknown_length_make_a_file_uncertain_and_its_size_unknown(family, shape):
    inputs = [spec("images", -1, 3, -1, -1)]
    found = recognise_all(inputs, [spec("output0", *shape)], {}, ".onnx")
    assert names(found)[0] == family and all(one.confidence < 0.6 for one in found)
    assert "input size" in found[0].unknown
    assert (found[0].description.preprocess.width, found[0].description.preprocess.layout) == (0, "nchw")


def test_another_number_of_classes_is_counted_from_one_and_named_as_an_assumption():
    best = recognise_all(photo(3, 640, 640), [spec("out", 1, 12, 8400)], {}, ".onnx")[0]
    assert names([best]) == ["yolov8"] and best.description.category_ids == tuple(range(1, 9))
    assert "category ids (1 to 8 assumed)" in best.unknown


@pytest.mark.parametrize(
    ("of_input", "mean", "std"),
    [
        ({"dtype": "int8", "scale": 1 / 255, "zero_point": -128}, 0.0, 255.0),
        ({"dtype": "uint8", "scale": 1 / 127.5, "zero_point": 128}, 127.5, 127.5),
        ({"dtype": "uint8", "scale": 1.0, "zero_point": 0}, 0.0, 1.0),
        ({"dtype": "uint8"}, 0.0, 1.0),
    ],
    ids=["0 to 1", "-1 to 1", "0 to 255", "plain pixels"],
)
@pytest.mark.parametrize("outputs", [[spec("out", 1, 84, 1029)], [spec("out", 1, 1029, 85)]], ids=["v8", "x"])
def test_the_quantization_of_the_input_speaks_for_the_range_of_its_values(outputs, of_input, mean, std):
    best = recognise_all(photo(224, 224, 3, **of_input), outputs, {}, ".tflite")[0]
    assert best.description.preprocess.mean == (mean,) * 3 and best.description.preprocess.std == (std,) * 3
    assert "mean and std" not in best.unknown


@pytest.mark.parametrize(
    "of_input",
    [{"dtype": "int16", "scale": 1 / 32767}, {"dtype": "int8", "scale": 1 / 127}],
    ids=["16 bits", "symmetric 8 bits"],
)
def test_a_symmetric_input_speaks_for_its_larger_end_alone(of_input):
    best = recognise_all(photo(224, 224, 3, **of_input), [spec("out", 1, 84, 1029)], {}, ".tflite")[0]
    assert best.description.preprocess.std == (255.0,) * 3 and best.description.preprocess.mean == (0.0,) * 3
    best = recognise_all(
        photo(300, 300, 3, **of_input), FILES["SSD MobileNet v1, quantized"][2], SSD_OPS, ""
    )[0]
    assert best.description.preprocess.mean == (127.5,) * 3 and "mean and std" not in best.unknown


def test_a_nanodet_input_quantized_to_its_own_range_keeps_the_means_of_nanodet():
    # -123.675 / 58.395 to (255 - 103.53) / 57.375 in 256 steps.
    inputs = photo(3, 320, 320, dtype="int8", scale=0.01866, zero_point=-14)
    best = recognise_all(inputs, NANODET, NANODET_OPS, ".onnx")[0]
    assert best.description.preprocess.mean == (103.53, 116.28, 123.675)
    assert "mean and std" not in best.unknown


def test_a_range_that_nobody_uses_leaves_the_customs_and_says_so():
    inputs = photo(224, 224, 3, dtype="int8", scale=0.5, zero_point=3)
    best = recognise_all(inputs, [spec("out", 1, 84, 1029)], {}, ".tflite")[0]
    assert best.description.preprocess.std == (255.0,) * 3 and "mean and std" in best.unknown


def test_layout_and_size_are_the_input_s_own_whatever_the_ending():
    family, _, outputs, ops, _ = FILES["YOLOX-nano"]
    for suffix in (".onnx", ".tflite", ""):
        for shape, layout in (((416, 416, 3), "nhwc"), ((3, 416, 416), "nchw")):
            preprocess = recognise_all(photo(*shape), outputs, ops, suffix)[0].description.preprocess
            assert (preprocess.layout, preprocess.width, preprocess.height) == (layout, 416, 416)


def test_width_and_height_are_not_confused():
    # 8, 16 and 32 on 640 x 384: 80 x 48, 40 x 24 and 20 x 12 cells.
    best = recognise_all(photo(3, 384, 640), [spec("out", 1, 84, 5040)], {}, ".onnx")[0]
    assert (best.description.preprocess.width, best.description.preprocess.height) == (640, 384)


@pytest.mark.parametrize(
    ("ops", "activation"), [({"Conv": 73, "LeakyRelu": 48}, "sigmoid"), (NANODET_OPS, "none")]
)
def test_a_graph_without_a_sigmoid_leaves_it_to_the_decoder(ops, activation):
    best = recognise_all(photo(3, 320, 320), NANODET, ops, ".onnx")[0]
    assert best.description.decode.options["activation"] == activation


def test_a_yolox_that_decodes_in_its_graph_has_an_exponential():
    family, inputs, outputs, ops, suffix = FILES["YOLOX-nano"]
    for further, is_decoded in (({}, False), ({"Exp": 1}, True)):
        best = recognise_all(inputs, outputs, {**ops, **further}, suffix)[0]
        assert best.description.decode.options["decoded"] is is_decoded


def test_normalized_boxes_are_taken_from_the_ending_and_named_as_an_assumption():
    for suffix, is_normalized in ((".tflite", True), (".onnx", False)):
        best = recognise_all(photo(640, 640, 3), [spec("out", 1, 84, 8400)], {}, suffix)[0]
        assert best.description.decode.options["normalized"] is is_normalized
        assert "normalized boxes" in best.unknown


def test_operators_may_be_a_counter_and_confidences_are_shares():
    for family, inputs, outputs, ops, suffix in [*FILES.values(), *KIN.values()]:
        found = recognise_all(inputs, outputs, Counter(ops), suffix)
        assert all(0 < one.confidence <= 1 and one.reason for one in found)
        assert family in names(found) and set(names(found)) <= set(FAMILIES)
        assert names(found) == names(sorted(found, key=lambda one: -one.confidence))


@settings(max_examples=100, deadline=None)
@given(
    sides=st.tuples(st.sampled_from([-1, 0, 1, 63, 320, 640]), st.sampled_from([-1, 3, 320])),
    shapes=st.lists(
        st.lists(
            st.sampled_from([-1, 0, 1, 2, 3, 4, 5, 6, 7, 20, 40, 80, 84, 85, 112, 2100, 6300]), max_size=5
        ),
        max_size=8,
    ),
    dtype=st.sampled_from(["float32", "int8", "uint8", "int64", "bool"]),
    scale=st.sampled_from([0.0, 0.004]),
)
def test_no_tensors_break_recognition_and_what_it_proposes_can_be_built(sides, shapes, dtype, scale):
    scale = scale if dtype in ("int8", "uint8") else 0.0
    inputs = photo(*sides, 3, dtype=dtype, scale=scale)
    outputs = [spec(f"out{i}", *shape, dtype=dtype, scale=scale) for i, shape in enumerate(shapes)]
    for name in FAMILIES:
        family = load_family(name)
        one = family.recognise(inputs, outputs, {"Sigmoid": 3}, ".onnx")
        assert one is None or 0 < one.confidence <= 1
        assert one is None or family(one.description, outputs)


def test_absurd_sizes_of_a_damaged_file_are_no_picture():
    for side in (2**31 - 1, 10**6):
        assert recognise_all(photo(side, side, 3), [spec("out", 1, 84, 8400)], {}, ".tflite") == []
