"""The JSON Schema agrees with the loader about what a suite may say."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bench.errors import SuiteError
from bench.suite import suite_schema

HEAD = "name: s\nmodel: builtin\n"
DETECTOR = "detector: {family: yolov8, input: {size: 64}"


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(suite_schema())


def test_the_schema_is_a_schema_of_draft_2020_12_and_plain_json() -> None:
    schema = suite_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_every_key_tells_an_editor_what_it_means() -> None:
    def walk(schema: dict[str, Any], path: str) -> None:
        for name, child in schema.get("properties", {}).items():
            assert child.get("description"), f"{path}.{name}"
            walk(child, f"{path}.{name}")
        for child in schema.get("anyOf", []):
            walk(child, path)

    schema = suite_schema()
    schema["properties"].pop("gate")
    walk(schema, "suite")


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + "data: rendered",
        HEAD + "data: {rendered: }",
        HEAD + "data: {coco: {images: ., annotations: a.json}, calibration: {images: .}}",
        HEAD + "recipes: {int8: , x: {precision: qat, training: {learning_rate: 0.001}}}",
        HEAD
        + "matrix: {precision: int8, runtime: ort, threads: 2, activations: [u8, s8], include: [{threads: 4}]}",
        HEAD + "measure: {budget: 20m, memory_limit: 2 GiB, timeout: 1.5h, level: 0.9}",
        HEAD
        + "gate: {map_50_95: {max_drop: 0.01, per_class: {max_drop: 3%, min_photos: 9}}, size: {max_increase: 0}, latency_p50_ns: {max_increase: 1 ms}}",
        f"name: s\nmodels: [builtin, {{file: m.tflite, precision: fp32, {DETECTOR}, labels: coco80}}}}]\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: yolov8}\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: {family: yolov8, frame: photo, labels: [cat, dog]}}\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: {family: yolov8, labels: own.txt, options: {normalized: true}, "
        "input: {interpolation: nearest, quantization: {scale: 0.1, zero_point: 0}}, outputs: {predictions: {name: x}}}}\ndata: rendered",
        f"name: s\nmodel: {{onnx: m.onnx, precision: fp32, {DETECTOR}, labels: [1, 2], nms: {{iou: 0.5}}}}}}\ndata: rendered",
    ],
)
def test_what_loads_is_valid(text: str, validator: Any, load) -> None:  # type: ignore[no-untyped-def]
    for name in ("m.tflite", "m.onnx"):
        Path(name).write_bytes(b"")
    Path("a.json").write_text("{}")
    Path("own.txt").write_text("cat")
    load(text)
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "name: s",
        "model: builtin",
        "name: s/x\nmodel: builtin",
        "name: s\nmodel: builtn",
        "name: s\nmodel: builtin\nmodels: [builtin]",
        "name: s\nmodel: {builtin: false}",
        "name: s\nmodel: {keras: m.pt}",
        HEAD + "modles: 3",
        HEAD + "data: {coco: {images: .}}",
        HEAD + "data: {rendered: , calibration: {images: .}}",
        HEAD + "recipes: {int8: {io: int32}}",
        HEAD + "matrix: {threads: 0}",
        HEAD + "matrix: {threads: []}",
        HEAD + "matrix: {runtime: [litert, litert]}",
        HEAD + "matrix: {exclude: [{precison: int8}]}",
        HEAD + "measure: {budget: 20}",
        HEAD + "measure: {budget: 20 minutes}",
        HEAD + "measure: {level: 1}",
        HEAD + "gate: {size: {max_drop: 1%}}",
        HEAD + "gate: {map_50_95: {max_drop: 1%, per_class: {min_photos: 4}}}",
        HEAD + "gate: {size: {max_increase: 1%, per_class: {max_increase: 1%}}}",
        HEAD + "gate: {sise: {max_increase: 1%}}",
        HEAD + "gate: {size: {max_increase: 5}}",
        f"name: s\nmodel: {{onnx: m.onnx, precision: int5, {DETECTOR}}}}}",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: {family: yolov8, options: {class_offset: 1}}}\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: {family: yolov8, labels: [1, 1]}}\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, precision: fp32, detector: {input: {size: 64}}}\ndata: rendered",
        "name: s\nmodel: {onnx: m.onnx, detector: {family: yolov8, input: {size: 64, width: 64, height: 64}}}",
    ],
)
def test_what_the_schema_refuses_does_not_load(text: str, validator: Any, load) -> None:  # type: ignore[no-untyped-def]
    assert not validator.is_valid(yaml.safe_load(text))
    with pytest.raises(SuiteError):
        load(text)
