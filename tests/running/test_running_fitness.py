"""What cannot be made of a model file is known before any work: planned so, or an error of the suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.building.keys import build_key
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.cli import EXIT_GOOD, EXIT_WRONG_USE, main
from bench.core.artifact import FileFacts
from bench.core.recipe import Recipe
from bench.suite import load_suite

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "agent" / "models"

# A description with nothing left out, so that nothing has to be filled in from the file.
DETECTOR = "{family: ltrb, input: {size: 32, layout: nchw}, labels: [1, 2, 3]}"
Plan = list[dict[str, object]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_onnx(
    path: Path, *, side: int | str = 32, dtype: str = "float32", between: str = "Relu", size: int = 3
) -> Path:
    """Write two convolutions with something between them."""
    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.FLOAT16
    kernels = {"a": np.ones((4, 3, size, size), dtype), "b": np.ones((7, 4, 1, 1), dtype)}
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["x"], "stem"),
        helper.make_node(between, ["x"], ["y"], "bend"),
        helper.make_node("Conv", ["y", "b"], ["output"], "head"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", kind, [1, 3, side, side])],
        [helper.make_tensor_value_info("output", kind, None)],
        [numpy_helper.from_array(kernel, name) for name, kernel in kernels.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def write_suite(
    folder: Path, model: str, recipes: str = "{}", precision: str = "[int8]", runtime: str = "onnxruntime"
) -> Path:
    path = folder / "s.yaml"
    path.write_text(
        f"name: s\nmodel: {{{model}, detector: {DETECTOR}}}\n"
        f"recipes: {recipes}\nmatrix: {{precision: {precision}, runtime: [{runtime}]}}\n"
        "data: {rendered: {evaluation: 2, calibration: 1, training: 1}}\n"
    )
    return path


def plan(path: Path, capsys: pytest.CaptureFixture[str]) -> Plan:
    code = main(["plan", str(path), "--json", "--results", str(path.parent / "results")])
    said = capsys.readouterr()
    assert code == EXIT_GOOD, said.err
    rows: Plan = json.loads(said.out)
    return rows


def refusal(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what planning a wrong suite says; the code is that of a wrong suite."""
    assert main(["plan", str(path), "--results", str(path.parent / "results")]) == EXIT_WRONG_USE
    said = capsys.readouterr()
    assert not said.out
    return said.err


