"""Matching detections to objects as COCO does: greedily by score, apart for each object size and threshold.

Takes detections and objects, gives `Matches`; what precision and recall follow is left to `accumulate`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError
from bench.metrics.detections import Detections, checked
from bench.metrics.ground_truth import GroundTruth
from bench.metrics.matches import Matches
from bench.metrics.overlap import Pairs, overlapping_pairs
from bench.metrics.protocol import AREAS, CAPS, OVERLAPS


def match(detections: Detections, truth: GroundTruth) -> Matches:
    """Match every detection, best score first, to the free object that it overlaps most.

    The rules are those of pycocotools 2.0 `COCOeval.evaluateImg`: objects in range come before ignored ones,
    of equal overlaps the later annotation wins, a crowd can be taken many times, and detections of
    categories that the annotations do not name are left out. One difference: there an annotation with id 0
    can never be found, because 0 also means "no match"; here it is an object like any other.

    Raises:
        DataError: the images that were run are not those that are evaluated.
    """
    checked(detections, "detections")
    _check_same_images(detections, truth)
    rows, image, category, rank = _best(detections, truth)
    box, score = detections.box[rows].astype(np.float64), detections.score[rows]
    ignored = truth.is_crowd[:, None] | _is_outside(truth.area)
    candidate, matched = _assign(overlapping_pairs(image, category, box, truth), truth, ignored)
    order = np.lexsort((-score, category))
    place = np.argsort(order)
    by_place = np.argsort(place[candidate])
    return Matches(
        image_ids=truth.image_ids,
        category_ids=truth.category_ids,
        row=rows[order],
        image=image[order],
        category=category[order],
        score=score[order],
        rank=rank[order],
        outside=_is_outside(box[:, 2] * box[:, 3])[order],
        candidate=place[candidate][by_place],
        matched=matched[by_place],
        truth_id=truth.id,
        truth_image=truth.image,
        truth_category=truth.category,
        truth_ignored=ignored,
    )


def _check_same_images(detections: Detections, truth: GroundTruth) -> None:
    missing = np.setdiff1d(truth.image_ids, detections.image_ids)
    if len(missing):
        raise DataError(
            f"{len(missing)} of {len(truth.image_ids)} evaluated images were not run (first: {missing[0]}); "
            "expected all, measure accuracy again"
        )
    surplus = np.setdiff1d(detections.image_ids, truth.image_ids)
    if len(surplus):
        raise DataError(
            f"image {surplus[0]} was run but is not evaluated; give the annotations of all images run"
        )


def _best(
    detections: Detections, truth: GroundTruth
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]:
    """Return the rows that count, by category, image and falling score (ties in row order).

    Returns:
        Rows, indexes of image and category, and the rank within both.
    """
    rows = np.flatnonzero(np.isin(detections.category_id, truth.category_ids))
    image = np.searchsorted(truth.image_ids, detections.image_id[rows]).astype(np.int32)
    category = np.searchsorted(truth.category_ids, detections.category_id[rows]).astype(np.int32)
    group = category.astype(np.int64) * len(truth.image_ids) + image
    order = np.lexsort((-detections.score[rows], group))
    rank = _position_in_run(group[order])
    kept = order[rank < CAPS[-1]]
    return rows[kept], image[kept], category[kept], rank[rank < CAPS[-1]].astype(np.int16)


def _is_outside(area: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return (n, A) bool: the area is not within the range, both ends included."""
    return (area[:, None] < AREAS[:, 0]) | (area[:, None] > AREAS[:, 1])


def _position_in_run(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each element's position within its run of equal keys, from 0."""
    index = np.arange(len(key))
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else index
    return index - np.repeat(starts, np.diff(np.append(starts, len(key))))


def _assign(
    pairs: Pairs, truth: GroundTruth, ignored: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Assign objects greedily, all images and categories at a time.

    The i-th candidates of all groups (one image, one category) cannot compete with each other, so they make
    one wave; waves follow each other as scores fall.

    Returns:
        Rows of the candidates (c,), rising, and the object that each took (c, A, T) or -1.
    """
    order = np.lexsort((-pairs.truth, -pairs.overlap, pairs.detection))
    target, overlap = pairs.truth[order], pairs.overlap[order]
    candidate, owner = np.unique(pairs.detection[order], return_inverse=True)
    preference = _position_in_run(owner)
    group = truth.category.astype(np.int64) * len(truth.image_ids) + truth.image
    wave = _position_in_run(group[target[preference == 0]])[owner]
    shape = (ignored.shape[1], len(OVERLAPS))
    taken = np.zeros((len(ignored), *shape), np.bool_)
    matched = np.full((len(candidate), *shape), -1, np.int32)
    for steps in _waves(wave, preference):
        for want_ignored in (False, True):
            for step in steps:
                at, who = target[step], owner[step]
                hit = (ignored[at] == want_ignored)[:, :, None] & (overlap[step][:, None, None] >= OVERLAPS)
                hit &= ~taken[at] | truth.is_crowd[at][:, None, None]
                hit &= matched[who] < 0
                matched[who] = np.where(hit, at[:, None, None], matched[who])
                taken[at] |= hit
    return candidate, matched


def _waves(wave: NDArray[np.int64], preference: NDArray[np.int64]) -> Iterator[list[NDArray[np.int64]]]:
    """Yield for each wave the pairs of first preference, of second, and so on."""
    order = np.lexsort((preference, wave))
    cuts = np.flatnonzero((np.diff(wave[order]) != 0) | (np.diff(preference[order]) != 0)) + 1
    steps: list[NDArray[np.int64]] = []
    for step in np.split(order, cuts) if len(order) else []:
        if steps and wave[step[0]] != wave[steps[0][0]]:
            yield steps
            steps = []
        steps.append(step)
    if steps:
        yield steps
