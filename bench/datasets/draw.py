"""A seeded draw that stays the same for ever: between runs, machines and versions of Python or numpy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw(keys: Iterable[str], limit: int, seed: int) -> list[str]:
    """Put keys in a random order that only they and the seed decide, and return the first of them.

    Keys are ranked by the sha256 of `seed:key`. So a smaller draw is the beginning of a larger one, and
    adding a key to the pool changes the draw by no more than that key.

    Args:
        keys: unique.
        limit: how many; 0 for all.
    """
    ranked = sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
    return ranked[:limit] if limit else ranked
