"""Cases without figures; what broke all of them on one host in the same way is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.core.record import Record
from bench.report.labels import case_labels, keys_of
from bench.report.model import Failure
from bench.report.table import Keys

# So many cases that broke alike are one entry, and so many of them are named.
FEWEST_ALIKE = 3
MOST_NAMES = 4


def make_failures(records: Sequence[Record]) -> tuple[Failure, ...]:
    """Return an entry for each case without figures, or for each group of them that broke alike."""
    broken = [record for record in records if record.status != "ok"]
    alike: dict[tuple[str, str, str, str, tuple[str, ...]], list[Record]] = {}
    for record in broken:
        key = (record.group, record.host, record.status, _reason(record), record.stderr_tail)
        alike.setdefault(key, []).append(record)
    return tuple(failure for found in alike.values() for failure in _entries(found, records))


def _entries(alike: Sequence[Record], records: Sequence[Record]) -> list[Failure]:
    first = alike[0]
    if len(alike) < FEWEST_ALIKE:
        return [replace(_failure(record, record.case), keys=keys_of(record)) for record in alike]
    beside = [record for record in records if (record.group, record.host) == (first.group, first.host)]
    if len(alike) == len(beside):
        return [_failure(first, f"{first.group} on {first.host}: all {len(alike)} cases")]
    labels = case_labels(beside)
    names = ", ".join(labels[record.case] for record in alike[:MOST_NAMES])
    more = f" and {len(alike) - MOST_NAMES} more" if len(alike) > MOST_NAMES else ""
    return [_failure(first, f"{first.group} on {first.host}: {names}{more}")]


def _failure(record: Record, name: str) -> Failure:
    return Failure(name, record.status, _reason(record), record.stderr_tail, Keys(host=record.host))


def _reason(record: Record) -> str:
    """Return why there are no figures; where rounds were invalid, the reason names the causes."""
    return record.reason or "no reason was recorded"
