"""Changes of the label map: classes counted from another number, 80 contiguous against 90 ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from bench.detectors.presets import COCO_80, COCO_90
from bench.diagnosing.change import Change
from bench.wire.description import NO_CATEGORY, ModelDescription

Ids = tuple[int, ...]


def label_changes(description: ModelDescription, categories: Collection[int]) -> Iterator[Change]:
    """Yield other label maps, the most usual ones first.

    Maps that differ only in categories that the data set does not have are the same to it; the first counts.

    Args:
        categories: original category ids of the data set.
    """
    known = {_seen(description.category_ids, categories)}
    for text, ids in _maps(description.category_ids, sorted(categories)):
        seen = _seen(ids, categories)
        if seen not in known and set(seen) != {NO_CATEGORY}:
            known.add(seen)
            yield Change("labels", text, replace(description, category_ids=ids))


def _maps(ids: Ids, categories: list[int]) -> Iterator[tuple[str, Ids]]:
    if set(categories) <= set(COCO_90):
        yield "the model's classes are COCO's 80, in order", COCO_80
        yield "the model's classes are COCO's 90 ids, unused ones included", COCO_90
    if len(categories) == len(ids):
        yield "the model's classes are the data set's categories, in order", tuple(categories)
    # A suite's lists hold different numbers from 0 on: a class without a category gets one that nobody uses.
    unused = 0 if 0 not in (*categories, *ids) else max((*categories, *ids)) + 2
    yield "category ids are one higher", tuple(number + 1 for number in ids)
    yield "category ids are one lower", tuple(number - 1 if number > 0 else unused for number in ids)
    yield "class 0 of the model is background", (unused, *ids[:-1])
    yield "the model has no class for the first label", (*ids[1:], unused)


def _seen(ids: Ids, categories: Collection[int]) -> Ids:
    return tuple(number if number in categories else NO_CATEGORY for number in ids)
