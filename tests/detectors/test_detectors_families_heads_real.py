"""Raw heads inside real detectors, decoded by us, give what the rest of their graphs makes of them.

Needs the folder that BENCH_REAL_DATA names.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.detectors import to_input
from bench.detectors.families import load_family
from bench.detectors.presets import default_description
from bench.wire.tensor import TensorSpec

ROOT = Path(os.environ.get("BENCH_REAL_DATA", ""))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("BENCH_REAL_DATA" not in os.environ, reason="BENCH_REAL_DATA names no folder"),
]


def photo(name):
    return np.load(ROOT / "parity" / f"{name}.npz")["inputs"][0]


class Inside:
    """Every tensor of a .tflite file after one photo."""

    def __init__(self, name, family, size):
        interpreters = pytest.importorskip("ai_edge_litert.interpreter")
        # Delegates keep their tensors to themselves.
        plain = interpreters.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._runner = interpreters.Interpreter(
            str(ROOT / "models" / f"{name}.tflite"), experimental_op_resolver_type=plain,
            experimental_preserve_all_tensors=True,
        )  # fmt: skip
        self._runner.allocate_tensors()
        preprocess = default_description(family, size, size, file_suffix=".tflite").preprocess
        spec = TensorSpec("image", (1, size, size, 3), "float32")
        self._runner.set_tensor(
            self._runner.get_input_details()[0]["index"], to_input(photo(name), preprocess, spec)
        )
        self._runner.invoke()
        self._details = {detail["index"]: detail for detail in self._runner.get_tensor_details()}

    def made_by(self, operator, *shape):
        """Return the float tensors of this shape (-1 fits any) that operators of a kind made."""
        places = [
            place
            for op in self._runner._get_ops_details()
            if op["op_name"] == operator
            for place in op["outputs"]
            if len(self._details[place]["shape"]) == len(shape)
            and all(w in (-1, s) for w, s in zip(shape, self._details[place]["shape"], strict=True))
        ]
        return [self._runner.get_tensor(place) for place in places]

    def output(self):
        return self._runner.get_tensor(self._runner.get_output_details()[0]["index"])


def candidates(family, size, outputs, **options):
    description = default_description(family, size, size, options=options)
    suppression = replace(description.suppression, score_threshold=0.05, pre_nms_top_k=10**6)
    specs = [TensorSpec(f"output_{i}", array.shape, "float32") for i, array in enumerate(outputs)]
    found = load_family(family)(replace(description, suppression=suppression), specs).candidates(outputs)
    return np.column_stack([found.scores, found.classes, found.boxes])


def assert_same(found, expected):
    assert len(found) == len(expected) > 20
    close = np.abs(found[:, None] - expected)
    assert ((close[:, :, :2] < 1e-4).all(axis=2) & (close[:, :, 2:] < 0.01).all(axis=2)).any(axis=0).all()


def test_undecoded_yolov5_heads_give_what_the_file_decodes():
    inside = Inside("yolov5n_640_fp16", "yolov5", 640)
    expected = candidates("yolov5", 640, [inside.output()], normalized=True)
    # Its graph divides by 640 with a constant in half precision, which is 0.02% too small.
    expected[:, 2:] *= (1 / 640) / float(np.float16(1 / 640))
    logits, shares = (inside.made_by(kind, 1, -1, -1, 255) for kind in ("CONV_2D", "LOGISTIC"))
    assert [head.shape[1] for head in logits] == [20, 40, 80]
    assert_same(candidates("yolov5", 640, logits), expected)
    assert_same(candidates("yolov5", 640, shares, activation="none"), expected)
    levels = [
        head.reshape(1, n, n, 3, 85).transpose(0, 3, 1, 2, 4)
        for head, n in zip(logits, (20, 40, 80), strict=True)
    ]
    assert_same(candidates("yolov5", 640, levels), expected)


def test_undecoded_yolov8_heads_give_what_the_file_decodes():
    inside = Inside("yolov8n_224_dynamic", "yolov8", 224)
    expected = candidates("yolov8", 224, [inside.output()], normalized=True)
    assert_same(candidates("yolov8", 224, inside.made_by("CONCATENATION", 1, -1, -1, 144)), expected)
    assert_same(candidates("yolov8", 224, inside.made_by("TRANSPOSE", 1, 144, -1, -1)), expected)
    whole = inside.made_by("CONCATENATION", 1, 144, 1029)
    assert_same(candidates("yolov8", 224, whole), expected)
    apart = [whole[0][:, 64:], whole[0][:, :64]]
    assert_same(candidates("yolov8", 224, apart), expected)
    # The same head by its other name: distributions of 15 + 1 bins.
    options = {"reg_max": 15, "strides": [8, 16, 32], "activation": "sigmoid"}
    assert_same(candidates("gfl", 224, apart, **options), expected)


def test_the_nine_heads_of_a_yolox_give_what_the_file_joins():
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = onnx.load(ROOT / "models" / "yolox_nano_416.onnx")
    makers = {name: node for node in model.graph.node for name in node.output}
    whole = makers[model.graph.output[0].name]
    # A transpose of a concatenation of reshapes of concatenations of box, objectness and classes.
    levels = [makers[makers[flat].input[0]] for flat in makers[whole.input[0]].input]
    boxes = [level.input[0] for level in levels]
    logits = [makers[name].input[0] for level in levels for name in level.input[1:]]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in boxes + logits)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    preprocess = default_description("yolox", 416, 416, file_suffix=".onnx").preprocess
    image = to_input(photo("yolox_nano_416"), preprocess, TensorSpec("images", (1, 3, 416, 416), "float32"))
    joined, *heads = session.run(None, {"images": image})
    expected = candidates("yolox", 416, [joined])
    assert_same(candidates("yolox", 416, heads, activation="sigmoid"), expected)
    assert_same(candidates("yolox", 416, heads[::-1], activation="sigmoid"), expected)
