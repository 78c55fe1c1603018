"""What changed on one image in words: which objects were lost and why, which false alarms are new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.metrics.image_changes import overlap_of
from bench.picturing.scene import Scene
from bench.picturing.view import View

# From this overlap on a box is on an object (COCO's first threshold); from this one on it is at least near.
ON, NEAR = 0.5, 0.1


@dataclass(frozen=True)
class Found:
    """One change, and the boxes that it shows in.

    Attributes:
        objects, base, variant: rows of the scene's objects and of either detector's boxes.
        score: of the box that the words are about; None where they are about none, or say it themselves.
    """

    what: str
    why: str
    is_good: bool
    objects: tuple[int, ...] = ()
    base: tuple[int, ...] = ()
    variant: tuple[int, ...] = ()
    score: float | None = None

    @property
    def kind(self) -> str:
        """What happened, without whom to."""
        return self.what.partition(":")[0]


@dataclass(frozen=True)
class Words:
    """Names to speak with: of the categories by index, and of both detectors."""

    categories: tuple[str, ...]
    base: str
    variant: str


@dataclass
class _Told:
    """Changes so far, and which boxes of either detector explained one."""

    changes: list[Found] = field(default_factory=list)
    base: set[int] = field(default_factory=set)
    variant: set[int] = field(default_factory=set)


def explain(scene: Scene, words: Words) -> list[Found]:
    """Return all changes of one image: what is worse first, then what is better, each by falling score."""
    told = _Told()
    lost = (scene.base.finds >= 0) & (scene.variant.finds < 0)
    gained = (scene.variant.finds >= 0) & (scene.base.finds < 0)
    for row in _surest(lost & scene.is_target, scene.base.any_score):
        why, culprit = _why_lost(scene, row, words)
        told.variant |= culprit
        base = (int(scene.base.finds[row]),)
        told.changes.append(
            Found(
                f"lost: {_name(scene, row, words)}",
                why,
                False,
                (row,),
                base,
                tuple(culprit),
                _score_of(scene.variant, culprit),
            )
        )
    told.changes += _false_alarms(scene, words, told.variant, is_new=True)
    for row in _surest(gained & scene.is_target, scene.variant.any_score):
        why, culprit = _why_gained(scene, row, words)
        told.base |= culprit
        variant = (int(scene.variant.finds[row]),)
        told.changes.append(
            Found(
                f"gained: {_name(scene, row, words)}",
                why,
                True,
                (row,),
                tuple(culprit),
                variant,
                _score_of(scene.base, culprit),
            )
        )
    return told.changes + _false_alarms(scene, words, told.base, is_new=False)


def _surest(rows: NDArray[np.bool_], score: NDArray[np.float64]) -> list[int]:
    """Return the rows of these objects, best score first."""
    chosen = np.flatnonzero(rows)
    return [int(row) for row in chosen[np.argsort(-score[chosen], kind="stable")]]


def _why_lost(scene: Scene, row: int, words: Words) -> tuple[str, set[int]]:
    """Return why the variant does not find an object, and the box that it drew instead."""
    before, low = scene.base.any_score[row], scene.variant.any_score[row]
    if low:
        return _crossed(before, low, "below", scene.variant.threshold), set()
    return _instead(scene, scene.variant, scene.variant_overlap, row, words.categories, "no box on it")


def _why_gained(scene: Scene, row: int, words: Words) -> tuple[str, set[int]]:
    after, low = scene.variant.any_score[row], scene.base.any_score[row]
    if low:
        return _crossed(low, after, "above", scene.variant.threshold), set()
    why, culprit = _instead(scene, scene.base, scene.base_overlap, row, words.categories, "no box was on it")
    return f"with {words.base}: {why}", culprit


def _score_of(view: View, rows: set[int]) -> float | None:
    return max((float(view.score[row]) for row in rows), default=None)


def _crossed(before: float, after: float, side: str, threshold: float) -> str:
    """Say how a score came to the other side of the threshold, with digits that tell them apart."""
    digits = 2 if f"{after:.2f}" != f"{threshold:.2f}" else 4
    how = "fell to" if after < before else "rose to" if after > before else "stayed at"
    return f"score {before:.{digits}f} {how} {after:.{digits}f}, {side} {threshold:.{digits}f}"


def _instead(
    scene: Scene, view: View, overlap: NDArray[np.float64], row: int, names: tuple[str, ...], nothing: str
) -> tuple[str, set[int]]:
    """Return in words what a detector drew where it does not find an object, and that box."""
    near = overlap[:, row]
    is_same = view.category == scene.category[row]
    if (taken := _best(near, view.is_false & ~is_same & (near >= ON))) is not None:
        return f"taken for {names[view.category[taken]]}", {taken}
    if (shifted := _best(near, view.is_false & is_same & (near >= NEAR))) is not None:
        return f"its box overlaps by {_below_half(near[shifted])}, {ON:.2f} is needed", {shifted}
    return nothing, set()


def _false_alarms(scene: Scene, words: Words, explained: set[int], is_new: bool) -> list[Found]:
    """Return the false alarms that only one of the two has, without those that explained something."""
    one, other = (scene.variant, scene.base) if is_new else (scene.base, scene.variant)
    overlap = scene.variant_overlap if is_new else scene.base_overlap
    same = overlap_of(one.box[:, None], other.box[None]) >= ON
    same &= (one.category[:, None] == other.category[None, :]) & other.is_false[None, :]
    rows = [row for row in np.flatnonzero(one.is_false & ~same.any(axis=1)).tolist() if row not in explained]
    what = "new false alarm" if is_new else "false alarm gone"
    found: list[Found] = []
    for row in rows:
        where = _where(scene, one, overlap, row, words.categories)
        name, score = words.categories[one.category[row]], float(one.score[row])
        boxes = {"variant" if is_new else "base": (row,)}
        found.append(Found(f"{what}: {name}", where, not is_new, **boxes, score=score))
    return found


def _where(scene: Scene, view: View, overlap: NDArray[np.float64], row: int, names: tuple[str, ...]) -> str:
    """Say what a false alarm lies on."""
    near, is_same = overlap[row], scene.category == view.category[row]
    tests: tuple[tuple[NDArray[np.bool_], Callable[[int], str]], ...] = (
        (is_same & (near >= ON), lambda at: "a second box on one object"),
        (~is_same & (near >= ON), lambda at: f"annotated as {names[scene.category[at]]}"),
        (
            is_same & (near >= NEAR),
            lambda at: f"its box overlaps by {_below_half(near[at])}, {ON:.2f} is needed",
        ),
    )
    for fits, said in tests:
        if (at := _best(near, fits)) is not None:
            return said(at)
    return "nothing there"


def _best(values: NDArray[np.float64], fits: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(np.where(fits, values, -1.0))) if fits.any() else None


def _below_half(overlap: float) -> str:
    """Format an overlap that is too small, so that it never reads as enough."""
    return f"{min(overlap, ON - 0.01):.2f}"


def _name(scene: Scene, row: int, words: Words) -> str:
    return words.categories[int(scene.category[row])]
