"""A Keras model of the user's own through all five precisions and both runtimes. Slow: TensorFlow at work."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from building_requests import keras_request, write_photos

from bench.building import ArtifactStore, BuildFailure, BuildRequest, build_artifacts, build_key
from bench.core.artifact import Artifact
from bench.core.recipe import DEFAULT_PRECISIONS, Calibration, Recipe, Training

pytestmark = pytest.mark.slow

# Writes two models in a process of its own, so that the tests' process stays free of TensorFlow.
WRITE_MODELS = """
import sys
import keras
from keras import layers
image = keras.Input((32, 32, 3), name="image")
x = layers.Conv2D(16, 3, 2, padding="same", use_bias=False)(image)
x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
x = layers.Conv2D(32, 3, 2, padding="same", activation="relu")(x)
x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)])
scores = layers.Reshape((64, 8), name="scores")(layers.Conv2D(8, 1)(x))
boxes = layers.Reshape((64, 4), name="boxes")(layers.Conv2D(4, 1)(x))
keras.Model(image, [scores, boxes]).save(sys.argv[1])
keras.Model(image, layers.Lambda(lambda value: value * 2)(scores)).save(sys.argv[2])
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("models")
    paths = [str(folder / "good.keras"), str(folder / "lambda.keras")]
    subprocess.run([sys.executable, "-c", WRITE_MODELS, *paths], check=True, capture_output=True)
    return folder


def test_all_ten_files_of_a_keras_model_are_built_and_cached(models: Path, tmp_path: Path) -> None:
    photos, store = write_photos(tmp_path / "photos", 16), ArtifactStore(tmp_path / "cache")
    path = models / "good.keras"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    requests = {
        (precision, runtime): request(path, precision, runtime, photos)
        for runtime in ("litert", "onnxruntime")
        for precision in DEFAULT_PRECISIONS
    }
    refused = request(models / "lambda.keras", "fp32", "litert", photos)
    events: list[dict[str, Any]] = []
    outcomes = build_artifacts(
        [*requests.values(), refused], store, tmp_path / "work", on_event=events.append
    )
    for (precision, runtime), wanted in requests.items():
        artifact = outcomes[build_key(wanted)]
        assert isinstance(artifact, Artifact), f"{precision} {runtime}: {artifact}"
        assert artifact.facts.precision == ("int8" if precision == "qat" else precision)
        assert Path(artifact.path).suffix == {"litert": ".tflite", "onnxruntime": ".onnx"}[runtime]
        outputs = [line.split()[0] for line in artifact.facts.outputs]
        assert sorted(outputs) == ["boxes", "scores"]
    failure = outcomes[build_key(refused)]
    assert isinstance(failure, BuildFailure)
    assert "lambda.keras: Keras cannot load the model" in failure.reason
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    trainings = {event["key"] for event in events if "training" in event.get("text", "")}
    assert len(trainings) == 1, "both runtimes share one trained model"
    assert not list((tmp_path / "work").rglob("scratch"))
    again = build_artifacts(requests.values(), store, tmp_path / "nowhere")
    assert again == {key: value for key, value in outcomes.items() if key != build_key(refused)}
    assert not (tmp_path / "nowhere").exists()


def request(path: Path, precision: Any, runtime: str, photos: Any) -> BuildRequest:
    training, calibration = Training(steps=3, batch_size=4, images=16), Calibration(images=8)
    recipe = Recipe(precision, precision, calibration=calibration, training=training)
    return keras_request(path, recipe, runtime, calibration=photos, training=photos)


def test_too_little_memory_is_a_failure_and_no_more(models: Path, tmp_path: Path) -> None:
    wanted = keras_request(models / "good.keras", Recipe("fp32", "fp32"))
    store = ArtifactStore(tmp_path / "cache")
    outcomes = build_artifacts([wanted], store, tmp_path / "work", memory_limit_bytes=600_000_000)
    failure = outcomes[build_key(wanted)]
    assert isinstance(failure, BuildFailure)
    assert failure.stderr_tail
