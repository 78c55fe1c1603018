"""Float files as sources: every recipe that makes sense, reasons for the others, and files left as they
were.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
from building_requests import source_request, write_photos

from bench.building import ArtifactStore, BuildFailure, BuildRequest, build_artifacts, build_key
from bench.core.artifact import Artifact
from bench.core.recipe import Calibration, Precision, Recipe

sys.path.insert(0, str(Path(__file__).parent.parent / "quantize"))
from tiny_networks import SIZE, write_network_onnx, write_network_tflite

RUNTIMES = {".onnx": "onnxruntime", ".tflite": "litert"}


def recipe_of(name: str, **changes: Any) -> Recipe:
    precision: Any = changes.pop("precision", name)
    io: Any = "int16" if precision == "int16x8" else "int8"
    return Recipe(name, precision, io=io, calibration=Calibration(images=4), **changes)


def build(tmp_path: Path, requests: list[BuildRequest]) -> list[Artifact | BuildFailure]:
    outcomes = build_artifacts(requests, ArtifactStore(tmp_path / "cache"), tmp_path / "work")
    return [outcomes[build_key(request)] for request in requests]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_source(folder: Path, suffix: str) -> Path:
    path = folder / f"float{suffix}"
    if suffix == ".tflite":
        return write_network_tflite(path)
    # As PyTorch wrote them for years: opset 11, weights among the inputs.
    return write_network_onnx(path, opset=11, weights_as_inputs=True, box_gain=100)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_a_float_file_goes_through_every_recipe_of_its_runtime_and_stays_as_it_was(
    tmp_path: Path, suffix: str
) -> None:
    source, photos = write_source(tmp_path, suffix), write_photos(tmp_path / "photos", 4)
    before = sha256(source)
    recipes = [
        *(recipe_of(name) for name in ("fp32", "fp16", "dynamic", "int8", "int16x8", "int4")),
        recipe_of("mixed", keep_float=("scores",)),
        recipe_of("int4-stem8", precision="int4", keep_8bit=("stem",)),
        recipe_of("typo", precision="int8", keep_float=("scors",)),
    ]
    requests = [
        source_request(source, recipe, RUNTIMES[suffix], calibration=photos, size=SIZE) for recipe in recipes
    ]
    *made, typo = build(tmp_path, requests)
    for recipe, artifact in zip(recipes, made, strict=False):
        assert isinstance(artifact, Artifact), f"{recipe.name}: {artifact}"
        # Most weights of this tiny network are in the layer kept at 8 bits.
        assert artifact.facts.precision == ("mixed" if recipe.keep_8bit else recipe.precision)
    fp32, int8 = made[0], made[3]
    assert isinstance(fp32, Artifact) and fp32.path == str(source), "a float file is its own fp32"
    assert isinstance(int8, Artifact) and Path(int8.path).parent != source.parent
    if suffix == ".onnx":
        notes = " ".join(int8.build_notes)
        assert "opset 11 raised to 17" in notes and "joins values up to" in notes
    assert isinstance(typo, BuildFailure) and "fits no layer" in typo.reason and "scores" in typo.reason
    assert sha256(source) == before


@pytest.mark.parametrize(
    ("suffix", "runtime", "recipe", "reason"),
    [
        (".onnx", "litert", Recipe("fp32", "fp32"), "quantized for onnxruntime only"),
        (".tflite", "onnxruntime", Recipe("int8", "int8"), "quantized for litert only"),
        (".onnx", "onnxruntime", Recipe("qat", "qat"), "QAT trains the layers of a Keras model"),
        (".tflite", "litert", Recipe("qat", "qat"), "a float .tflite file has none to train"),
        (".tflite", "litert", Recipe("int8", "int8", equalize=True), "equalize balances the layers"),
        (".tflite", "litert", Recipe("int8", "int8", io="uint8"), "io: int8 or io: float32"),
    ],
)
def test_what_cannot_be_made_of_a_float_file_is_planned_with_its_reason(
    tmp_path: Path, suffix: str, runtime: str, recipe: Recipe, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.building.session import Session

    monkeypatch.setattr(Session, "build", lambda *_: pytest.fail("a process was started"))
    source = write_source(tmp_path, suffix)
    (outcome,) = build(tmp_path, [source_request(source, recipe, runtime)])
    assert isinstance(outcome, BuildFailure) and outcome.is_unavailable
    assert reason in outcome.reason


def test_a_file_that_is_quantized_already_is_no_source(tmp_path: Path) -> None:
    source, photos = write_source(tmp_path, ".tflite"), write_photos(tmp_path / "photos", 4)
    dynamic = source_request(source, recipe_of("dynamic"), "litert", calibration=photos, size=SIZE)
    (made,) = build(tmp_path, [dynamic])
    assert isinstance(made, Artifact)
    precisions: tuple[Precision, ...] = ("fp32", "int4")
    requests = [
        source_request(Path(made.path), recipe_of(precision), "litert", calibration=photos, size=SIZE)
        for precision in precisions
    ]
    for outcome in build(tmp_path, requests):
        assert isinstance(outcome, BuildFailure) and outcome.is_unavailable
        assert "is dynamic by its tensors, and recipes start from float32 weights" in outcome.reason


# Writes models in a process of its own, so that the tests' process stays free of TensorFlow.
WRITE_MODELS = """
import sys
import keras
import tensorflow as tf
from keras import layers
image = keras.Input((32, 32, 3), name="image")
x = layers.Conv2D(16, 3, 2, padding="same", use_bias=False, name="stem")(image)
x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="wise")(x)
x = layers.Conv2D(32, 3, 2, padding="same", activation="relu", name="wide")(x)
scores = layers.Reshape((64, 8), name="scores")(layers.Conv2D(8, 1, name="score_head")(x))
boxes = layers.Reshape((64, 4), name="boxes")(layers.Conv2D(4, 1, name="box_head")(x))
model = keras.Model(image, {"scores": scores, "boxes": boxes})
model.save(sys.argv[1] + "/model.h5")
model.save(sys.argv[1] + "/model.keras")
model.export(sys.argv[1] + "/exported", verbose=False)
keras.Model(image, layers.Lambda(lambda value: value * 2)(scores)).save(sys.argv[1] + "/lambda.h5")
class Writer(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3))])
    def serve(self, image):
        tf.io.write_file("written", "x")
        return {"scores": image}
