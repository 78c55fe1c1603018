"""The detector's own meter: a detector that knows the truth scores 1, one that knows nothing scores 0."""

import numpy as np
import pytest

from bench.datasets.rendered import render_scene
from bench.models.builtin.evaluate import STATISTICS, decode_boxes, measure_accuracy
from bench.models.builtin.targets import cell_centres, make_targets


def oracle(scenes):
    """Answer each scene in turn with its own targets."""
    answers = iter(scenes)

    def predict(_):
        scene = next(answers)
        height, width = scene.image.shape[:2]
        targets = make_targets(scene.boxes, scene.class_ids - 1, (width, height))
        logits = np.where(targets[:, :1] == np.arange(8), 9.0, -9.0).astype(np.float32)
        return logits[None], targets[None, :, 1:]

    return predict


def test_the_targets_decoded_again_score_nearly_one_in_all_twelve_statistics():
    scenes = [render_scene("evaluation", index) for index in range(40)]
    statistics = measure_accuracy(oracle(scenes), scenes)
    assert list(statistics) == list(STATISTICS)
    # Not exactly 1: a cell answers for one object only, and a few small objects lie in front of others.
    assert statistics["map_50_95"] > 0.97
    assert min(statistics["map_small"], statistics["map_medium"], statistics["map_large"]) > 0.9


def test_a_detector_that_sees_nothing_scores_zero():
    scenes = [render_scene("evaluation", index) for index in range(4)]
    blank = np.full((1, 400, 8), -5, np.float32), np.ones((1, 400, 4), np.float32)
    assert measure_accuracy(lambda _: blank, scenes)["map_50_95"] == pytest.approx(0, abs=0.01)


def test_boxes_reach_from_the_cell_centre_and_stop_at_the_border():
    boxes = decode_boxes(np.full((400, 4), 0.5, np.float32))
    assert np.array_equal(boxes, np.concatenate([cell_centres() - 4, cell_centres() + 4], axis=1))
    assert decode_boxes(np.full((400, 4), 99, np.float32))[7].tolist() == [0, 0, 160, 160]
