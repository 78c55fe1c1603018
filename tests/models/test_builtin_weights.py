"""The shipped weights: the file that the card describes, loadable, of the documented form, and accurate."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from bench.errors import ModelError
from bench.models.builtin import DESCRIPTION, load_builtin, read_card, shipped, weights_path


def test_the_card_names_the_file_that_is_shipped():
    assert hashlib.sha256(weights_path().read_bytes()).hexdigest() == read_card()["weights_sha256"]


def test_the_shipped_file_is_small():
    assert weights_path().stat().st_size < 1_500_000


def test_the_card_states_a_real_but_imperfect_accuracy_with_all_twelve_statistics():
    statistics = read_card()["statistics"]
    assert len(statistics) == 12
    assert all(0 < value < 1 for value in statistics.values())
    assert 0.55 <= statistics["map_50_95"] <= 0.80


def test_missing_weights_are_explained(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    with pytest.raises(ModelError, match=r"detector\.keras: not found.*reinstall"):
        load_builtin()


def test_importing_the_package_imports_no_framework():
    code = "import sys, bench.models.builtin; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_model_has_the_described_inputs_and_outputs():
    pytest.importorskip("keras")
    model = load_builtin()
    assert model.count_params() == read_card()["num_parameters"]
    scores, boxes = (output.numpy() for output in model(np.zeros((2, 160, 160, 3), np.float32)))
    assert scores.shape[1:] == tuple(DESCRIPTION["outputs"]["scores"]["shape"][1:])
    assert boxes.shape[1:] == tuple(DESCRIPTION["outputs"]["boxes"]["shape"][1:])
    assert boxes.min() >= 0
    assert {layer.name for layer in model.layers} >= {"image", "scores", "boxes"}


@pytest.mark.slow
def test_the_shipped_weights_detect_on_a_hundred_held_out_scenes():
    pytest.importorskip("tensorflow")
    from bench.datasets.rendered import render_scene
    from bench.models.builtin.evaluate import measure_accuracy
    from bench.models.builtin.train import predictor

    scenes = (render_scene("evaluation", index) for index in range(100))
    statistics = measure_accuracy(predictor(load_builtin()), scenes)
    assert 0.5 < statistics["map_50_95"] < 0.85


@pytest.mark.slow
def test_training_from_nothing_writes_weights_that_match_their_card(tmp_path):
    pytest.importorskip("tensorflow")
    from bench.datasets.rendered import render_scene
    from bench.models.builtin.train import Settings, train

    settings = Settings(num_images=8, num_evaluation_images=4, steps=2, batch_size=4)
    card = train(render_scene, tmp_path, settings, report=lambda line: None)
    assert hashlib.sha256((tmp_path / "detector.keras").read_bytes()).hexdigest() == card["weights_sha256"]
    assert card["settings"]["steps"] == 2