writer = Writer()
tf.saved_model.save(writer, sys.argv[1] + "/writing", signatures=writer.serve)
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess

    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", WRITE_MODELS, str(folder)], check=True, capture_output=True)
    return folder


def tree(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]
    return {str(item): sha256(item) for item in files}


RECIPES = [
    *(recipe_of(name) for name in ("fp32", "fp16", "dynamic", "int8", "int16x8", "int4")),
    recipe_of("mixed", keep_float=("*box_head*",)),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.h5", "exported"])
def test_h5_files_and_saved_models_go_through_the_recipes_of_both_runtimes(
    models: Path, tmp_path: Path, name: str
) -> None:
    photos, before = write_photos(tmp_path / "photos", 4), tree(models / name)
    wanted = {
        (recipe.name, runtime): source_request(models / name, recipe, runtime, calibration=photos)
        for recipe in RECIPES
        for runtime in ("litert", "onnxruntime")
    }
    made = dict(zip(wanted, build(tmp_path, list(wanted.values())), strict=True))
    for (recipe_name, runtime), artifact in made.items():
        assert isinstance(artifact, Artifact), f"{recipe_name} {runtime}: {artifact}"
        assert artifact.facts.precision == recipe_name
        assert sorted(line.split()[0] for line in artifact.facts.outputs) == ["boxes", "scores"]
    assert tree(models / name) == before


@pytest.mark.slow
def test_what_could_reach_outside_a_model_is_refused(models: Path, tmp_path: Path) -> None:
    fp32 = recipe_of("fp32")
    requests = [source_request(models / name, fp32, "litert") for name in ("lambda.h5", "writing")]
    lambda_layer, writing = build(tmp_path, requests)
    assert isinstance(lambda_layer, BuildFailure)
    assert "lambda.h5: Keras cannot load the model" in lambda_layer.reason
    assert isinstance(writing, BuildFailure)
    assert "holds WriteFile, which reach outside the model" in writing.reason


@pytest.mark.slow
def test_equalised_and_kept_layers_of_a_keras_model_are_in_its_files(models: Path, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 4)
    recipes = [
        recipe_of("plain", precision="int8", equalize=True),
        recipe_of("both", precision="int8", equalize=True, keep_float=("*box_head*",)),
        recipe_of("int4-even", precision="int4", equalize=True),
    ]
    wanted = [
        source_request(models / "model.keras", recipe, runtime, calibration=photos)
        for recipe in recipes
        for runtime in ("litert", "onnxruntime")
    ]
    for request, artifact in zip(wanted, build(tmp_path, wanted), strict=True):
        assert request.recipe is not None
        assert isinstance(artifact, Artifact), f"{request.recipe.name} {request.runtime}: {artifact}"
        assert any(note.startswith("channels of 3 layers equalised") for note in artifact.build_notes)
        expected = {"plain": "int8", "both": "mixed", "int4-even": "int4"}
        assert artifact.facts.precision == expected[request.recipe.name]
