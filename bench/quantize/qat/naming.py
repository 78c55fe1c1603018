"""Names that are free in a model, for the layers that rewriting adds."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Gives out names, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def fresh(self, wish: str) -> str:
        """Return `wish`, or `wish_1`, `wish_2`, ... where it is taken."""
        name, number = wish, 0
        while name in self._taken:
            number += 1
            name = f"{wish}_{number}"
        self._taken.add(name)
        return name
