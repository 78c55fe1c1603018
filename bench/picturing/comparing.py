"""Each variant beside its FP32 sibling: what changed over all images, and the images that differ most."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from bench.core.record import Record
from bench.errors import DataError
from bench.metrics.image_changes import ImageChanges, check_same_objects, image_changes, stand
from bench.metrics.working_point import best_threshold, threshold_of_as_many
from bench.picturing.sides import Side, Stored, stored_of

# A smaller difference is a score that crossed the threshold by a hair.
LEAST_SIZE = 0.05

# The variants of which photos are looked for: more would not find room on a page.
MOST_VARIANTS = 48


@dataclass(frozen=True)
class Compared:
    """A variant beside its sibling.

    Attributes:
        records: of the cases that found the very same on the very same sibling, the first of them compared.
    """

    records: tuple[Record, ...]
    base: Side
    variant: Side
    changes: ImageChanges

    def worst(self, count: int) -> list[int]:
        """Return the images that differ most, as indexes; of equal ones the first."""
        size = self.changes.size
        order = np.argsort(-size, kind="stable")
        return [int(image) for image in order[:count] if size[image] >= LEAST_SIZE]


@dataclass(frozen=True)
class Uncompared:
    """A variant of which nothing can be shown, and why; `records` as in `Compared`."""

    records: tuple[Record, ...]
    reason: str


def compare_all(run: Path, records: Sequence[Record]) -> Iterator[Compared | Uncompared]:
    """Yield the variants whose mAP differs most, each beside its sibling; those of one sibling together.

    One pair is in memory at a time: 500 cases have gigabytes of match data.
    """
    by_case = {record.case: record for record in records}
    variants = sorted(variants_of(records), key=by_difference)
    groups: dict[tuple[str, str, str], list[Record]] = {}
    content_of = cache(partial(_content, run))
    # Of so many that equal ones among them leave enough: contents are files of megabytes.
    for record in variants[: 2 * MOST_VARIANTS]:
        found = content_of(record.matches, record.detections)
        beside = by_case[record.sibling]
        key = record.precision, found or record.case, content_of(beside.matches, beside.detections)
        groups.setdefault(key, []).append(record)
    kept: tuple[str, Side] | None = None
    for group in sorted(list(groups.values())[:MOST_VARIANTS], key=lambda group: group[0].sibling):
        sibling = by_case[group[0].sibling]
        try:
            if kept is None or kept[0] != sibling.case:
                kept = sibling.case, _base_side(run, sibling)
            yield _compare(run, group, kept[1])
        except DataError as problem:
            yield Uncompared(tuple(group), str(problem))


def variants_of(records: Sequence[Record]) -> list[Record]:
    """Return the cases that were scored and have a sibling to differ from."""
    known = {record.case for record in records}
    return [
        record
        for record in records
        if record.matches and record.sibling in known and record.sibling != record.case
    ]


def by_difference(record: Record) -> float:
    """Sort key: the largest change of mAP first, cases without one last."""
    value = record.value("map_50_95_difference")
    return -abs(value) if value is not None and math.isfinite(value) else 0.0


def _content(run: Path, matches: str, detections: str) -> str:
    """Return what is equal for cases that found the very same; empty where they are not stored."""
    digest = hashlib.sha256()
    try:
        for name in (matches, detections):
            digest.update((run / name).read_bytes())
    except OSError:
        return ""
    return digest.hexdigest()


def _base_side(run: Path, record: Record) -> Side:
    matches, box = _stored(run, record).load()
    threshold = best_threshold(matches)
    if threshold is None:
        raise DataError(f"{record.case}, which they are compared with, finds no object at all")
    return Side(matches, box, stand(matches, threshold), record)


def _compare(run: Path, group: Sequence[Record], base: Side) -> Compared:
    matches, box = _stored(run, group[0]).load()
    check_same_objects(base.matches, matches)
    standing = stand(matches, threshold_of_as_many(matches, base.standing.num_boxes))
    variant = Side(matches, box, standing, group[0])
    return Compared(tuple(group), base, variant, image_changes(base, variant))


def _stored(run: Path, record: Record) -> Stored:
    stored = stored_of(run, record)
    if stored is None:
        raise DataError("detections are not stored in the run folder")
    return stored
