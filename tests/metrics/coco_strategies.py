"""Small data sets for property tests: boxes on a coarse grid and few scores, so that ties are the rule."""

from __future__ import annotations

from typing import Any

from coco_synthetic import make_detections_of, make_truth_of
from hypothesis import strategies as st

from bench.metrics.detections import Detections

# In an order that is not theirs by value, with gaps: ids are names, not indexes.
IMAGE_IDS = [30, 7, 12, 5]
CATEGORY_IDS = [9, 2, 40]

# Sides of 32 and 96 make areas that lie exactly on the borders of the sizes.
_boxes = st.tuples(
    st.sampled_from([0.0, 4.0, 8.0, 16.0]),
    st.sampled_from([0.0, 4.0, 10.0]),
    st.sampled_from([16.0, 31.0, 32.0, 33.0, 96.0, 100.0]),
    st.sampled_from([16.0, 32.0, 33.0, 96.0, 97.0]),
).map(list)
_images, _categories = st.sampled_from(IMAGE_IDS), st.sampled_from(CATEGORY_IDS)
_crowds = st.sampled_from([0, 0, 0, 1])
_few_scores = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9])
_objects = st.lists(st.tuples(_images, _categories, _boxes, _crowds), max_size=12)


@st.composite
def data_sets(draw: st.DrawFn, max_detections: int = 40) -> tuple[dict[str, Any], Detections]:
    """Draw annotations and detections; images, categories or both may stay empty."""
    found = draw(st.lists(st.tuples(_images, _categories, _few_scores, _boxes), max_size=max_detections))
    truth = make_truth_of(draw(_objects), IMAGE_IDS, CATEGORY_IDS)
    return truth, make_detections_of(found, IMAGE_IDS)


@st.composite
def crowded_images(draw: st.DrawFn) -> tuple[dict[str, Any], Detections]:
    """Draw one image of one category in which many boxes compete for many objects."""
    objects = draw(st.lists(st.tuples(st.just(5), st.just(2), _boxes, _crowds), min_size=2, max_size=10))
    found = draw(st.lists(st.tuples(st.just(5), st.just(2), _few_scores, _boxes), min_size=5, max_size=120))
    return make_truth_of(objects, [5], [2]), make_detections_of(found, [5])
