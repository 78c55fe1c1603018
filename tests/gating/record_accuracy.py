"""Records the accuracy part of `bench/gating/recorded_noise.json` from a real run: a command, no test.

`python tests/gating/record_accuracy.py RUN DRAWS`: RUN is a run folder of suites/quickstart.yaml, whose fp32
and int8 files are the two sides. Its photos are a population with a known AP; photos drawn from it, each
draw one of its own, are a data set that a gate would see. To the newer side a known harm is done first, anew
in every draw: objects are lost (what was found of them vanishes), all objects of some photos are lost, or
boxes become less exact (what a threshold of overlap found, the next stricter one no longer does). A row is
what the paired change showed beyond the true one, its standard error, degrees of freedom and skewness.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))

from drawn_matches import draw, rows_by_image

from bench.gating import accuracy
from bench.gating.accuracy import ApSample, change_between, sample_aps
from bench.metrics.matches import Matches, load_matches
from bench.metrics.resample import resampled_aps, resampled_maps

NOISE = Path(__file__).parents[2] / "bench" / "gating" / "recorded_noise.json"
PHOTOS, RESAMPLES = 500, 200
# So many of the best detections of a photo are kept: the rest is clutter that takes most of the time.
BEST = 15
PROCESSES = 4
# Groups of photos that are left out in turns, for the skewness: two photos each.
GROUPS = 250

# Matches and how many of the harmed ones, in an order of their own -> harmed matches.
Harm = Callable[[Matches, NDArray[np.int64], int], Matches]


def population_map(matches: Matches) -> float:
    """Return map_50_95 over all photos."""
    return float(resampled_maps(resampled_aps(matches, np.ones((1, len(matches.image_ids)), np.int32)))[0])


def kept(matches: Matches, keeps: NDArray[np.bool_]) -> Matches:
    """Return matches of some of the detections."""
    names = ("row", "image", "category", "score", "rank", "outside")
    here = keeps[matches.candidate]
    return replace(
        matches,
        **{name: getattr(matches, name)[keeps] for name in names},
        candidate=(np.cumsum(keeps) - 1)[matches.candidate[here]],
        matched=matches.matched[here],
    )


def is_best(matches: Matches) -> NDArray[np.bool_]:
    """Return (n,): whether a detection is among the best of its photo."""
    order = np.lexsort((-matches.score, matches.image))
    first = np.searchsorted(matches.image[order], matches.image[order])
    best = np.zeros(len(order), bool)
    best[order] = np.arange(len(order)) - first < BEST
    return best


def lose(matches: Matches, order: NDArray[np.int64], count: int) -> Matches:
    """Take away what was found of the first objects of an order."""
    is_lost = np.zeros(len(matches.truth_id) + 1, bool)
    is_lost[order[:count]] = True
    keeps = np.ones(len(matches.row), bool)
    keeps[matches.candidate[is_lost[matches.matched].any(axis=(1, 2))]] = False
    return kept(matches, keeps)


def lose_photos(matches: Matches, order: NDArray[np.int64], count: int) -> Matches:
    """Take away all that was found on the photos of the first objects of an order: clusters."""
    photos = np.unique(matches.truth_image[order[:count]])
    return lose(matches, np.flatnonzero(np.isin(matches.truth_image, photos)), len(matches.truth_id))


def blur(matches: Matches, order: NDArray[np.int64], count: int) -> Matches:
    """Let boxes round the first objects of an order reach one threshold of overlap less."""
    is_blurred = np.zeros(len(matches.truth_id) + 1, bool)
    is_blurred[order[:count]] = True
    here = is_blurred[matches.matched].any(axis=(1, 2))
    matched = matches.matched.copy()
    matched[here, :, :-1], matched[here, :, -1] = matched[here, :, 1:], -1
    return replace(matches, matched=matched)


# What is done to the newer side, and down to which drops of AP.
HARMS: dict[str, tuple[Harm, tuple[float, ...]]] = {
    "lost": (lose, (0.01, 0.014, 0.02)),
    "photos": (lose_photos, (0.03,)),
    "coarser": (blur, (0.01, 0.02)),
}


def harmed(matches: Matches, harm: Harm, drop: float, rng: np.random.Generator) -> Matches:
    """Return matches whose AP is lower by that much, or just not quite."""
    order, whole = rng.permutation(len(matches.truth_id)), population_map(matches)
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        if whole - population_map(harm(matches, order, middle)) > drop:
            high = middle
        else:
            low = middle
    return harm(matches, order, low)


@dataclass(frozen=True)
class World:
    """Photos drawn from a population, as the older side sees them.

    Attributes:
        images: (PHOTOS,) int64, indexes into the population.
        before: APs of the older side on them, with those of resamples.
        true_before: AP of the older side in the population.
    """

    images: NDArray[np.int64]
    before: ApSample
    true_before: float

    def row(self, after: Matches, seed: int) -> list[float]:
        """Return error, standard error, degrees of freedom and skewness of the change to a newer side."""
        change = change_between(self.before, sample(after, self.images, seed))
        assert change is not None
        error = change.value - (population_map(after) - self.true_before)
        figures = error, change.standard_error, change.degrees, change.skewness
        return [float(f"{figure:.4g}") for figure in figures]


def sample(side: Matches, images: NDArray[np.int64], seed: int) -> ApSample:
    """Score one side on drawn photos."""
    accuracy._MOST_GROUPS = GROUPS
    count = len(side.image_ids)
    rows_of = rows_by_image(side.image, count), rows_by_image(side.truth_image, count)
    return sample_aps(draw(side, *rows_of, images), "map_50_95", RESAMPLES, seed)


def record(before: Matches, after: Matches, number: int) -> dict[str, list[float]]:
    """Draw photos once; return kind -> a row."""
    rng = np.random.default_rng(number)
    images = rng.integers(len(before.image_ids), size=PHOTOS)
    world = World(images, sample(before, images, number), population_map(before))
    rows = {"same": world.row(after, number)}
    for name, (harm, drops) in HARMS.items():
        for drop in drops:
            rows[f"{name} {drop:g}"] = world.row(harmed(after, harm, drop, rng), number)
    return rows


def main(run: Path, draws: int) -> None:
    """Record all kinds and write them into the shipped noise, draw by draw."""
    before, after = (
        load_matches(next(run.glob(f"cases/*--{precision}--litert--t1@*")) / "matches.npz")
        for precision in ("fp32", "int8")
    )
    sides = [kept(side, is_best(side)) for side in (before, after)]
    rows: dict[str, list[list[float]]] = {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        for number, drawn in enumerate(pool.map(partial(record, *sides), range(draws)), 1):
            for kind, row in drawn.items():
                rows.setdefault(kind, []).append(row)
            write(rows, number)


def write(rows: dict[str, list[list[float]]], draws: int) -> None:
    """Put the rows so far into the shipped noise."""
    noise = json.loads(NOISE.read_text(encoding="utf-8"))
    origin = noise["origin"].partition("; accuracy:")[0]
    noise["origin"] = (
        f"{origin}; accuracy: its fp32 and int8 files, {PHOTOS} photos drawn {draws} times from "
        f"its 400, {RESAMPLES} resamples (tests/gating/record_accuracy.py)"
    )
    noise["accuracy"] = rows
    text = json.dumps(noise, separators=(",", ":")).replace("],", "],\n") + "\n"
    NOISE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
