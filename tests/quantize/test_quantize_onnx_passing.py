"""That nothing can be equalised is said only where balancing, after all that is folded, finds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tiny_networks import weights

from bench.quantize.onnx_channels import Network
from bench.quantize.onnx_integer import prepare
from bench.quantize.onnx_passing import may_be_balanced

SIZE = 8
ONES = np.ones(8, np.float32)
CONSTANTS = {
    "scale": ONES * 2,
    "shift": ONES * 0.1,
    "mean": ONES * 0,
    "variance": ONES,
    "factor": np.full((1, 8, 1, 1), 3, np.float32),
    "low": np.float32(0),
    "high": np.float32(6),
}

# Operator and its inputs behind the running value; "." is that value, "<" the one before it.
STEPS = {
    "conv": ("Conv", ". {kernel}"),
    "norm": ("BatchNormalization", ". scale shift mean variance"),
    "relu": ("Relu", "."),
    "clip": ("Clip", ". low high"),
    "leaky": ("LeakyRelu", "."),
    "identity": ("Identity", "."),
    "times constant": ("Mul", ". factor"),
    "plus constant": ("Add", ". factor"),
    "sigmoid": ("Sigmoid", "."),
    "hard swish": ("HardSwish", "."),
    "residual": ("Add", ". <"),
    "gate": ("Mul", "< ."),
    "twice": ("Concat", ". ."),
    "turn": ("Transpose", "."),
}

_ATTRIBUTES: dict[str, dict[str, Any]] = {"Concat": {"axis": 1}, "Transpose": {"perm": [0, 1, 3, 2]}}


def write(path: Path, steps: list[str]) -> Path:
    """Write a chain of steps behind a first convolution."""
    arrays = {"k": weights(8, 3, 1, 1)} | CONSTANTS
    nodes = [helper.make_node("Conv", ["image", "k"], ["v0"], "first")]
    for number, step in enumerate(steps):
        operator, inputs = STEPS[step]
        names = inputs.format(kernel=f"k{number}").split()
        if operator == "Conv":
            channels = 16 if "twice" in steps[:number] and steps[number - 1] == "twice" else 8
            arrays[f"k{number}"] = weights(8, channels, 1, 1, seed=number + 1)
        values = {".": f"v{number}", "<": f"v{max(0, number - 1)}"}
        more = _ATTRIBUTES.get(operator, {})
        read = [values.get(name, name) for name in names]
        nodes.append(helper.make_node(operator, read, [f"v{number + 1}"], f"{operator}{number}", **more))
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(f"v{len(steps)}", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def num_balanced(path: Path, folder: Path) -> int:
    return len(list(Network(onnx.load(str(prepare(path, folder)))).pairs()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from([name for name in STEPS if name != "twice"]), min_size=1, max_size=7))
def test_what_is_said_to_change_nothing_changes_nothing(tmp_path: Path, steps: list[str]) -> None:
    path = write(tmp_path / "chain.onnx", steps)
    assert may_be_balanced(path) or num_balanced(path, tmp_path) == 0


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["relu", "conv"], True),
        (["norm", "clip", "conv"], True),
        (["times constant", "relu", "conv"], True),
        (["relu", "identity", "conv", "sigmoid"], True),
        (["sigmoid", "conv"], False),
        (["sigmoid", "gate", "conv"], False),
        (["norm", "hard swish", "conv"], False),
        (["relu"], False),
        (["relu", "twice", "conv"], False),
        (["relu", "turn", "conv"], True),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, list) else "",
)
def test_channels_pass_what_scales_each_by_itself_or_may_be_folded(
    tmp_path: Path, steps: list[str], expected: bool
) -> None:
    assert may_be_balanced(write(tmp_path / "chain.onnx", steps)) is expected


def test_operators_of_other_makers_and_bodies_are_not_judged(tmp_path: Path) -> None:
    model = onnx.load(str(write(tmp_path / "chain.onnx", ["sigmoid", "conv"])))
    model.graph.node[1].domain = "com.example"
    onnx.save(model, str(tmp_path / "other.onnx"))
    assert may_be_balanced(tmp_path / "other.onnx")
