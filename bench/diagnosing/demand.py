"""What a change has to show before it accuses a description: how large a gain, and how surely.

An accusation needs three things on the same images: an AP at least a tenth higher, at least `LEAST_GAIN`
higher, and a paired bootstrap interval of the gain that lies above zero. Changes back to the family's customs
in how a model is fed and read need no tenth: there one way is right and the other wrong, where thresholds and
suppression are settings.

The chance to accuse a right description, over all changes and all sizes of the sample, is held at `ERROR` by
a weighted Bonferroni bound: half of it goes to the changes that lead back to the family's customs, which are
few and likely, half to all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.diagnosing.change import Change
from bench.diagnosing.settings import differences, usual_description
from bench.diagnosing.subject import Subject
from bench.wire.description import ModelDescription

# Relative gain in AP below which a setting is a matter of taste.
CLEAR_SHARE = 0.1

# Kinds of changes that undo mistakes and are no settings, where they lead back to the family's customs.
WRONG_KINDS = frozenset({"family", "labels", "color", "range", "resize", "frame", "layout", "reading"})

# Relative gain of such a change from which more images are looked at, and a doubt is left where they end.
DOUBT_SHARE = 0.05

# AP that a gain has at least: a tenth of nothing is nothing.
LEAST_GAIN = 0.005

# Chance that a round of trials accuses a right description.
ERROR = 0.05


@dataclass(frozen=True)
class Demand:
    """What a change has to show before it accuses.

    Attributes:
        level: confidence of the two-sided interval of its gain. Only gains accuse: 1 - 2a errs with chance a.
        share: of the AP that it has to gain.
        doubt_share: of the AP that its gain has to reach to be worth more images, or a doubt.
    """

    level: float
    share: float = CLEAR_SHARE
    doubt_share: float = CLEAR_SHARE


def demands_of(
    changes: Sequence[Change], description: ModelDescription, subject: Subject
) -> dict[str, Demand]:
    """Return what each change has to show, by its key."""
    usual = usual_description(description, subject.suffix)
    present = len(differences(description, usual))
    returns = [change for change in changes if len(differences(change.description, usual)) < present]
    others = [change for change in changes if change not in returns]
    error, demands = ERROR / subject.num_looks, {}
    for group in (returns, others):
        part = error if len(group) == len(changes) else error / 2
        for change in group:
            is_wrong = group is returns and change.kind in WRONG_KINDS
            shares = (0.0, DOUBT_SHARE) if is_wrong else (CLEAR_SHARE, CLEAR_SHARE)
            demands[change.key] = Demand(1 - 2 * part / len(group), *shares)
    return demands


def is_large(gain: float, before: float, share: float = CLEAR_SHARE) -> bool:
    """Whether a gain is large enough to accuse, if it is real."""
    return gain >= max(share * before, LEAST_GAIN)
