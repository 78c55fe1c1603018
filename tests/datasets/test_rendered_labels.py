"""Labels of hand-made scenes: what covers an object decides its box and whether it has one."""

import numpy as np

from bench.datasets.rendered.layout import Item
from bench.datasets.rendered.outlines import outline
from bench.datasets.rendered.raster import polygon_area, rasterise, transform
from bench.datasets.rendered.scene import _annotate

CANVAS = (200, 200)


def annotate(*items):
    loops = [transform(outline(item.shape), item.radii, item.angle, item.centre) for item in items]
    stencils = [rasterise(loop, *CANVAS) for loop in loops]
    return _annotate(list(items), stencils, [polygon_area(loop) for loop in loops], CANVAS)


def square(x, y, side):
    """Upright: the outline's corners lie on the axes, so turn it by an eighth."""
    return Item("square", side * np.sqrt(2), 1.0, np.pi / 4, (x, y))


def test_the_box_of_a_free_object_is_tight_round_its_pixels():
    boxes, class_ids = annotate(square(60, 80, 40))
    assert boxes.tolist() == [[40, 60, 40, 40]]
    assert class_ids.tolist() == [4]


def test_the_box_of_a_half_hidden_object_is_that_of_its_visible_half():
    boxes, _ = annotate(square(60, 80, 40), square(100, 80, 80))
    assert boxes.tolist() == [[40, 60, 20, 40], [60, 40, 80, 80]]


def test_an_object_seen_less_than_a_quarter_has_no_annotation():
    boxes, _ = annotate(square(60, 80, 40), square(89, 80, 80))
    assert boxes.tolist() == [[49, 40, 80, 80]]


def test_an_object_mostly_outside_the_image_has_no_annotation():
    boxes, _ = annotate(square(-12, 80, 40))
    assert boxes.shape == (0, 4)


def test_distractors_hide_objects_but_are_never_annotated():
    cover = Item("hexagon", 120, 1.0, 0.0, (60.0, 80.0))
    boxes, class_ids = annotate(square(60, 80, 40), cover)
    assert boxes.shape == (0, 4) and class_ids.shape == (0,)