def test_a_quantized_source_is_planned_as_not_available_also_by_a_full_description(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_onnx(tmp_path / "half.onnx", dtype="float16")
    rows = plan(write_suite(tmp_path, "source: half.onnx", precision="[fp32, int8]"), capsys)
    assert [str(row["unavailable"]).partition(",")[0] for row in rows] == [
        "half.onnx is fp16 by its tensors"
    ] * 2


def test_a_quantized_tflite_source_is_planned_as_not_available(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"source: {TINY / 'tiny_int8.tflite'}"
    path = write_suite(tmp_path, source, precision="[dynamic]", runtime="litert")
    path.write_text(path.read_text().replace("nchw", "nhwc"))
    (row,) = plan(path, capsys)
    assert str(row["unavailable"]).startswith(
        "tiny_int8.tflite is int8 by its tensors, and recipes start from"
    )


def test_a_float_source_can_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_onnx(tmp_path / "m.onnx")
    recipes = "{mixed: {keep_float: ['head', 's*']}, even: {precision: int8, equalize: true}}"
    path = write_suite(tmp_path, "source: m.onnx", recipes, "[fp32, int8, mixed, even]")
    assert [row["unavailable"] for row in plan(path, capsys)] == [""] * 4


def test_a_damaged_source_is_a_failure_of_its_own_cases_and_not_of_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no model")
    assert len(plan(write_suite(tmp_path, "source: m.onnx"), capsys)) == 1


@pytest.mark.parametrize("model", ["source: m.onnx", "onnx: m.onnx, precision: fp32"])
def test_an_input_of_another_size_than_the_file_s_is_told_with_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    write_onnx(tmp_path / "m.onnx", side=48)
    said = refusal(write_suite(tmp_path, model), capsys)
    assert "m.onnx" in said and "s.yaml: model m" in said
    assert (
        "'image' has shape [1, 3, 48, 48], but detector.input.size and layout describe [1, 3, 32, 32]" in said
    )


def test_an_input_of_open_size_takes_the_suite_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_onnx(tmp_path / "m.onnx", side="side")
    assert [row["unavailable"] for row in plan(write_suite(tmp_path, "source: m.onnx"), capsys)] == [""]


def test_channels_that_no_convolution_reads_cannot_be_equalised_by_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_onnx(tmp_path / "m.onnx", between="Sigmoid")
    recipes = "{even: {precision: int8, equalize: true}}"
    int8, even = plan(write_suite(tmp_path, "source: m.onnx", recipes, "[int8, even]"), capsys)
    assert int8["unavailable"] == ""
    assert str(even["unavailable"]).startswith("equalize changes nothing here")


def test_a_pattern_without_a_match_is_an_error_of_the_suite_with_the_nearest_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_onnx(tmp_path / "m.onnx")
    recipes = "{mixed: {keep_float: [haed]}, four: {precision: int4, keep_8bit: ['*tail*']}}"
    said = refusal(write_suite(tmp_path, "source: m.onnx", recipes, "[mixed, four]"), capsys)
    assert "s.yaml: recipe mixed for m under onnxruntime: keep_float: 'haed' fits no layer" in said
    assert "keep_8bit: '*tail*' fits no layer" in said and "Nearest of 3: " in said and "head (Conv)" in said


def test_a_kept_layer_without_weights_is_told_where_weights_alone_are_quantized(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_onnx(tmp_path / "m.onnx")
    recipes = "{kept: {precision: dynamic, keep_float: [bend]}}"
    said = refusal(write_suite(tmp_path, "source: m.onnx", recipes, "[kept]"), capsys)
    assert "keep_float: none of the 1 layers that it fits has weights" in said


def test_patterns_of_cases_that_cannot_be_made_anyway_are_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_onnx(tmp_path / "m.onnx")
    recipes = "{mixed: {keep_float: [nothing]}}"
    (row,) = plan(write_suite(tmp_path, "source: m.onnx", recipes, "[mixed]", "litert"), capsys)
    assert "quantized for onnxruntime only" in str(row["unavailable"])


def test_patterns_for_a_keras_model_are_held_against_its_float_file_once_that_is_built(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = "{mixed: {keep_float: [head]}, wrong: {precision: mixed, keep_float: [haed]}}"
    path = write_suite(tmp_path, "source: builtin", recipes, "[mixed, wrong]")
    path.write_text(path.read_text().replace(f"{{source: builtin, detector: {DETECTOR}}}", "builtin"))
    assert len(plan(path, capsys)) == 2
    request = BuildRequest(load_suite(path).models[0], Recipe("fp32", "fp32"), "onnxruntime")
    file = write_onnx(tmp_path / "float.onnx")
    ArtifactStore(cache).add(build_key(request), file, FileFacts("fp32"))
    said = refusal(path, capsys)
    assert (
        "recipe wrong for builtin under onnxruntime: keep_float: 'haed'" in said and "mixed for" not in said
    )


def test_planning_float_files_imports_no_framework_and_opens_none_itself(tmp_path: Path) -> None:
    write_onnx(tmp_path / "m.onnx")
    path = write_suite(tmp_path, "source: m.onnx", "{mixed: {keep_float: [head]}}", "[mixed]")
    code = (
        "import sys; from bench.cli import main; assert main(sys.argv[1:]) == 0;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", code, "plan", str(path), "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)
    imported = set(done.stdout.splitlines()[-1].split())
    assert not {"tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert"} & imported
