"""A choice asked for in words: which results, which demands, what is best. Reads results, judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.choosing import Choice, check_words, choose
from bench.core.constraint import Constraint
from bench.core.record import Record
from bench.errors import UsageError
from bench.store.records import read_records
from bench.suite.constraints import read_constraints
from bench.suite.gate import metric_names
from bench.suite.spelling import advise


@dataclass(frozen=True)
class Asked:
    """A choice, and what it was made of.

    Attributes:
        metric: what decided, by its own name.
        subjects: the metrics that were demanded.
    """

    choice: Choice
    metric: str
    subjects: tuple[str, ...]
    records: tuple[Record, ...]


def ask(path: Path, where: str, best: str) -> Asked:
    """Choose among the newest results at a path.

    Args:
        where: demands joined by `and`.
        best: the metric that decides, by its own direction.

    Raises:
        UsageError: a demand or metric is none, no case has that host, precision or the like, or there are
            results of several suites; the message has the nearest known name.
        StoreError: there are no readable records at that path.
    """
    names = metric_names()
    if best not in names:
        raise UsageError(f"--best {best}: unknown metric{advise(best, list(names))}")
    constraints = read_constraints(where)
    records = read_records(path, newest_only=True)
    _check(path, records, constraints)
    subjects = tuple(one.subject for one in constraints if not one.is_word)
    return Asked(choose(records, constraints, names[best]), names[best], subjects, tuple(records))


def _check(path: Path, records: Sequence[Record], constraints: Sequence[Constraint]) -> None:
    """Refuse names of nothing, and to choose among several suites, whose figures have nothing in common."""
    suites = list(dict.fromkeys(record.suite for record in records))
    if len(suites) > 1:
        raise UsageError(
            f"{path}: has results of {len(suites)} suites ({', '.join(suites)}); name one of them"
        )
    for word, known in check_words(records, constraints):
        raise UsageError(f"{word.text}: no case has that {word.subject}{advise(str(word.value), known)}")
