"""Change: one thing done otherwise in a description, and all that are worth a try."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.wire.codec import content_hash
from bench.wire.description import ModelDescription


@dataclass(frozen=True)
class Change:
    """A description that differs from the one at hand in one thing.

    Attributes:
        kind: which mistake it would undo: `family`, `labels`, `color`, `range`, `resize`, `frame`, `layout`,
            `reading` or `keeping`.
        text: what it does, for people.
    """

    kind: str
    text: str
    description: ModelDescription

    @property
    def key(self) -> str:
        """Equal for equal descriptions."""
        return content_hash(self.description)


def distinct(changes: Iterable[Change], present: ModelDescription) -> list[Change]:
    """Keep one change of each outcome, the first, and none that changes nothing."""
    known = {content_hash(present)}
    kept = []
    for change in changes:
        if change.key not in known:
            known.add(change.key)
            kept.append(change)
    return kept
