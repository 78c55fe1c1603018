"""Constraint: what a person demands of a case, as `latency_p95 <= 50 ms` or `host == pi5`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["<=", ">=", "<", ">", "==", "!="]

# Words of a case that may be demanded, as records call them.
WORDS = ("host", "runtime", "precision", "model", "group", "threads", "case")


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
