"""Paired change of the AP of each class by itself, with its standard error over the images that hold it.

As `accuracy` does for their mean: matches are resampled together, the bootstrap's deviation over m images is
set right by m / (m - 1), and a bound is Student's with m - 1 degrees of freedom, the skewness taken out. On
two or three images no bound holds what it promises: a class on fewer than `LEAST_IMAGES` has none.

Simulated coverage, see tests/performance/test_performance_class_coverage.py: 1,404 data sets of 100 photos
with 12 unequal classes and 300 of 150 photos with 40; share of classes whose one-sided bound missed the
change of the population, the worse of both sides:

    photos with the class   classes   at .05   .01     .001    .00025
    2 to 3                     3241    .038   .0154    .0096    .0080
    4 to 5                     1586    .038   .0088    .0019    .0012
    6 to 15                    4949    .041   .0073    .0010    .0004
    16 and more                5669    .049   .0092    .0005    .0005
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.verdict import Rule
from bench.gating.accuracy import ApChange, ApSample, sample_aps
from bench.gating.skewness import sum_skewness
from bench.metrics.matches import Matches, load_matches

# See the table above.
LEAST_IMAGES = 6

# Stands for the class where an answer is the same for all of them.
EACH_CLASS = "each class"

# Student's distribution with more degrees differs from this one by less than any figure here shows.
_MOST_DEGREES = 400


@dataclass(frozen=True)
class ClassChange:
    """The AP of one class on both sides.

    Attributes:
        category: index into the categories of the match data.
        before, after: its AP, from 0 to 1.
        num_images: how many hold an object of it.
        change: None on fewer than `LEAST_IMAGES`.
    """

    category: int
    before: float
    after: float
    num_images: int
    change: ApChange | None


# Old and new match data, metric, resamples and seed -> the classes that have objects.
ClassChangeSource = Callable[[Path, Path, str, int, int], tuple[ClassChange, ...]]


def class_changes_of_files(
    old: Path, new: Path, metric: str, resamples: int, seed: int
) -> tuple[ClassChange, ...]:
    """Resample both files.

    Raises:
        DataError: one cannot be read.
    """
    is_same = old.read_bytes() == new.read_bytes() if old.is_file() and new.is_file() else False
    return class_changes(load_matches(old), load_matches(new), metric, 1 if is_same else resamples, seed)


def class_changes(
    before: Matches, after: Matches, metric: str, resamples: int, seed: int
) -> tuple[ClassChange, ...]:
    """Return the change of every class that has objects.

    Both must be matched against the same objects of the same images.
    """
    old, new = (sample_aps(side, metric, resamples, seed) for side in (before, after))
    return tuple(
        _class_change(old, new, category)
        for category in range(old.aps.shape[1])
        if not math.isnan(old.aps[0, category])
    )


def is_judged(rule: Rule, found: ClassChange) -> bool:
    """Whether a class is on as many images as its rule asks for."""
    return found.num_images >= rule.min_images


def unjudged(rule: Rule, found: Sequence[ClassChange], names: Sequence[str]) -> str:
    """Name the classes that a rule leaves out; empty if none."""
    left = [
        f"{class_name(one.category, names)} ({one.num_images})" for one in found if not is_judged(rule, one)
    ]
    return f"not judged, on fewer than {rule.min_images} photos: {', '.join(left)}" if left else ""


def too_rare(found: ClassChange) -> str:
    """Say why a class has no bounds."""
    return (
        f"on {found.num_images} photos, of which {LEAST_IMAGES} are needed to bound a change: measure on "
        "more, or leave out rare classes by min_photos"
    )


def class_name(category: int, names: Sequence[str]) -> str:
    """Return the name of a class, or its number where names are not stored."""
    return names[category] if category < len(names) else f"class {category}"


def _class_change(old: ApSample, new: ApSample, category: int) -> ClassChange:
    first, second = old.aps[:, category], new.aps[:, category]
    count = int(old.num_images[category])
    values = float(first[0]), float(second[0])
    change = None
    if np.array_equal(first, second, equal_nan=True):
        change = ApChange(0.0, 0.0, num_images=count, is_same_data=True)
    elif count >= LEAST_IMAGES:
        change = _change(second - first, _left_out(old, new, category), count)
    return ClassChange(category, *values, count, change)


def _change(differences: NDArray[np.float64], left_out: NDArray[np.float64], count: int) -> ApChange:
    """Return a change from the differences in full and in resamples, and without one group of images each."""
    known = differences[1:][~np.isnan(differences[1:])]
    variance = float(np.var(known, ddof=1)) * count / (count - 1)
    degrees = min(count - 1, _MOST_DEGREES)
    skewness = sum_skewness(left_out)
    return ApChange(float(differences[0]), math.sqrt(variance), degrees, count, skewness)


def _left_out(old: ApSample, new: ApSample, category: int) -> NDArray[np.float64]:
    """Return (G,): what each group of images has added to the change."""
    if old.without is None or new.without is None:
        return np.zeros(1)
    whole = new.aps[0, category] - old.aps[0, category]
    added: NDArray[np.float64] = whole - (new.without[:, category] - old.without[:, category])
    # A class whose only image is left out is not there to have changed.
    return np.where(np.isnan(added), 0.0, added)
