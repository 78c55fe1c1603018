"""Sentences of the gallery that HTML and Markdown share."""

from __future__ import annotations

from bench.report.gallery.model import Sight

INTRODUCTION = (
    "Each variant beside its FP32 sibling, on the photos that differ most. An object is found if a box of "
    "its class overlaps it by 0.50 or more. Boxes count from the score on at which FP32's F1 is best; a "
    "variant's from the score on at which it has as many boxes, so that scores that only became smaller lose "
    "nothing. An object that was lost or gained weighs as much as its score moved; a false alarm that "
    "only one of the two raises weighs as much as its score lies above the threshold."
)


def more_changes(sight: Sight) -> str:
    """Say how many changes have no words."""
    return f"and {sight.num_left_out} more change{'s' if sight.num_left_out > 1 else ''}"
