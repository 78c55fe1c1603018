"""Sentences of the gallery that HTML and Markdown share."""

from __future__ import annotations

from bench.report.gallery.model import Sight

INTRODUCTION = (
    "Each variant beside its FP32 sibling, on the photos that differ most: objects that only one of the two "
    "finds, and false alarms that only one of them raises."
)

# How it is done, for those who want to know.
RULES = (
    "An object is found if a box of its class overlaps it by 0.50 or more, as COCO matches.",
    "FP32's boxes count from the score on at which its F1 over all classes is best. A variant's count from "
    "the score on at which it has about as many boxes (those of one score count together): scores that all "
    "became smaller lose nothing by that.",
    "Photos are sorted by how far the scores of lost and gained objects moved (0.90 for one that was sure "
    "and has no box now), plus how far the scores of false alarms that only one of the two raises lie above "
    "the threshold (0 at it, 1 at a score of 1). One with a sum below 0.05 is not shown: there scores only "
    "crossed the threshold by a hair.",
    "Variants that find exactly the same stand together.",
)


def more_changes(sight: Sight) -> str:
    """Say how many changes have no words."""
    return f"and {sight.num_left_out} more change{'s' if sight.num_left_out > 1 else ''}"
