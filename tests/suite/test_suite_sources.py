"""Float models of every kind are declared by one key, and recipes say which layers they leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.suite import load_suite

DETECTOR = "detector: {family: yolov8, input: {size: 64}, labels: coco80}"


def suite_of(model: str, more: str = "") -> str:
    return f"name: s\nmodel: {{{model}, {DETECTOR}}}\ndata: rendered\n{more}"


@pytest.mark.parametrize(
    ("name", "kind"), [("m.keras", "keras"), ("m.h5", "keras"), ("m.onnx", "onnx"), ("m.tflite", "tflite")]
)
def test_a_source_is_a_float_model_of_the_kind_that_its_file_has(load, name: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    Path(name).write_bytes(b"x")
    suite = load(suite_of(f"source: {name}"))
    assert (suite.models[0].kind, suite.models[0].precision) == (kind, "")
    assert [case.precision for case in suite.cases] == ["fp32", "fp16", "dynamic", "int8", "qat"]
    assert {case.sibling for case in suite.cases[1:]} == {"m/fp32/litert/t1@local"}


def test_paths_are_looked_for_in_several_folders_one_after_the_other(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, names in ((old, ["a.onnx"]), (new, ["a.onnx", "b.onnx"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(b"x")
    models = f"models: [{{name: a, source: a.onnx, {DETECTOR}}}, {{name: b, source: b.onnx, {DETECTOR}}}]"
    (tmp_path / "s.yaml").write_text(f"name: s\n{models}\ndata: rendered\n")
    paths = [Path(model.path) for model in load_suite(tmp_path / "s.yaml", folders=(old, new)).models]
    assert paths == [old / "a.onnx", new / "b.onnx"]


def test_a_folder_is_a_saved_model_if_it_holds_one(load, errors) -> None:  # type: ignore[no-untyped-def]
    Path("exported").mkdir()
    (line,) = errors(suite_of("source: exported"))
    assert "or of a folder with saved_model.pb" in line
    Path("exported/saved_model.pb").write_bytes(b"x")
    assert load(suite_of("source: exported")).models[0].kind == "saved_model"


def test_a_source_has_no_precision_of_its_own(errors) -> None:  # type: ignore[no-untyped-def]
    Path("m.onnx").write_bytes(b"x")
    assert errors(suite_of("source: m.onnx, precision: fp32")) == [
        "s.yaml:2 model.precision: a float model has none, expected what to make of it in matrix.precision: "
        "remove the key"
    ]


def test_the_settings_of_an_export_to_onnx_are_those_of_a_given_onnx_file(load) -> None:  # type: ignore[no-untyped-def]
    Path("m.onnx").write_bytes(b"x")
    source = load(suite_of("source: m.onnx")).models[0]
    given = load(suite_of("onnx: m.onnx, precision: fp32")).models[0]
    assert source.description == given.description


RECIPES = """
recipes:
  mixed: {keep_float: ["*head*"]}
  head-float: {precision: int8, keep_float: "*head*", equalize: true}
  wide: {precision: int16x8, keep_8bit: [stem]}
  small: {precision: int4, granularity: per_tensor, equalize: true, calibration: {images: 7}}
matrix: {precision: [fp32, mixed, head-float, wide, small, int16x8, int4]}
"""


def test_layers_are_kept_by_patterns_and_channels_equalised(load) -> None:  # type: ignore[no-untyped-def]
    recipes = {case.recipe.name: case.recipe for case in load("name: s\nmodel: builtin\n" + RECIPES).cases}
    assert recipes["mixed"].keep_float == recipes["head-float"].keep_float == ("*head*",)
    assert recipes["head-float"].equalize and not recipes["mixed"].equalize
    assert (recipes["wide"].keep_8bit, recipes["wide"].io) == (("stem",), "int16")
    assert (recipes["small"].calibration.images, recipes["small"].needs_images) == (7, True)
    assert not recipes["int4"].needs_images and recipes["int16x8"].needs_images


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("mixed: {io: int8}", "recipes.mixed.keep_float: missing, expected the layers that stay in float"),
        (
            "int8: {keep_8bit: [a]}",
            "keep_8bit: means nothing for int8, expected it with int16x8 or int4 only",
        ),
        ("qat: {equalize: true}", "equalize: means nothing for qat, expected it with dynamic, int8"),
        ("int4: {calibration: {images: 3}}", "calibration: means nothing for int4"),
        ("int16x8: {io: int8}", "io: got 'int8', expected float32 or int16 with int16x8"),
        ("int16x8: {activations: uint8}", "activations: means nothing for int16x8"),
        ("int8: {keep_float: []}", "keep_float: got a list of 0"),
        ("int8: {keep_float: ['']}", "keep_float[0]: got '', expected a layer's name or a pattern"),
    ],
)
def test_options_that_mean_nothing_are_refused(errors, recipe: str, message: str) -> None:  # type: ignore[no-untyped-def]
    (line,) = errors(f"name: s\nmodel: builtin\nrecipes:\n  {recipe}\n")
    assert message in line


def test_mixed_is_no_precision_of_a_matrix_by_itself(errors) -> None:  # type: ignore[no-untyped-def]
    (line,) = errors("name: s\nmodel: builtin\nmatrix: {precision: [mixed]}\n")
    assert "unknown precision 'mixed'" in line
