"""Rule and Verdict: how much worse a metric may become, and what may be said of one metric of one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# `missing`: the case vanished, failed or was invalid. `new`: it has no counterpart yet. `not_comparable`:
# what was measured differs in more than what is compared.
Answer = Literal["pass", "fail", "inconclusive", "missing", "not_comparable", "new"]


@dataclass(frozen=True)
class Rule:
    """How much worse a metric may become.

    Attributes:
        tolerance: worse by no more than this is accepted; a share of the old value if `is_relative`, else in
            the metric's unit.
        find: a change for the worse of this size must not pass: the answer is `inconclusive` while it cannot
            be excluded. At least `tolerance`.
        is_per_class: each class is judged by itself, by the AP of that class alone.
        min_images: of a rule per class, on how many images a class must be to be judged.
    """

    metric: str
    tolerance: float
    is_relative: bool
    find: float
    is_per_class: bool = False
    min_images: int = 0


@dataclass(frozen=True)
class Verdict:
    """The answer for one metric of one case.

    Attributes:
        before, after: values on the two sides; None where there is none.
        change: worsening is positive; as a share if `is_relative`, else in the metric's unit.
        low, high: bounds of the change, each one-sided at error `error`; None where there are none.
        p_value: chance of so clear a worsening beyond the tolerance where there is none; None where the
            answer rests on no test (exact metrics, missing sides).
        find: see `Rule`.
        is_paired: the two sides were measured next to each other, or on the same images.
        method: how the bounds were found, in words.
        reason: why there is no change to judge, in words; empty where there is one.
        goal: the goal that was judged, as the suite has it; empty for a comparison. Of a goal, `after` is
            the value, `low` and `high` are bounds of the value, and there is no change.
        part: the class that was judged; empty where it is the metric as a whole.
    """

    case: str
    metric: str
    answer: Answer
    reason: str = ""
    before: float | None = None
    after: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    p_value: float | None = None
    is_relative: bool = False
    tolerance: float = 0.0
    find: float = 0.0
    is_paired: bool = False
    method: str = ""
    goal: str = ""
    part: str = ""
