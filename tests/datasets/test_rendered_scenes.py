"""The rendered scenes: reproducible, disjoint between splits, tightly labelled, and rich enough for COCO."""

import hashlib

import numpy as np
import pytest

from bench.datasets.rendered import CLASS_NAMES, SPLITS, render_scene
from bench.datasets.rendered.outlines import DISTRACTORS, OBJECTS, outline
from bench.datasets.rendered.raster import polygon_area, rasterise, transform
from bench.errors import DataError

SCENES = [render_scene("evaluation", index) for index in range(60)]


def test_a_scene_depends_on_its_split_index_and_seed_alone():
    again = render_scene("evaluation", 7)
    assert np.array_equal(again.image, SCENES[7].image)
    assert np.array_equal(again.boxes, SCENES[7].boxes)
    assert np.array_equal(again.class_ids, SCENES[7].class_ids)
    assert not _same_pixels(render_scene("evaluation", 7, seed=1), SCENES[7])


def test_no_image_occurs_twice_within_or_between_splits():
    digests = [
        hashlib.sha256(render_scene(split, index).image.tobytes()).hexdigest()
        for split in SPLITS
        for index in range(25)
    ]
    assert len(set(digests)) == len(digests)


def test_all_three_coco_sizes_and_all_classes_occur_in_sixty_images():
    areas = np.concatenate([scene.areas for scene in SCENES])
    small, large = areas < 32**2, areas > 96**2
    assert min(small.sum(), large.sum(), (~small & ~large).sum()) >= 20
    assert set(np.concatenate([scene.class_ids for scene in SCENES]).tolist()) == set(range(1, 9))


def test_some_images_hold_no_object_and_canvases_differ_in_aspect():
    assert 1 <= sum(scene.class_ids.size == 0 for scene in SCENES) <= 10
    aspects = {scene.image.shape[1] / scene.image.shape[0] for scene in SCENES}
    assert min(aspects) < 1 < max(aspects)


def test_boxes_lie_inside_the_image_and_areas_are_theirs():
    for scene in SCENES:
        height, width = scene.image.shape[:2]
        assert scene.boxes.shape == (len(scene.class_ids), 4)
        assert (scene.boxes[:, :2] >= 0).all() and (scene.boxes[:, 2:] >= 6).all()
        assert (scene.boxes[:, :2] + scene.boxes[:, 2:] <= (width, height)).all()
        assert np.array_equal(scene.areas, scene.boxes[:, 2] * scene.boxes[:, 3])


def test_an_unknown_split_is_refused_with_the_nearest_known_name():
    with pytest.raises(DataError, match="no split 'evaluate'.*did you mean 'evaluation'"):
        render_scene("evaluate", 0)


def test_a_polygon_covers_exactly_its_area():
    square = [np.array([[2.25, 1.0], [5.75, 1.0], [5.75, 4.0], [2.25, 4.0]])]
    stencil = rasterise(square, 10, 10)
    assert stencil.window == (slice(1, 4), slice(2, 6))
    assert np.allclose(stencil.coverage, [[0.75, 1, 1, 0.75]] * 3)


@pytest.mark.parametrize("name", [*OBJECTS, *DISTRACTORS])
def test_every_outline_fits_the_unit_circle_and_rasterises_to_its_own_area(name):
    loops = outline(name)
    assert max(np.hypot(*loop.T).max() for loop in loops) <= 1.01
    placed = transform(loops, (60.0, 45.0), 0.7, (80.0, 75.0))
    coverage = rasterise(placed, 150, 160).coverage
    assert coverage.sum() == pytest.approx(polygon_area(placed), rel=0.01)
    assert coverage.min() >= 0 and coverage.max() == 1


def test_a_shape_cut_off_by_the_border_covers_only_what_is_left():
    whole = rasterise(transform(outline("disc"), (20.0, 20.0), 0.0, (50.0, 50.0)), 100, 100).coverage.sum()
    half = rasterise(transform(outline("disc"), (20.0, 20.0), 0.0, (0.0, 50.0)), 100, 100).coverage.sum()
    assert half == pytest.approx(whole / 2, rel=0.01)
    assert rasterise(transform(outline("disc"), (9.0, 9.0), 0.0, (-50.0, 50.0)), 100, 100).coverage.size == 0


def test_class_names_follow_the_outlines():
    assert CLASS_NAMES == ("disc", "ring", "triangle", "square", "star", "cross", "crescent", "arrow")


def _same_pixels(one, other):
    return one.image.shape == other.image.shape and np.array_equal(one.image, other.image)
