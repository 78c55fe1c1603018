"""Changes of how outputs are read and what is kept: the family's options, units, threshold, suppression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.detectors.families.base import load_family
from bench.detectors.options import Option, read_options
from bench.diagnosing.change import Change
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression

# Above these a mAP loses its tail: COCO counts 100 boxes, down to the least score.
LOW_THRESHOLD = 0.001
MANY_BOXES = 100
MANY_CANDIDATES = 3000


def output_changes(description: ModelDescription, usual: ModelDescription) -> Iterator[Change]:
    """Yield other ways to read the outputs and other settings of what is kept."""
    yield from _option_changes(description)
    for text, suppression in _suppressions(description.suppression, usual.suppression):
        yield Change("keeping", text, replace(description, suppression=suppression))


def _option_changes(description: ModelDescription) -> Iterator[Change]:
    """Yield each other value of each option that has few: flags, choices, offsets of one."""
    known = load_family(description.decode.family).OPTIONS
    try:
        present = read_options(description.decode, known)
    except ModelError:
        return
    for option in known:
        for value in _others(option, present[option.name]):
            options = {**description.decode.options, option.name: value}
            decode = replace(description.decode, options=options)
            text = f"{option.name} is {_spelled(value)}, not {_spelled(present[option.name])}"
            yield Change("reading", text, replace(description, decode=decode))


def _others(option: Option, present: Any) -> list[Any]:
    if isinstance(present, bool):
        return [not present]
    if option.choices:
        return [choice for choice in option.choices if choice != present]
    if option.name.endswith("offset") and isinstance(present, int):
        return [present - 1, present + 1]
    return []


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _suppressions(present: Suppression, usual: Suppression) -> Iterator[tuple[str, Suppression]]:
    lowest = min(LOW_THRESHOLD, usual.score_threshold)
    if present.score_threshold > lowest:
        text = f"boxes are kept from a score of {lowest:g}, not {present.score_threshold:g}"
        yield text, replace(present, score_threshold=lowest)
    if not present.in_graph:
        yield from _own_suppressions(present, usual)
    words = ("leaves suppression to us", "has suppressed the boxes itself")
    yield f"the graph {words[not present.in_graph]}", replace(present, in_graph=not present.in_graph)


def _own_suppressions(present: Suppression, usual: Suppression) -> Iterator[tuple[str, Suppression]]:
    if not present.is_class_aware:
        text = "only boxes of one class suppress each other"
        yield text, replace(present, is_class_aware=True)
    if not present.is_multi_label:
        yield "one place may give boxes of several classes", replace(present, is_multi_label=True)
    if present.iou_threshold != usual.iou_threshold:
        text = f"boxes suppress each other from an IoU of {usual.iou_threshold:g}"
        yield text, replace(present, iou_threshold=usual.iou_threshold)
    if present.max_detections < MANY_BOXES:
        yield f"{MANY_BOXES} boxes of a photo are kept", replace(present, max_detections=MANY_BOXES)
    if present.pre_nms_top_k < MANY_CANDIDATES:
        text = f"suppression looks at {MANY_CANDIDATES} candidates"
        yield text, replace(present, pre_nms_top_k=MANY_CANDIDATES)
