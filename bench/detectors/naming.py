"""Says which known name a mistyped one was meant to be."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` for the nearest known name, and the list of all where none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f", did you mean {close[0]!r}?" if close else f", expected one of {', '.join(names) or '(none)'}"
