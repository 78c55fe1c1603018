"""Data sets drawn from a population of images, as matches: each draw is an image of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.metrics.matches import Matches

# Rows of each image.
Rows = list[NDArray[np.int64]]


def rows_by_image(column: NDArray[np.int32], num_images: int) -> list[NDArray[np.int64]]:
    """Return the rows of each image."""
    order = np.argsort(column, kind="stable")
    return np.split(order, np.searchsorted(column[order], np.arange(1, num_images)))


def draw(matches: Matches, detected: Rows, held: Rows, images: NDArray[np.int64]) -> Matches:
    """Return the matches of drawn images, each draw an image of its own."""
    row = np.concatenate([detected[image] for image in images])
    of_row = np.repeat(np.arange(len(images)), [len(detected[image]) for image in images])
    order = np.lexsort((row, matches.category[row]))
    row, of_row = row[order], of_row[order]
    truth = np.concatenate([held[image] for image in images])
    of_truth = np.repeat(np.arange(len(images)), [len(held[image]) for image in images])
    as_candidate = np.full(len(matches.image), -1)
    as_candidate[matches.candidate] = np.arange(len(matches.candidate))
    is_candidate = as_candidate[row] >= 0
    # Which copy of an object was matched matters not: copies are ignored alike.
    new_row = np.zeros(len(matches.truth_id), np.int64)
    new_row[truth] = np.arange(len(truth))
    matched = matches.matched[as_candidate[row[is_candidate]]]
    return replace(
        matches,
        image_ids=np.arange(len(images)),
        **{name: getattr(matches, name)[row] for name in ("row", "category", "score", "rank", "outside")},
        image=of_row.astype(np.int32),
        candidate=np.flatnonzero(is_candidate),
        matched=np.where(matched >= 0, new_row[matched], -1),
        **{name: getattr(matches, name)[truth] for name in ("truth_id", "truth_category", "truth_ignored")},
        truth_image=of_truth.astype(np.int32),
    )
