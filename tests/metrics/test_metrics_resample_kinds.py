"""Resamples of the other AP statistics: drawn once each, they are the statistic itself."""

from __future__ import annotations

import numpy as np
import pytest
from coco_synthetic import as_ground_truth, make_annotations, make_detections

from bench.core.verdict import Rule
from bench.gating.accuracy import AP_KINDS, ap_change
from bench.gating.judging import accuracy_change
from bench.metrics.accumulate import accumulate
from bench.metrics.matches import Matches
from bench.metrics.matching import match
from bench.metrics.resample import resampled_aps, resampled_maps

TRUTH = make_annotations(5, 60, num_categories=6)


def matches(seed: int, noise: float = 0.12) -> Matches:
    return match(make_detections(seed, TRUTH, noise=noise), as_ground_truth(TRUTH))


@pytest.mark.parametrize("metric", AP_KINDS)
def test_every_image_drawn_once_gives_the_statistic_of_pycocotools(metric: str) -> None:
    found = matches(1)
    ones = np.ones((1, len(found.image_ids)), np.int32)
    value = resampled_maps(resampled_aps(found, ones, AP_KINDS[metric]))[0]
    assert value == pytest.approx(accumulate(found).stats[metric], abs=1e-12)


@pytest.mark.parametrize("metric", AP_KINDS)
def test_a_model_does_not_change_against_itself_and_a_worse_one_does(metric: str) -> None:
    good, bad = matches(1), matches(1, noise=0.5)
    same = ap_change(good, good, metric, 200, 0)
    assert same is not None and (same.value, same.standard_error) == (0.0, 0.0)
    assert same.chance_above(-0.001) == 1.0
    worse = ap_change(good, bad, metric, 200, 0)
    assert worse is not None and worse.bounds(0.01)[1] < 0 and worse.chance_above(0.0) < 0.01


def test_the_p_value_and_the_bound_agree() -> None:
    change = ap_change(matches(1), matches(2), "map_50_95", 200, 0)
    assert change is not None
    for error in (0.05, 0.001):
        assert change.chance_above(change.bounds(error)[1]) == pytest.approx(error)


def test_a_drop_is_a_worsening_and_may_be_a_share() -> None:
    change = ap_change(matches(1), matches(1, noise=0.5), "map_50_95", 200, 0)
    assert change is not None
    absolute = accuracy_change(Rule("map_50_95", 0.01, False, 0.02), 0.5, change)
    share = accuracy_change(Rule("map_50_95", 0.02, True, 0.04), 0.5, change)
    assert 0 < absolute.low < absolute.value < absolute.high
    assert share.value == pytest.approx(2 * absolute.value)
    assert share.p_value == pytest.approx(absolute.p_value)
