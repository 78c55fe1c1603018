"""What a wrong suite is answered with, to the letter."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from bench.detectors.families.yolov8 import Yolov8
from bench.detectors.presets import FAMILY_NAMES
from bench.suite.spelling import advise

OPTIONS = [option.name for option in Yolov8.OPTIONS]
HEAD = "name: s\nmodel: builtin\n"
DATA_CHOICES = (
    "rendered or coco or yolo or voc or tfrecord or coco with calibration or yolo with calibration or voc with "
    "calibration or tfrecord with calibration"
)


def test_all_errors_of_a_file_are_told_at_once_in_line_order(errors) -> None:  # type: ignore[no-untyped-def]
    assert errors(
        """
        name: my suite
        modle: builtin
        data: {rendered: {evaluation: 0, calibraton: 5}}
        recipes:
          int8: {io: int16}
        matrix:
          precision: [fp32, int9]
          runtime: [litert, tflight]
          threads: [1, 0]
        measure:
          budget: 20
          level: 95
        gate: {latncy_p50: {max_increase: 2%}}
        """
    ) == [
        "s.yaml:1: got none of them, expected exactly one of model or models",
        "s.yaml:1 name: got 'my suite', expected a name of letters, digits, '.', '_' and '-' that begins with a letter "
        "or digit, at most 64",
        "s.yaml:2 modle: unknown key, did you mean 'model'? Known: name, description, model, models, data, recipes, "
        "matrix, hosts, measure, gate",
        "s.yaml:3 data.rendered.calibraton: unknown key, did you mean 'calibration'? Known: evaluation, calibration, "
        "training, seed",
        "s.yaml:3 data.rendered.evaluation: got 0, expected an integer of 1 or more",
        "s.yaml:5 recipes.int8.io: got 'int16', expected float32 or int8 or uint8 with int8",
        "s.yaml:7 matrix.precision: unknown precision 'int9', did you mean 'int8'? Known: fp32, fp16, dynamic, int8, "
        "int16x8, int4, qat",
        "s.yaml:8 matrix.runtime[1]: unknown name 'tflight', did you mean 'tflite'? Known: litert, onnxruntime",
        "s.yaml:9 matrix.threads[1]: got 0, expected an integer from 1 to 1024",
        "s.yaml:11 measure.budget: got 20, expected an amount with a unit (ms, s, min, m, h) such as 90s or 20m",
        "s.yaml:12 measure.level: got 95, expected a number between 0.5 and 1, both excluded",
        "s.yaml:13 gate.latncy_p50: unknown metric 'latncy_p50', did you mean 'latency_p50'? Known: map_50_95, map_50, "
        "map_75, map_small, map_medium, map_large, mar_1, mar_10, mar_100, mar_small, mar_medium, mar_large, "
        "map_50_95_difference, latency_p50, latency_p90, latency_p95, latency_p99, end_to_end_p50, end_to_end_p90, "
        "end_to_end_p95, end_to_end_p99, decode_p50, preprocess_p50, invoke_p50, postprocess_p50, load, first_call, "
        "cpu_per_call, latency_ratio, latency_burst_p50, latency_steady_p50, latency_steady_ratio, peak_temperature_c, "
        "throttled_share, energy_per_inference_j, energy_per_inference_gross_j, load_power_w, idle_power_w, peak_memory, "
        "baseline_rss, model_memory, size, compressed",
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("matrix: {precision: [fp32, int9]}",
         "matrix.precision: unknown precision 'int9', did you mean 'int8'? Known: fp32, fp16, dynamic, int8, "
        "int16x8, int4, qat"),
        ("matrix: {precision: [fp32, fp32]}",
         "matrix.precision[1]: got 'fp32' a second time, expected it once: remove one"),
        ("matrix: {precision: []}", "matrix.precision: got a list of 0, expected a name of letters, digits, '.', '_' and "
         "'-' that begins with a letter or digit, at most 64, or a list of such"),
        ("matrix: {exclude: [{model: builtn}]}",
         "matrix.exclude[0].model: unknown model 'builtn', did you mean 'builtin'? Known: builtin"),
        ("matrix: {exclude: [{host: pi5}]}", "matrix.exclude[0].host: unknown host 'pi5'. Known: local"),
        ("matrix: {exclude: [{runtime: ort}]}",
         "matrix.exclude[0]: fits no case of the matrix, expected at least one: remove the row"),
        ("matrix: {include: [{precision: int8}]}",
         "matrix.include[0]: adds no case, expected at least one new: remove the row"),
        ("matrix: {exclude: [{runtime: litert}]}", "matrix: no case is left, expected at least one: exclude less"),
        ("recipes: {small: {io: int8}}", "recipes.small.precision: missing, expected what 'small' makes. "
         "Known: fp32, fp16, dynamic, int8, int16x8, int4, mixed, qat"),
        ("recipes: {int8: {precision: qat}}",
         "recipes.int8.precision: got 'qat', expected 'int8', or another name for the recipe"),
        ("recipes: {int8-s8: {precision: int8}}",
         "recipes.int8-s8: is what matrix.activations calls a variant of int8, expected another name"),
        ('description: "x"\nhosts: "local\\n"', "hosts: got 'local\\n', expected a name of letters, digits, '.', '_' and '-' that "
         "begins with a letter or digit, at most 64"),
        ("recipes: {fp16: {io: int8}}",
         "recipes.fp16.io: means nothing for fp16, expected it with int8, int16x8, mixed or qat only: remove it"),
        ("recipes: {int8: {training: {steps: 5}}}",
         "recipes.int8.training: means nothing for int8, expected it with qat only: remove it"),
        ("data: cocoo", "data: unknown name 'cocoo'. Known: rendered"),
        ("data: {}", "data: got none of them, expected exactly one of " + DATA_CHOICES),
        ("data: {rendered: , calibration: {images: .}}",
         "data: got rendered and calibration, expected exactly one of " + DATA_CHOICES),
        ("data: 3", "data: got 3, expected one of rendered, or a mapping that describes the data set"),
        ("measure: {memory_limit: 2 Gib}", "measure.memory_limit: got '2 Gib', expected an amount with a unit (B, kB, "
         "MB, GB, KiB, MiB, GiB) such as 2GiB"),
        ("measure: {calls: 5, min_calls: 6}",
         "measure.min_calls: got 6, expected no more than the 5 calls of a round"),
        ("measure: {timeout: 0}",
         "measure.timeout: got 0, expected a time after which a job counts as hung, such as 10m"),
        ("measure: {rounds: true}", "measure.rounds: got true, expected an integer of 1 or more"),
        ("measure: {rounds: 2.0}", "measure.rounds: got 2.0, expected an integer of 1 or more"),
        ("hosts: [local, pi/5]", "hosts[1]: got 'pi/5', expected a name of letters, digits, '.', '_' and '-' that begins "
         "with a letter or digit, at most 64"),
        ("gate: {latency_p50: {max_drop: 2%}}",
         "gate.latency_p50.max_drop: latency_p50_ns is better lower, expected max_increase as in {max_increase: 2%}"),
        ("gate: {map_50_95: {max_drop: 0.01, per_class: {find: 0.1}}}",
         "gate.map_50_95.per_class: no tolerance, expected max_drop as in {max_drop: 0.005}"),
        ("gate: {map_50_95: {per_class: {max_drop: 0.1}}}",
         "gate.map_50_95: no tolerance, expected max_drop as in {max_drop: 0.005}"),
        ("gate: {map_50_95: {max_drop: 0.01, per_class: {max_drop: 0.1, min_photos: few}}}",
         "gate.map_50_95.per_class.min_photos: got 'few', expected a number of photos of 0 or more"),
        ("gate: {map_50_95: {max_drop: 0.01, min_photos: 5}}",
         "gate.map_50_95.min_photos: unknown rule, expected max_drop as in {max_drop: 0.005}"),
        ("gate: {latency_p50: {max_increase: 2%, per_class: {max_increase: 2%}}}",
         "gate.latency_p50.per_class: unknown rule, expected max_increase as in {max_increase: 2%}"),
        ("gate: {map_50_95: {max_drop: a bit}}", "gate.map_50_95.max_drop: got 'a bit', expected 0.005 or 1%"),
        ("gate: {size: {max_increase: 5}}",
         "gate.size.max_increase: got 5, expected a share or an amount such as 10% or 2 MiB"),
        ("gate: {size: 5%}", "gate.size: got '5%', expected a rule such as {max_increase: 2%}"),
        ("measure: {rounds: 1}\nmeasure: {rounds: 2}", "measure: the key stands here twice, first on line 3: remove one"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_answer(text: str, error: str, errors) -> None:  # type: ignore[no-untyped-def]
    found = errors(HEAD + text)
    line = 3 + text.count("\n")
    assert found == [f"s.yaml:{line} {error}"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("builtn", "model: unknown name 'builtn', did you mean 'builtin'? Known: builtin"),
        ("{builtin: true, precision: int8}",
         "model.precision: the built-in model brings its own, expected no such key: remove it"),
        ("{name: x}", "model: got none of them, expected exactly one of builtin or keras or source or file or tflite or onnx"),
        ("{file: m.tflite, keras: m.keras}",
         "model: got keras and file, expected exactly one of builtin or keras or source or file or tflite or onnx"),
        ("{file: m.tflite, precision: int8}", "model.detector: missing, expected how the model is fed and read, as in "
         "detector: yolov8, or detector: {family: yolov8, input: {size: 640}, labels: coco80}"),
        ("{file: m.tflite, detector: {family: yolov8, input: {size: 64}}}",
         "model.precision: missing, expected the precision of the given file, as in precision: int8"),
        ("{keras: m.keras, precision: int8, detector: {family: yolov8, input: {size: 64}}}",
         "model.precision: a float model has none, expected what to make of it in matrix.precision: remove the key"),
        ("{keras: m.keras, detector: {family: ltrb, input: {size: 64}}}", "model.detector.labels: missing, expected "
         "coco80, coco90, or a file of class names (.txt, .names, .yaml, .yml), or a list of category ids or of names, or {offset, count}"),
        ("{keras: m.keras, detector: {family: yolo8, input: {size: 64}}}", "model.detector.family: unknown name 'yolo8', "
         f"did you mean 'yolov8'? Known: {', '.join(FAMILY_NAMES)}; the family of a package is known once it is installed"),
        ("{keras: m.keras, detector: yolo8}", "model.detector: unknown name 'yolo8', did you mean 'yolov8'? "
         f"Known: {', '.join(FAMILY_NAMES)}; the family of a package is known once it is installed"),
        ("{keras: m.keras, detector: {input: {size: 64}}}",
         "model.detector.family: missing, expected the name of a decode family"),
        ("{keras: m.keras, detector: {family: yolov8, input: {size: 64, width: 64}}}",
         "model.detector.input: got size and width, expected none or exactly one of size or width with height"),
        ("{keras: m.keras, detector: {family: yolov8, input: {interpolation: bilnear}}}",
         "model.detector.input.interpolation: unknown name 'bilnear', did you mean 'bilinear'? "
         "Known: bilinear, nearest, area, bilinear_antialias"),
        ("{keras: m.keras, detector: {family: yolov8, input: {quantization: {scale: 0, zero_point: 0}}}}",
         "model.detector.input.quantization.scale: got 0, expected a number above 0"),
        ("{keras: m.keras, detector: {family: yolov8, input: {quantization: {scale: 1, zero_point: 0}}}}",
         "model.detector.input: a float model has no quantization, expected it for given files only: "
         "remove scale and zero_point"),
        ("{keras: m.keras, detector: {family: yolov8, outputs: {predictions: {name: x, scale: 0.1, zero_point: 0}}}}",
         "model.detector.outputs: a float model has no quantization, expected it for given files only: "
         "remove scale and zero_point"),
        ("{keras: m.keras, detector: {family: yolov8, outputs: {predictions: {name: x, scale: 0.1}}}}",
         "model.detector.outputs.predictions: zero_point is missing, expected it beside scale"),
        ("{keras: m.keras, detector: {family: yolov8, labels: coco8}}", "model.detector.labels: unknown name 'coco8', "
         "did you mean 'coco80'? Known: coco80, coco90, or the path of a file of class names"),
        ("{keras: m.keras, detector: {family: yolov8, labels: [1, 2, 1]}}",
         "model.detector.labels[2]: got 1 a second time, expected one category a class"),
        ("{keras: m.keras, detector: {family: yolov8, labels: [1, dog]}}",
         "model.detector.labels[1]: got 'dog', expected a category id of 0 or more"),
        ("{keras: m.keras, detector: {family: yolov8, labels: [-1, 0]}}",
         "model.detector.labels[0]: got -1, expected a category id of 0 or more"),
        ("{keras: m.keras, detector: {family: yolov8, labels: [dog, 2.5]}}",
         "model.detector.labels[1]: got 2.5, expected a name, as the first one"),
        ("{tflite: m.tflite, precision: int9, detector: yolov8}",
         "model.precision: unknown name 'int9', did you mean 'int8'? Known: fp32, fp16, dynamic, int8, int16x8, int4, "
         "mixed, qat"),
        ("{tflite: m.tflite, precision: int8, detector: {family: yolov8, input: {quantization: {scale: 0.1}}}}",
         "model.detector.input.quantization: zero_point is missing, expected it beside scale"),
        ("{keras: m.keras, detector: {family: yolov8, labels: c.txt}}",
         "model.detector.labels: there is no file {here}/c.txt, check the name; relative paths begin at the suite file"),
        ("{keras: m.keras, detector: {family: yolov8, input: {width: 64}}}",
         "model.detector.input: height is missing, expected it beside width"),
        ("{keras: m.keras, detector: {family: yolov8, input: {size: [64]}}}",
         "model.detector.input.size: got a list of 1, expected a list of 2, each an integer from 1 to 8192"),
        ("{keras: m.keras, detector: {family: yolov8, input: {size: 64, std: 0}}}",
         "model.detector.input.std: got 0, expected a number between 0 and 1024, both excluded"),
        ("{keras: m.keras, detector: {family: yolov8, input: {size: 64}, options: {class_offset: 1}}}",
         f"model.detector.options.class_offset: family yolov8 has no such option{advise('class_offset', OPTIONS)}"),
        ("{keras: m.keras, detector: {family: yolov8, input: {size: 64}, nms: {iou_threshold: 0.5}}}",
         "model.detector.nms.iou_threshold: unknown key, did you mean 'score_threshold'? Known: score_threshold, iou, "
         "max_detections, pre_nms_top_k, class_aware, multi_label, in_graph, clip"),
        ("{keras: n.keras}", "model.keras: there is no file {here}/n.keras, did you mean 'm.keras'?"),
        ("{keras: ../x/n.keras}", "model.keras: there is no file {here}/../x/n.keras, and no folder {here}/../x either; "
         "relative paths begin at the suite file"),
        ("{keras: m.tflite}", "model.keras: got 'm.tflite', expected the path of a file ending in .keras or .h5"),
        ("{keras: '${A}/${B}/m.keras'}",
         "model.keras: the environment variable A is not set, expected it to hold a path: export A=..."),
    ],
)  # fmt: skip
def test_mistakes_in_models_are_answered(model: str, error: str, errors) -> None:  # type: ignore[no-untyped-def]
    for name in ("m.keras", "m.tflite"):
        Path(name).write_bytes(b"")
    here = Path.cwd()
    assert errors(f"name: s\nmodel: {model}\ndata: rendered\n", B="b") == [
        f"s.yaml:2 {error.replace('{here}', str(here))}"
    ]


def test_models_of_one_name_are_refused(errors) -> None:  # type: ignore[no-untyped-def]
    found = errors("name: s\nmodels:\n  - builtin\n  - {builtin: true, name: builtin}\n")
    assert found == [
        "s.yaml:4 models[1]: got a second model named 'builtin', expected unique names: give one a `name`"
    ]


def test_photos_without_calibration_are_refused_where_int8_needs_them(errors, load) -> None:  # type: ignore[no-untyped-def]
    Path("a.json").write_text("{}")
    text = "name: s\nmodel: builtin\ndata: {coco: {images: ., annotations: a.json}}\n"
    assert errors(text + "matrix: {precision: [fp32, int8]}\n") == [
        "s.yaml:3 data.calibration: missing, expected {images: FOLDER} since builtin/int8/litert/t1@local needs images "
        "to calibrate on"
    ]
    assert len(load(text + "matrix: {precision: [fp32, dynamic]}\n").cases) == 2


def test_given_files_need_photos_of_their_own(errors) -> None:  # type: ignore[no-untyped-def]
    Path("m.onnx").write_bytes(b"")
    model = "{onnx: m.onnx, precision: fp32, detector: {family: yolov8, input: {size: 64}}}"
    assert errors(f"name: s\nmodel: {model}\n") == [
        "s.yaml:1 data: missing, expected the images that the models are made for, as in data: {coco: {images: FOLDER, "
        "annotations: FILE}}; rendered ones suit the built-in model unless you name them"
    ]


def test_a_list_where_the_suite_should_be_is_refused(errors) -> None:  # type: ignore[no-untyped-def]
    assert errors("- name: s\n") == ["s.yaml:1: got a list, expected a mapping that describes a suite"]
