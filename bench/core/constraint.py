"""Constraint: what a person demands of a case (`latency_p95 <= 50 ms`, `host == pi5`); Goal: several."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Operator = Literal["<=", ">=", "<", ">", "==", "!="]

# Words of a case that may be demanded, as records call them.
WORDS = ("host", "runtime", "precision", "model", "group", "threads", "case")

_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Constraint:
    """One demand.

    Attributes:
        subject: a metric's own name, or one of `WORDS`.
        value: in the metric's base unit; a text for a word.
        text: as it was written.
    """

    subject: str
    operator: Operator
    value: float | str
    text: str

    @property
    def is_word(self) -> bool:
        """Whether it is about what a case is, not about what was measured."""
        return self.subject in WORDS

    def holds(self, value: float | str) -> bool:
        """Whether a value meets it."""
        return _HOLDS[self.operator](value, self.value)


@dataclass(frozen=True)
class Goal:
    """What every case that fits the words has to reach, whatever it was before.

    Attributes:
        words: narrow down which cases are meant.
        demands: on metrics; one or more.
        text: as it was written.
    """

    words: tuple[Constraint, ...]
    demands: tuple[Constraint, ...]
    text: str
