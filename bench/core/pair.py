"""Pairs: a case and its twin, which is the older file of the case, measured next to each other.

Their lines have kinds of their own, so that they never stand among those that a record is derived from.
"""

from __future__ import annotations

_SUFFIX = "~before"

# Kind of job -> kind of its line, where it is one half of a pair.
PAIR_KINDS = {"latency": "pair", "memory": "memory_pair"}


def twin_id(case: str) -> str:
    """Return the id under which the older file of a case is measured."""
    return f"{case}{_SUFFIX}"
