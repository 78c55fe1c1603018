"""Every dense family gives what a plain loop over its cells gives, however its outputs are laid out."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import family_loops as loops

from bench.detectors import Detector, geometry_of
from bench.detectors.families import FAMILIES, load_family
from bench.errors import ModelError
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

# No side is a multiple of all strides, and width and height differ: ceil and the order of axes show.
WIDTH, HEIGHT = 140, 76
CLASSES, THRESHOLD = 2, 0.3
EVERYTHING = Suppression(score_threshold=THRESHOLD, pre_nms_top_k=10**6)


def grid(stride):
    return -(-HEIGHT // stride), -(-WIDTH // stride)


def make_parts(seed, strides, channels, anchors=None, low=-2.0, high=2.0):
    """Return random parts on a grid of int8 steps, so that quantized outputs hold the very same values."""
    drawn = np.random.default_rng(seed)
    anchors = anchors or [1] * len(strides)
    return {
        role: [
            np.round(drawn.uniform(low, high, (count, *grid(stride), size)) / SCALE).astype(np.float32)
            * SCALE
            for stride, count in zip(strides, anchors, strict=True)
        ]
        for role, size in channels.items()
    }


SCALE = np.float32(1 / 32)

# Layouts of one level: (anchors, rows, columns, channels) to the tensor that a converter may make of it.
LEVEL_LAYOUTS = {
    "5d": lambda a: a[None],
    "channels first": lambda a: a.transpose(0, 3, 1, 2).reshape(1, -1, *a.shape[1:3]),
    "channels last": lambda a: a.transpose(1, 2, 0, 3).reshape(1, *a.shape[1:3], -1),
    "no batch": lambda a: a.transpose(1, 2, 0, 3).reshape(*a.shape[1:3], -1),
    "anchors beside cells": lambda a: a.transpose(1, 2, 0, 3),
    "anchors split off": lambda a: a.transpose(0, 3, 1, 2)[None],
}


def rows_of(array, is_anchors_first):
    rows = array if is_anchors_first else array.transpose(1, 2, 0, 3)
    return rows.reshape(-1, array.shape[3])


def as_levels(parts, layout, is_joint):
    if is_joint:
        parts = {"all": [np.concatenate(of_level, axis=3) for of_level in zip(*parts.values(), strict=True)]}
    return [LEVEL_LAYOUTS[layout](array) for of_part in parts.values() for array in of_part]


def as_whole(parts, layout, is_joint, is_anchors_first=False):
    tables = [
        np.concatenate([rows_of(array, is_anchors_first) for array in of_part]) for of_part in parts.values()
    ]
    tables = [np.concatenate(tables, axis=1)] if is_joint else tables
    views = {
        "rows": lambda table: table[None],
        "rows no batch": lambda table: table,
        "rows swapped": lambda table: table.T[None],
        "rows flat": lambda table: table[None, :, None],
    }
    return [views[layout](table) for table in tables]


ARRANGEMENTS = [
    *((as_levels, layout, is_joint) for layout in LEVEL_LAYOUTS for is_joint in (True, False)),
    *(
        (as_whole, layout, is_joint)
        for layout in ("rows", "rows no batch", "rows swapped", "rows flat")
        for is_joint in (True, False)
    ),
]
DTYPES = {"float32": (0.0, 0), "int8": (float(SCALE), 5), "uint8": (float(SCALE), 131)}


def tensors(arrays, dtype, seed):
    """Return specs and outputs in a random order, quantized where `dtype` says so."""
    scale, zero_point = DTYPES[dtype]
    order = np.random.default_rng(seed).permutation(len(arrays))
    specs, outputs = [], []
    for i in order:
        array = np.ascontiguousarray(arrays[i])
        if scale:
            steps = np.rint(array / scale) + zero_point
            assert steps.min() >= np.iinfo(dtype).min and steps.max() <= np.iinfo(dtype).max
            array = steps.astype(dtype)
        # Names that say nothing: shapes must do.
        specs.append(TensorSpec(f"output_{i}", array.shape, dtype, scale, zero_point))
        outputs.append(array)
    return specs, outputs


def found_by(family, specs, outputs, options, suppression=EVERYTHING):
    description = ModelDescription(
        Preprocess(WIDTH, HEIGHT), Decode(family, options=options), suppression, tuple(range(1, CLASSES + 1))
    )
    found = load_family(family)(description, specs).candidates(outputs)
    assert (np.diff(found.scores) <= 0).all() and found.boxes.dtype == np.float32
    return np.column_stack([found.scores, found.classes, found.boxes])


def assert_same(found, expected):
    """Compare (score, class, box) rows as sets: each row has exactly one partner."""
    expected = np.array([row for row in expected if row[0] >= THRESHOLD])
    assert 0 < len(expected) == len(found)
    close = np.abs(found[:, None] - expected)
    is_same = (close[:, :, 0] < 1e-5) & (close[:, :, 1] == 0) & (close[:, :, 2:] < 2e-3).all(axis=2)
    assert is_same.any(axis=0).all() and is_same.any(axis=1).all()


def run(family, parts, loop, options, arrangement, dtype, seed, is_anchors_first=False):
    arrange, layout, is_joint = arrangement
    further = {"is_anchors_first": is_anchors_first} if arrange is as_whole else {}
    specs, outputs = tensors(arrange(parts, layout, is_joint, **further), dtype, seed)
    assert_same(found_by(family, specs, outputs, options), loop(parts))


# Reals in every layout, one kind of integers in each.
over_all_layouts = pytest.mark.parametrize(
    ("arrangement", "dtype"),
    [
        *((arrangement, "float32") for arrangement in ARRANGEMENTS),
        *((arrangement, ["int8", "uint8"][i // 2 % 2]) for i, arrangement in enumerate(ARRANGEMENTS)),
    ],
    ids=lambda a: a if isinstance(a, str) else f"{a[1]} {'joint' if a[2] else 'apart'}",
)


@over_all_layouts
def test_yolox_outputs_are_read_in_every_layout(arrangement, dtype):
    strides = [16, 32]
    parts = make_parts(1, strides, {"boxes": 4, "objectness": 1, "classes": CLASSES})
    loop = partial(loops.yolox, strides=strides, is_logit=True)
    run("yolox", parts, loop, {"strides": strides, "activation": "sigmoid"}, arrangement, dtype, 1)


@over_all_layouts
def test_undecoded_yolov5_outputs_are_read_in_every_layout(arrangement, dtype):
    strides, anchors = [16, 32], [[[30, 61], [62, 45], [59, 119]], [[116, 90], [156, 198], [373, 326]]]
    parts = make_parts(2, strides, {"boxes": 4, "objectness": 1, "classes": CLASSES}, [3, 3])
    options = {"strides": strides, "anchors": anchors, "decoded": False}
    loop = partial(loops.yolov5, strides=strides, anchors=anchors)
    run("yolov5", parts, loop, options, arrangement, dtype, 2, is_anchors_first=True)


@over_all_layouts
def test_undecoded_yolov8_outputs_are_read_in_every_layout(arrangement, dtype):
    strides = [16, 32]
    parts = make_parts(3, strides, {"distances": 64, "scores": CLASSES})
    loop = partial(loops.distributions, strides=strides)
    run("yolov8", parts, loop, {"strides": strides}, arrangement, dtype, 3)


@over_all_layouts
def test_gfl_outputs_are_read_in_every_layout(arrangement, dtype):
    strides = [16, 32]
    parts = make_parts(4, strides, {"scores": CLASSES, "distances": 32})
    options = {"strides": strides, "activation": "sigmoid", "center": 0.0}
    loop = partial(loops.distributions, strides=strides, centre=0.0)
    run("gfl", parts, loop, options, arrangement, dtype, 4)


@over_all_layouts
def test_ssd_outputs_are_read_in_every_layout(arrangement, dtype):
    strides = [16, 32, 64]
    parts = make_parts(5, strides, {"scores": 1 + CLASSES, "boxes": 4}, [3, 6, 6])
    loop = partial(
        loops.encoded,
        anchor_of=lambda i, a, y, x: loops.ssd_anchor(i, a, y, x, grid(strides[i]), WIDTH, HEIGHT, 3),
        scales=(10, 10, 5, 5),
        activate=lambda row: [loops.sigmoid(value) for value in row],
        counted=slice(1, None),
    )
    run("ssd", parts, loop, {"strides": strides}, arrangement, dtype, 5)


@over_all_layouts
def test_efficientdet_outputs_are_read_in_every_layout(arrangement, dtype):
    strides = [16, 32, 64]
    parts = make_parts(6, strides, {"scores": CLASSES, "boxes": 4}, [9, 9, 9])
    loop = partial(
        loops.encoded,
        anchor_of=lambda i, a, y, x: loops.efficientdet_anchor(
            i, a, y, x, grid(strides[i]), WIDTH, HEIGHT, 3.0
        ),
        scales=(1, 1, 1, 1),
        activate=lambda row: [loops.sigmoid(value) for value in row],
        counted=slice(None),
    )
    run("efficientdet", parts, loop, {"strides": strides, "anchor_scale": 3.0}, arrangement, dtype, 6)


@over_all_layouts
def test_fastestdet_outputs_are_read_in_every_layout(arrangement, dtype):
    channels = {"objectness": 1, "boxes": 4, "classes": CLASSES}
    parts = make_parts(7, [16], channels, low=-0.5, high=1.0)
    loop = partial(loops.fastestdet, stride=16, width=WIDTH, height=HEIGHT)
    run("fastestdet", parts, loop, {}, arrangement, dtype, 7)


@pytest.mark.parametrize("activation", ["none", "sigmoid"])
@over_all_layouts
def test_yolofastestv2_outputs_are_read_in_every_layout(arrangement, activation, dtype):
    anchors = [
        [[12.64, 19.39], [37.88, 51.48], [55.71, 138.31]],
        [[126.91, 78.23], [131.57, 214.55], [280, 259]],
    ]
    is_raw = activation == "sigmoid"
    channels = {"boxes": 12, "objectness": 3, "classes": CLASSES}
    parts = make_parts(8, [16, 32], channels, low=-1.0 if is_raw else 0.0, high=3.0 if is_raw else 1.0)
    loop = partial(loops.yolofastestv2, strides=[16, 32], anchors=anchors, is_logit=is_raw)
    run("yolofastestv2", parts, loop, {"anchors": anchors, "activation": activation}, arrangement, dtype, 8)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    arrangement=st.sampled_from(ARRANGEMENTS),
    dtype=st.sampled_from([*DTYPES]),
    activation=st.sampled_from(["sigmoid", "softmax", "none"]),
    background=st.sampled_from(["first", "last", "none"]),
    is_x_first=st.booleans(),
)
def test_pyramid_heads_are_read_with_every_activation_background_and_axis_order(
    seed, arrangement, dtype, activation, background, is_x_first
):
    strides = [16, 32]
    columns = CLASSES + (background != "none")
    parts = make_parts(seed, strides, {"scores": columns, "boxes": 4}, [6, 6])
    first = background == "first"
    activate = {
        "sigmoid": lambda row: [loops.sigmoid(value) for value in row],
        "softmax": loops.softmax,
        "none": list,
    }[activation]
    loop = partial(
        loops.encoded,
        anchor_of=lambda i, a, y, x: loops.pyramid_anchor(strides[i], a, y, x, WIDTH, HEIGHT),
        scales=(10, 10, 5, 5),
        activate=activate,
        counted=slice(int(first), int(first) + CLASSES),
    )
    options = {
        "anchors": "pyramid", "strides": strides, "activation": activation, "background": background,
        "box_order": "xy" if is_x_first else "yx",
    }  # fmt: skip
    told = parts
    if is_x_first:
        told = {**parts, "boxes": [array[..., [1, 0, 3, 2]] for array in parts["boxes"]]}
    arrange, layout, is_joint = arrangement
    specs, outputs = tensors(arrange(told, layout, is_joint), dtype, seed)
    assert_same(found_by("ssd", specs, outputs, options), loop(parts))


@pytest.mark.parametrize("is_multi_label", [True, False])
@pytest.mark.parametrize("family", ["yolox", "gfl", "ssd"])
def test_one_label_a_row_is_the_best_of_its_labels(family, is_multi_label):
    suppression = Suppression(score_threshold=THRESHOLD, pre_nms_top_k=10**6, is_multi_label=is_multi_label)
    channels = {
        "yolox": {"boxes": 4, "objectness": 1, "classes": CLASSES},
        "gfl": {"scores": CLASSES, "distances": 32},
        "ssd": {"scores": CLASSES, "boxes": 4},
    }[family]
    options = {"strides": [8, 16], "activation": "sigmoid"}
    options |= {"anchors": "pyramid", "background": "none"} if family == "ssd" else {}
    anchors = [6, 6] if family == "ssd" else None
    specs, outputs = tensors(
        as_levels(make_parts(9, [8, 16], channels, anchors), "channels first", False), "float32", 9
    )
    everything = found_by(family, specs, outputs, options)
    found = found_by(family, specs, outputs, options, suppression)
    if is_multi_label:
        assert (found == everything).all()
        return
    boxes, counts = np.unique(everything[:, 2:], axis=0, return_counts=True)
    assert counts.max() > 1 and len(found) == len(boxes)
    for row in found:
        same = (everything[:, 2:] == row[2:]).all(axis=1)
        assert row[0] == everything[same, 0].max()


# Heads of 64 x 64 pixels with two classes: those of each family, and what is told to it.
BLANK = {
    "efficientdet": ([(1, 774, 2), (1, 774, 4)], {}),
    "fastestdet": ([(1, 7, 4, 4)], {}),
    "gfl": ([(1, 84, 34)], {}),
    "ltrb": ([(1, 64, 2), (1, 64, 4)], {"strides": [8]}),
    "ssd": ([(1, 96, 3), (1, 96, 4)], {}),
    "yolofastestv2": ([(1, 4, 4, 17), (1, 2, 2, 17)], {}),
    "yolov5": ([(1, 252, 7)], {}),
    "yolov5 raw": ([(1, 3, 8, 8, 7), (1, 3, 4, 4, 7), (1, 3, 2, 2, 7)], {}),
    "yolov8": ([(1, 6, 84)], {}),
    "yolov8 raw": ([(1, 66, 8, 8), (1, 66, 4, 4), (1, 66, 2, 2)], {}),
    "yolox": ([(1, 84, 7)], {}),
    "end_to_end": ([(1, 100, 6)], {}),
}


@pytest.mark.parametrize("case", BLANK)
def test_outputs_without_a_candidate_give_no_detections(case):
    shapes, options = BLANK[case]
    specs = [TensorSpec(f"output_{i}", shape, "float32") for i, shape in enumerate(shapes)]
    outputs = [np.full(shape, -50, np.float32) for shape in shapes]
    family = case.partition(" ")[0]
    description = ModelDescription(Preprocess(64, 64), Decode(family, options=options), EVERYTHING, (1, 2))
    image = [TensorSpec("image", (1, 64, 64, 3), "float32")]
    found = Detector(description, image, specs).postprocess(
        outputs, geometry_of(64, 64, description.preprocess)
    )
    assert len(found.scores) == len(found.category_ids) == 0 and found.boxes.shape == (0, 4)


def test_outputs_of_one_shape_are_told_apart_by_names_or_by_the_description():
    four = ModelDescription(Preprocess(64, 64), Decode("efficientdet"), EVERYTHING, (1, 2, 3, 4))
    shapes = [("x/box_net", 1, 774, 4), ("x/class_net", 1, 774, 4)]
    drawn = np.random.default_rng(4)
    boxes, scores = drawn.normal(0, 1, (2, 1, 774, 4)).astype(np.float32)
    specs = [TensorSpec(name, tuple(shape), "float32") for name, *shape in shapes]
    told = load_family("efficientdet")(four, specs).candidates([boxes, scores])
    swapped = load_family("efficientdet")(four, specs[::-1]).candidates([scores, boxes])
    nameless = [replace(specs[0], name="a"), replace(specs[1], name="b")]
    with pytest.raises(ModelError, match=r"cannot tell which output is 'scores' .*detector.outputs"):
        load_family("efficientdet")(four, nameless)
    named = replace(four, decode=Decode("efficientdet", {"scores": "b"}))
    other = load_family("efficientdet")(named, nameless).candidates([boxes, scores])
    assert len(told.scores) > 0
    for found in (swapped, other):
        assert (found.scores == told.scores).all() and (found.boxes == told.boxes).all()


@pytest.mark.parametrize("is_swapped", [False, True], ids=["rows first", "channels first"])
@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("family", ["yolov5", "yolov8"])
def test_decoded_boxes_and_scores_may_be_outputs_of_their_own(family, normalized, is_swapped):
    # The cure for a scale that boxes in pixels and scores share: two outputs, two scales.
    drawn = np.random.default_rng(5)
    cells = sum(rows * columns for rows, columns in map(grid, (16, 32)))
    rows, scores_from = (3 * cells, 5) if family == "yolov5" else (cells, 4)
    table = np.concatenate(
        [
            drawn.uniform(0, 1 if normalized else 100, (rows, 4)),
            drawn.uniform(0, 1, (rows, scores_from - 4 + CLASSES)),
        ],
        axis=1,
    ).astype(np.float32)
    ends = (0, 4, 5, 5 + CLASSES) if family == "yolov5" else (0, 4, 4 + CLASSES)
    parts = [table[None, :, first:last] for first, last in zip(ends[:-1], ends[1:], strict=True)]
    outputs = [part.transpose(0, 2, 1) if is_swapped else part for part in parts]
    options = {"strides": [16, 32], "normalized": normalized}
    anchors = {"anchors": [[[1, 2]] * 3] * 2} if family == "yolov5" else {}
    specs = [TensorSpec(f"output_{i}", array.shape, "float32") for i, array in enumerate(outputs)]
    joint = [TensorSpec("out", (1, *table.shape), "float32")]
    expected = found_by(family, joint, [table[None]], {"normalized": normalized})
    found = found_by(family, specs[::-1], outputs[::-1], {**options, **anchors})
    assert len(found) > 20 and found == pytest.approx(expected)


@pytest.mark.parametrize("family", ["efficientdet", "gfl", "ssd", "yolofastestv2", "yolox"])
def test_heads_on_a_grid_need_the_size_of_the_input(family):
    description = ModelDescription(Preprocess(0, 0), Decode(family), EVERYTHING, (1, 2))
    with pytest.raises(ModelError, match=f"family '{family}' .* size is not known; say detector.input.size"):
        load_family(family)(description, [TensorSpec("a", (-1, -1, -1), "float32")] * 2)


def test_a_role_that_a_family_does_not_have_is_answered_with_the_nearest():
    description = ModelDescription(Preprocess(64, 64), Decode("gfl", {"score": "a"}), EVERYTHING, (1, 2))
    with pytest.raises(ModelError, match="family 'gfl' has no output 'score', did you mean 'scores'"):
        load_family("gfl")(description, [TensorSpec("a", (1, 84, 34), "float32")])


def test_every_dense_family_is_tried_without_candidates():
    assert {case.partition(" ")[0] for case in BLANK} == set(FAMILIES) - {"tfod"}


@pytest.mark.parametrize("case", ["yolov5", "yolov8"])
def test_decoded_outputs_may_hold_logits(case):
    drawn = np.random.default_rng(3)
    shape = BLANK[case][0][0]
    logits = drawn.normal(0, 2, shape).astype(np.float32)
    told = logits.copy()
    scores = told[:, :, 4:] if case == "yolov5" else told[:, 4:]
    scores[:] = 1 / (1 + np.exp(-scores))
    specs = [TensorSpec("out", shape, "float32")]
    found = found_by(case, specs, [logits], {"activation": "sigmoid"})
    expected = found_by(case, specs, [told], {})
    assert len(found) > 0 and found == pytest.approx(expected, abs=1e-5)
