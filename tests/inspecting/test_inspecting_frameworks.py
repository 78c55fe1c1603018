"""Keras models and SavedModels tell inputs, outputs, layers and weights; none of their code is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.cli import main
from bench.errors import ModelError
from bench.inspecting import FileReport, keras_files, look_into
from bench.inspecting.contents import read_contents

# Three layers with weights: 8 * 27 + 4 * 8 (normalisation) + 5 * 9 + 4 * 9 values.
NUM_WEIGHTS = 8 * 27 + 8 + 4 * 8 + 5 * 8 + 5 + 4 * 8 + 4

MAKE = """
import pathlib, sys, keras
image = keras.Input((64, 48, 3), name="image")
cells = keras.layers.Conv2D(8, 3, strides=8, padding="same")(image)
cells = keras.layers.BatchNormalization()(cells)
scores = keras.layers.Reshape((48, 5), name="scores")(keras.layers.Conv2D(5, 1)(cells))
boxes = keras.layers.Reshape((48, 4), name="boxes")(keras.layers.Conv2D(4, 1)(cells))
model = keras.Model(image, {"scores": scores, "boxes": boxes})
model.save(sys.argv[1] + "/a.keras")
model.save(sys.argv[1] + "/a.h5")
model.export(sys.argv[1] + "/saved", verbose=False)

def harm(values, marker=sys.argv[1] + "/harm"):
    import pathlib
    pathlib.Path(marker).touch()
    return values

harmful = keras.Model(image, keras.layers.Lambda(harm)(image))
harmful.save(sys.argv[1] + "/harmful.keras")
harmful.save(sys.argv[1] + "/harmful.h5")
pathlib.Path(sys.argv[1], "harm").unlink()
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one network as a.keras, a.h5 and saved/."""
    folder = tmp_path_factory.mktemp("models")
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", MAKE, str(folder)], check=True, capture_output=True, env=environ)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.keras", "a.h5", "saved"])
def test_a_float_model_of_any_format_shows_the_same_interface_and_weights(models: Path, name: str) -> None:
    report = look_into(models / name)
    assert [(spec.name, spec.shape) for spec in report.inputs] == [("image", (-1, 64, 48, 3))]
    assert {spec.name: spec.shape for spec in report.outputs} == {
        "scores": (-1, 48, 5),
        "boxes": (-1, 48, 4),
    }
    assert (report.facts.precision, report.facts.weight_bytes) == ("fp32", {"float32": 4 * NUM_WEIGHTS})
    assert report.facts.ops["Conv2D"] == 3 and not report.oddities
    assert report.recognitions[0].description.decode.family == "ltrb"
    assert report.trial is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["harmful.keras", "harmful.h5"])
def test_code_in_a_model_is_not_run(models: Path, name: str) -> None:
    report = look_into(models / name)
    assert not (models / "harm").exists()
    assert report.facts.ops == {"InputLayer": 1, "Lambda": 1}
    assert [spec.shape for spec in report.inputs] == [(-1, 64, 48, 3)]
    assert "not_loadable" in {advice.code for advice in report.oddities}


@pytest.mark.slow
def test_the_text_of_a_saved_model_can_be_pasted_as_a_source(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(models / "saved")]) == 0
    assert f"  source: {models / 'saved'}" in capsys.readouterr().out


def archive(path: Path, config: object) -> Path:
    """Write a .keras file with a configuration and no weights."""
    import io

    import h5py

    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=[[1.0, 2.0]])
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("config.json", json.dumps(config))
        made.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        made.writestr("model.weights.h5", weights.getvalue())
    return path


def look(path: Path, monkeypatch: pytest.MonkeyPatch) -> FileReport:
    """Look into a model that Keras refuses, without the seconds that loading Keras takes."""

    def refuse(path: Path) -> None:
        raise TypeError("Could not locate class 'Mine'.\nMake sure custom classes are decorated")

    monkeypatch.setattr(keras_files, "_loaded", refuse)
    return read_contents(path, "0" * 64, path.stat().st_size)


def test_a_model_that_keras_refuses_still_tells_its_input_and_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [
        {"class_name": "InputLayer", "config": {"name": "photo", "batch_shape": [None, 32, 40, 3]}},
        {"class_name": "Mine", "module": "elsewhere", "config": {}},
    ]
    report = look(archive(tmp_path / "m.keras", {"config": {"layers": layers}}), monkeypatch)
    assert [(spec.name, spec.shape) for spec in report.inputs] == [("photo", (-1, 32, 40, 3))]
    assert report.facts.ops == {"InputLayer": 1, "Mine": 1} and report.outputs == ()
    told = next(advice for advice in report.oddities if advice.code == "not_loadable")
    assert "Could not locate class 'Mine'" in told.text


@pytest.mark.parametrize("config", [[], "text", None, {"config": {"layers": "no list"}}])
def test_a_configuration_of_another_kind_is_an_error_or_nothing(
    tmp_path: Path, config: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "m.keras", config)
    if isinstance(config, dict):
        assert look(path, monkeypatch).facts.ops == {}
    else:
        with pytest.raises(ModelError, match="not a Keras model, or damaged"):
            look(path, monkeypatch)


def test_a_folder_without_a_saved_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a folder without saved_model\.pb"):
        look_into(tmp_path)
