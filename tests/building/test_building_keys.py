"""A key changes with everything that makes a file, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from building_requests import PREPROCESS, describe, keras_request, write_photos

from bench.building.keys import build_key, trained_key
from bench.building.request import BuildRequest
from bench.core.recipe import Calibration, Recipe, Training


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    path = tmp_path / "model.keras"
    path.write_bytes(b"weights")
    return keras_request(path, Recipe("int8", "int8"), calibration=write_photos(tmp_path / "photos", 4))


def with_recipe(request: BuildRequest, **changes: Any) -> BuildRequest:
    assert request.recipe is not None
    return replace(request, recipe=replace(request.recipe, **changes))


def test_the_same_request_has_the_same_key(request_: BuildRequest) -> None:
    assert build_key(request_) == build_key(replace(request_))


def test_other_weights_make_another_key(request_: BuildRequest) -> None:
    before = build_key(request_)
    Path(request_.source.path).write_bytes(b"other weights")
    assert build_key(request_) != before


def test_the_name_of_a_recipe_is_not_in_the_key(request_: BuildRequest) -> None:
    assert build_key(with_recipe(request_, name="my int8")) == build_key(request_)


@pytest.mark.parametrize(
    "changes",
    [
        {"io": "uint8"},
        {"granularity": "per_tensor"},
        {"calibration": Calibration(images=2)},
        {"calibration": Calibration(source="noise")},
        {"precision": "fp16"},
        {"precision": "int16x8", "io": "int16"},
        {"precision": "mixed", "keep_float": ("a",)},
        {"keep_float": ("a",)},
        {"keep_float": ("a", "b")},
        {"equalize": True},
    ],
)
def test_what_a_litert_int8_file_depends_on_is_in_its_key(request_: BuildRequest, changes: Any) -> None:
    assert build_key(with_recipe(request_, **changes)) != build_key(request_)


def test_each_runtime_heeds_its_own_fields_only(request_: BuildRequest) -> None:
    onnx = replace(request_, runtime="onnxruntime")
    assert build_key(onnx) != build_key(request_)
    assert build_key(with_recipe(request_, activations="int8")) == build_key(request_)
    assert build_key(with_recipe(onnx, activations="int8")) != build_key(onnx)
    assert build_key(with_recipe(onnx, io="float32")) == build_key(onnx)


def test_only_the_images_that_are_used_count(request_: BuildRequest, tmp_path: Path) -> None:
    two = with_recipe(request_, calibration=Calibration(images=2))
    assert two.calibration is not None
    shorter = replace(two, calibration=replace(two.calibration, images=two.calibration.images[:2]))
    turned = replace(two, calibration=replace(two.calibration, images=two.calibration.images[::-1]))
    assert build_key(shorter) == build_key(two)
    assert build_key(turned) != build_key(two)


def test_the_pixels_a_model_sees_count_for_int8_and_not_for_fp32(request_: BuildRequest) -> None:
    darker = describe(replace(PREPROCESS, mean=(10.0, 10.0, 10.0)))
    other = replace(request_, source=replace(request_.source, description=darker))
    assert build_key(other) != build_key(request_)
    fp32, other_fp32 = (with_recipe(item, precision="fp32") for item in (request_, other))
    assert build_key(other_fp32) == build_key(fp32)
    assert build_key(replace(fp32, calibration=None)) == build_key(fp32)


def test_both_runtimes_share_one_trained_model(request_: BuildRequest) -> None:
    qat = with_recipe(request_, precision="qat")
    onnx = replace(qat, runtime="onnxruntime")
    assert trained_key(qat) == trained_key(onnx)
    assert build_key(qat) != build_key(onnx)
    longer = with_recipe(qat, training=Training(steps=7))
    assert trained_key(longer) != trained_key(qat)
    assert build_key(longer) != build_key(qat)


def test_the_control_is_a_file_of_its_own(request_: BuildRequest) -> None:
    qat = with_recipe(request_, precision="qat", training=Training(labels=True))
    control = replace(qat, control=True)
    assert build_key(control) != build_key(qat)
    assert trained_key(control) != trained_key(qat)


def test_a_missing_model_has_a_key_under_which_nothing_is_found(tmp_path: Path) -> None:
    assert len(build_key(keras_request(tmp_path / "gone.keras", Recipe("fp32", "fp32")))) == 64


def test_what_an_int4_file_depends_on_is_in_its_key(request_: BuildRequest) -> None:
    int4 = with_recipe(request_, precision="int4")
    changes = (
        {"keep_float": ("a",)},
        {"keep_8bit": ("a",)},
        {"granularity": "per_tensor"},
        {"equalize": True},
    )
    keys = {build_key(with_recipe(int4, **change)) for change in changes} | {build_key(int4)}
    assert len(keys) == 5
    # Its activations stay in float, so it depends on images only where channels are balanced on them.
    fewer = {"calibration": Calibration(images=2)}
    assert build_key(with_recipe(int4, **fewer)) == build_key(int4)
    balanced = with_recipe(int4, equalize=True)
    assert build_key(with_recipe(balanced, **fewer)) != build_key(balanced)


def test_a_folder_is_known_by_all_its_files(request_: BuildRequest, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "data").write_bytes(b"weights")
    source = replace(request_.source, kind="saved_model", path=str(folder))
    before = build_key(replace(request_, source=source))
    (folder / "variables" / "data").write_bytes(b"other weights")
    after = build_key(replace(request_, source=source))
    (folder / "variables" / "data").rename(folder / "variables" / "renamed")
    assert len({before, after, build_key(replace(request_, source=source))}) == 3
