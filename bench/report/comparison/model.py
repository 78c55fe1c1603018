"""What a page of verdicts says, as plain data: two sides, and the verdicts between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.core.verdict import Verdict
from bench.report.table import Keys

# As suites name cases: model/precision/runtime/t<threads>@host; models may hold anything.
_CASE = re.compile(r"(?P<precision>[^/@]+)/(?P<runtime>[^/@]+)/t(?P<threads>\d+)@(?P<host>[^@]+)$")


@dataclass(frozen=True)
class Compared:
    """One side: its name, and facts that tell where it comes from."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Verdicts of one suite; `before` is a baseline, another run, or a note that only goals were judged."""

    suite: str
    before: Compared
    after: Compared
    verdicts: tuple[Verdict, ...]


def keys_of_case(case: str) -> Keys:
    """Return what a reader filters a case by; only its id where that was not made from a matrix."""
    found = _CASE.search(case)
    if found is None:
        return Keys(case)
    return Keys(case, found["host"], found["runtime"], found["precision"], found["threads"])
