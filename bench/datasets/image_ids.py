"""Image ids for formats that have none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath


def image_ids(names: Sequence[str]) -> list[int]:
    """Return an id for each photo.

    Where the stems of all file names are different whole numbers (`000000000139.jpg`), those are the ids;
    else photos are counted from 1 in the order of their names.

    Args:
        names: file names below the images' folder, unique.
    """
    stems = [PurePosixPath(name).stem for name in names]
    if all(stem.isascii() and stem.isdigit() and len(stem) < 16 for stem in stems):
        numbers = [int(stem) for stem in stems]
        if len(set(numbers)) == len(numbers):
            return numbers
    ranks = {name: rank for rank, name in enumerate(sorted(names), start=1)}
    return [ranks[name] for name in names]
