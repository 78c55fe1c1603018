"""Each runtime against numpy: the same numbers, and a true account of what ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_network import SIZE, run_tiny, write_tiny_onnx

from bench.agent.runtimes import installed_runtimes, runtime_class, runtime_version
from bench.agent.runtimes.litert import count_operators as count_litert
from bench.agent.runtimes.onnx_graph import count_operators as count_onnx
from bench.errors import ModelError
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_onnx(tmp_path_factory.mktemp("onnx") / "tiny.onnx")


def load(name: str, path: Path, threads: int = 1, **options: object) -> object:
    return runtime_class(name)(path, RuntimeSettings(name, threads, dict(options)))


def images() -> list[np.ndarray]:
    drawn = np.random.default_rng(3)
    return [drawn.uniform(-1, 1, (1, SIZE, SIZE, 3)).astype(np.float32) for _ in range(3)]


def by_name(runtime: object) -> dict[str, np.ndarray]:
    return {
        spec.name.split(":")[0]: output for spec, output in zip(runtime.outputs, runtime.fetch(), strict=True)
    }


def test_litert_gives_the_numbers_of_the_network() -> None:
    runtime = load("litert", MODELS / "tiny_float.tflite")
    for image in images():
        runtime.feed([image])
        runtime.invoke()
        scores, boxes = run_tiny(image)
        by_shape = {output.shape[-1]: output for output in runtime.fetch()}
        np.testing.assert_allclose(by_shape[3], scores, atol=1e-4)
        np.testing.assert_allclose(by_shape[4], boxes, atol=1e-4)


def test_onnx_runtime_gives_the_numbers_of_the_network(tiny_onnx: Path) -> None:
    runtime = load("onnxruntime", tiny_onnx)
    assert runtime.inputs == [TensorSpec("image", (1, SIZE, SIZE, 3), "float32")]
    for image in images():
        runtime.feed([image])
        runtime.invoke()
        scores, boxes = run_tiny(image)
        np.testing.assert_allclose(by_name(runtime)["scores"], scores, atol=1e-4)
        np.testing.assert_allclose(by_name(runtime)["boxes"], boxes, atol=1e-4)


def test_integer_litert_declares_scales_with_which_its_outputs_are_right() -> None:
    runtime = load("litert", MODELS / "tiny_int8.tflite")
    spec = runtime.inputs[0]
    assert spec.dtype == "int8" and spec.is_quantized
    image = images()[0]
    quantized = np.clip(np.round(image / spec.scale) + spec.zero_point, -128, 127).astype(np.int8)
    runtime.feed([quantized])
    runtime.invoke()
    expected = dict(zip((3, 4), run_tiny(image), strict=True))
    for spec, output in zip(runtime.outputs, runtime.fetch(), strict=True):
        assert output.dtype == np.int8
        real = spec.scale * (output.astype(np.float32) - spec.zero_point)
        # Some steps of 8-bit arithmetic over sums of 192 terms; the scores spread over about 4.
        assert np.abs(real - expected[output.shape[-1]]).max() < 6 * spec.scale


def test_outputs_that_were_fetched_survive_the_next_call(tiny_onnx: Path) -> None:
    first, second, _ = images()
    for runtime in (load("litert", MODELS / "tiny_float.tflite"), load("onnxruntime", tiny_onnx)):
        runtime.feed([first])
        runtime.invoke()
        kept = runtime.fetch()
        before = [output.copy() for output in kept]
        runtime.feed([second])
        runtime.invoke()
        assert not np.array_equal(runtime.fetch()[0], before[0])
        assert all(np.array_equal(a, b) for a, b in zip(kept, before, strict=True))


def test_litert_proves_which_operators_xnnpack_took(tmp_path: Path) -> None:
    with_delegate = load("litert", MODELS / "tiny_float.tflite", 2).proof(tmp_path)
    without = load("litert", MODELS / "tiny_float.tflite", 2, xnnpack=False).proof(tmp_path)
    assert with_delegate["threads"] == 2
    assert with_delegate["delegate"] == "xnnpack" and without["delegate"] == ""
    assert with_delegate["num_delegated"] > 0 and without["num_delegated"] == 0
    assert with_delegate["ops"] == without["ops"]
    assert with_delegate["ops"]["CONV_2D"] == 1
    assert with_delegate["num_ops"] == sum(with_delegate["ops"].values())


def test_operators_that_a_delegate_left_behind_are_not_counted_as_taken() -> None:
    chain = [
        {"op_name": "CONV_2D", "inputs": [0], "outputs": [1]},
        {"op_name": "CUSTOM", "inputs": [1], "outputs": [2]},
        {"op_name": "RELU", "inputs": [2], "outputs": [3]},
        {"op_name": "ADD", "inputs": [3, 2], "outputs": [4]},
        {"op_name": "DELEGATE", "inputs": [2], "outputs": [4]},
    ]
    counted = count_litert(chain)
    assert (counted["num_ops"], counted["num_delegated"], counted["num_delegates"]) == (4, 2, 1)


def test_onnx_operators_are_counted_as_the_onnx_package_counts_them(tiny_onnx: Path) -> None:
    import onnx

    expected: dict[str, int] = {}
    for node in onnx.load(tiny_onnx).graph.node:
        expected[node.op_type] = expected.get(node.op_type, 0) + 1
    assert count_onnx(tiny_onnx) == expected


def test_operators_in_branches_are_counted_too(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    branch = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "branch", [], [value])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)]
    inputs = [
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
    ]
    save(helper.make_model(helper.make_graph(nodes, "graph", inputs, [value])), tmp_path / "if.onnx")
    assert count_onnx(tmp_path / "if.onnx") == {"If": 1, "Neg": 2}


def test_a_quantized_onnx_file_proves_its_fused_convolutions(tiny_onnx: Path, tmp_path: Path) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._images = iter(images())

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self._images, None)
            return None if image is None else {"image": image}

    path = tmp_path / "tiny_int8.onnx"
    quantize_static(tiny_onnx, path, Reader(), quant_format=QuantFormat.QDQ)
    proof = load("onnxruntime", path).proof(tmp_path)
    assert (proof["num_fused"], proof["num_fusable"]) == (1, 1)
    assert proof["ops"]["QLinearConv"] == 1
    float_proof = load("onnxruntime", tiny_onnx, 2).proof(tmp_path)
    assert (float_proof["num_fused"], float_proof["num_fusable"]) == (0, 1)
    assert float_proof["threads"] == 2 and float_proof["providers"] == ["CPUExecutionProvider"]
    assert not (tmp_path / "optimized.onnx").exists()


@pytest.mark.parametrize(("name", "suffix"), [("litert", "tflite"), ("onnxruntime", "onnx")])
def test_a_corrupt_model_is_an_error_that_names_the_file(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes(b"this is no model" * 8)
    with pytest.raises(ModelError, match=rf"broken\.{suffix}: .*cannot load this file .*expected a whole"):
        load(name, path)


def test_names_that_are_nearly_right_are_suggested(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="did you mean 'onnxruntime'"):
        runtime_class("onnx-runtime")
    with pytest.raises(ModelError, match=r"'xnpack' is unknown.*did you mean 'xnnpack'"):
        load("litert", MODELS / "tiny_float.tflite", xnpack=False)
    with pytest.raises(ModelError, match="got 'no', expected true or false"):
        load("litert", MODELS / "tiny_float.tflite", xnnpack="no")


def test_versions_are_known_without_importing_a_runtime() -> None:
    import onnxruntime

    assert runtime_version("onnxruntime") == onnxruntime.__version__
    assert set(installed_runtimes()) == {"litert", "onnxruntime"}


def test_onnxruntime_gathers_no_usage_data_in_our_processes(tmp_path: Path) -> None:
    code = "import bench.agent.runtimes.onnxruntime, onnxruntime; onnxruntime.get_available_providers()"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
