"""Nearest known names, for errors that follow a typing mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def advise(name: str, known: Iterable[str], aliases: Iterable[str] = ()) -> str:
    """Return what follows a sentence about an unknown name: the nearest known name, and all of them.

    Aliases may be what was meant, but are not listed. Examples: `, did you mean 'int8'? Known: fp32, int8`,
    and `. Known: fp32, int8` where no name is near.
    """
    names = list(dict.fromkeys(known))
    if not names:
        return ", none is known here"
    lowered = {candidate.lower(): candidate for candidate in reversed([*names, *aliases])}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    question = f", did you mean {lowered[near[0]]!r}?" if near else "."
    return f"{question} Known: {', '.join(names)}"
