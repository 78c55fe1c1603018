"""Outputs find their roles by name or shape, in any order; what cannot be told is refused with the cure."""

import itertools

import pytest

from bench.detectors.binding import bind, has_shape
from bench.detectors.families import FAMILIES, load_family
from bench.detectors.options import Option, read_options
from bench.errors import ModelError
from bench.wire.description import Decode
from bench.wire.tensor import TensorSpec

RULES = {"scores": (has_shape(400, 8),), "boxes": (has_shape(400, 4),), "count": (has_shape(1),)}


def spec(name, *shape):
    return TensorSpec(name, shape, "float32")


def test_shapes_settle_the_roles_whatever_the_order():
    outputs = [spec("a", 1, 400, 8), spec("b", 1, 400, 4), spec("c", 1)]
    for shuffled in itertools.permutations(outputs):
        bound = bind(Decode("ltrb"), shuffled, RULES)
        assert {role: shuffled[i].name for role, i in bound.items()} == {
            "scores": "a",
            "boxes": "b",
            "count": "c",
        }


def test_a_given_name_wins_and_leaves_the_others_unambiguous():
    rules = {"scores": (has_shape(400, 4),), "boxes": (has_shape(400, 4),)}
    outputs = [spec("x", 1, 400, 4), spec("y", 1, 400, 4)]
    assert bind(Decode("ltrb", outputs={"scores": "y"}), outputs, rules) == {"scores": 1, "boxes": 0}


def test_two_outputs_of_one_shape_are_refused_and_listed():
    outputs = [spec("x", 1, 400, 4), spec("y", 1, 400, 4)]
    with pytest.raises(
        ModelError, match=r"cannot tell which output is 'boxes'.*'x' \[1, 400, 4\].*detector.outputs"
    ):
        bind(Decode("ltrb"), outputs, {"boxes": (has_shape(400, 4),)})


def test_a_model_without_outputs_is_refused():
    with pytest.raises(ModelError, match="has no outputs, expected 'scores'"):
        bind(Decode("ltrb"), [], RULES)


def test_misspelled_roles_and_tensors_are_answered_with_the_nearest():
    outputs = [spec("class_scores", 1, 400, 8)]
    with pytest.raises(ModelError, match="no output 'score', did you mean 'scores'"):
        bind(Decode("ltrb", outputs={"score": "class_scores"}), outputs, RULES)
    with pytest.raises(
        ModelError, match=r"detector.outputs.scores: .*'class_score', did you mean 'class_scores'"
    ):
        bind(Decode("ltrb", outputs={"scores": "class_score"}), outputs, RULES)


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((1, 400, 4), True),
        ((400, 4), True),
        ((-1, -1, 4), True),
        ((2, 400, 4), False),
        ((4,), False),
        ((), False),
    ],
)
def test_a_shape_rule_ignores_leading_ones_and_unknown_sizes(shape, fits):
    assert has_shape(400, 4)(spec("x", *shape)) is fits


def test_options_are_checked_by_name_and_type():
    defaults = (Option("strides", (8,), "."), Option("normalized", False, "."))
    assert read_options(Decode("f", options={"strides": [8, 16]}), defaults) == {
        "strides": [8, 16],
        "normalized": False,
    }
    with pytest.raises(ModelError, match="no option 'normalised', did you mean 'normalized'"):
        read_options(Decode("f", options={"normalised": True}), defaults)
    with pytest.raises(ModelError, match="detector.options.normalized: got 1, expected a value like False"):
        read_options(Decode("f", options={"normalized": 1}), defaults)


def test_every_family_of_the_table_can_be_imported():
    for name in FAMILIES:
        assert load_family(name).__doc__.startswith(f"Family `{name}`")


def test_an_unknown_family_is_answered_with_the_nearest():
    with pytest.raises(ModelError, match="there is no family 'yolo5', did you mean 'yolov5'"):
        load_family("yolo5")
    known = (
        f"there is no family 'zzz', expected one of {', '.join(sorted(FAMILIES))}; one that a package brings"
    )
    with pytest.raises(ModelError, match=known):
        load_family("zzz")
