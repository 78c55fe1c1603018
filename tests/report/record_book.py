"""The records of a run by the names that a report's sentences use, and what sentences compare of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saying import Sentence

from bench.core.record import Record

POINTS = 100.0


def name_of(record: Record) -> str:
    """Return the name of a case's recipe, or its precision where a file was given."""
    return (record.recipe or {}).get("name") or record.precision


def names_of(record: Record) -> tuple[str, str]:
    """Return what a sentence may call a case: without its threads, and with them where they vary."""
    name = f"{name_of(record)} on {record.runtime}"
    return name, f"{name}, {record.threads} thread{'' if record.threads == 1 else 's'}"


@dataclass(frozen=True)
class Book:
    """The records of a part of a page, found by the names that sentences use.

    Attributes:
        num_cases: on all of the page; 0 where the part is the page.
    """

    records: Sequence[Record]
    num_cases: int = 0

    def named(self, name: str, host: str) -> Record | None:
        """Return the measured case of that name on a host."""
        found = [record for record in self.on(host) if name in names_of(record)]
        return found[0] if len(found) == 1 else None

    def on(self, host: str) -> list[Record]:
        """Return the records of a host; of all without one."""
        return [record for record in self.records if host in ("", record.host)]

    def of(self, sentence: Sentence) -> list[Record]:
        """Return the records that a sentence may speak of: of its case, else of its host, else all."""
        cases = [record for record in self.records if record.case == sentence.case]
        return cases or self.on(sentence.host)

    def under(self, section: str) -> Book:
        """Return the records of the group and host that a part of the page is titled by; else all."""
        here = [record for record in self.records if f"{record.group} on {record.host}" == section]
        return Book(here or self.records, len(self.records))

    def by_case(self, case: str) -> Record | None:
        """Return a record by its case's id."""
        return next((record for record in self.records if record.case == case), None)


def ratio(record: Record | None, other: Record | None, name: str) -> float | None:
    """Return a metric of one record divided by that of another."""
    value, base = (one.value(name) if one else None for one in (record, other))
    return value / base if value is not None and base else None


def ends(metric: Any, factor: float = 1.0) -> tuple[float | None, ...]:
    """Return a metric's value, the ends of its interval and its level in percent."""
    told = (metric.value, metric.low, metric.high) if metric else (None,) * 3
    level = metric.level if metric else None
    return (*(None if x is None else x * factor for x in told), level and level * 100)
