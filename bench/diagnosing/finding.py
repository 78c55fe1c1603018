"""What diagnosing finds out of a description: trials of changes, steps that mend, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.diagnosing.change import Change
from bench.stats import Interval
from bench.wire.description import ModelDescription

# mended: one to three changes are clearly better. right: no change is. undecided: one looks better, but the
# images do not suffice to say so. lost: AP is near 0, and so it stays with every change.
Verdict = Literal["mended", "right", "undecided", "lost"]


@dataclass(frozen=True)
class Trial:
    """One change, tried.

    Attributes:
        value: map_50_95 with it, on `num_images` images; `base`: without it, on the same.
        reason: why it could not be tried; empty otherwise.
        gain: what it brings, paired over images, at the level that judging needs; None where it was not
            looked at closer because it brings too little.
        doubt_share: of the AP that a gain has to have to be a doubt, where it is not clear.
    """

    change: Change
    value: float
    base: float
    num_images: int
    reason: str = ""
    gain: Interval | None = None
    doubt_share: float = 0.1


@dataclass(frozen=True)
class Step:
    """One round of trials: all changes of one description on one sample.

    Attributes:
        value: map_50_95 of the description as it was; `reason`: why it could not be read.
        chosen: the trial that mends it, or None.
        rivals: trials that mend it as well as the chosen one, as far as these images tell.
        open: trials that may be better, but are not clearly so.
        with_classes: False where all values are those without regard of classes.
    """

    num_images: int
    value: float
    reason: str
    trials: tuple[Trial, ...]
    chosen: Trial | None
    rivals: tuple[Trial, ...] = ()
    open: tuple[Trial, ...] = ()
    with_classes: bool = True


@dataclass(frozen=True)
class Unusual:
    """A setting that differs from the family's usual one.

    Attributes:
        usual_value: map_50_95 with the usual setting in its place, on the images of the diagnosis; None
            where it does not fit the model.
    """

    key: str
    present: Any
    usual: Any
    usual_value: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What came of diagnosing one description.

    Attributes:
        value, mended_value: map_50_95 before and with all steps, on `num_images` images.
        gain: the difference, paired over images, with a .95 interval.
        doubts: changes that may be better still, where the images do not suffice to say so.
        lines: of the suite's `detector:` that mend it.
        suspicions: what looks wrong in what was found, where nothing mends it.
    """

    verdict: Verdict
    num_images: int
    value: float
    reason: str
    steps: tuple[Step, ...]
    mended: ModelDescription
    mended_value: float
    gain: Interval | None = None
    doubts: tuple[Trial, ...] = ()
    lines: tuple[str, ...] = ()
    unusual: tuple[Unusual, ...] = ()
    suspicions: tuple[str, ...] = field(default=())
