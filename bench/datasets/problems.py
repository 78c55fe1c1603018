"""Problems: everything wrong in a set of annotation files, told at once with file and line."""

from __future__ import annotations

from pathlib import Path

from bench.errors import DataError

# Of many, the first few are told and all are counted.
_NUM_TOLD = 10


class Problems:
    """Collects what is wrong in files that are read one after the other."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._count = 0

    def add(self, path: Path, text: str, line: int = 0) -> None:
        """Remember what is wrong; `line` counts from 1, 0 for the file as a whole."""
        self.add_told(f"{path}:{line}: {text}" if line else f"{path}: {text}")

    def add_told(self, text: str) -> None:
        """Remember a problem whose text names its file already."""
        self._count += 1
        if len(self._told) < _NUM_TOLD:
            self._told.append(text)

    def raise_any(self) -> None:
        """Raise all that was collected, if anything was.

        Raises:
            DataError: a line each, and how many more there are.
        """
        more = self._count - len(self._told)
        if self._count:
            raise DataError("\n".join(self._told + [f"and {more} more, {self._count} in all"] * bool(more)))
