"""Which category of a data set each class of a model is, by its name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import DataError
from bench.wire.description import NO_CATEGORY

# What label files write where a class index is not in use, or is the background.
PLACEHOLDERS = frozenset({"", "???", "n/a", "background", "__background__"})


@dataclass(frozen=True)
class Matched:
    """Class names and the categories they were found to be.

    Attributes:
        category_ids: of each class index; `NO_CATEGORY` where the data set has no such category.
        unknown: names without a category, placeholders left out.
    """

    category_ids: tuple[int, ...]
    unknown: tuple[str, ...]


def match_names(names: Sequence[str], categories: Mapping[int, str]) -> Matched:
    """Find the category of each class name.

    Names are equal as they are written or, if no category is written like that, without regard to case and to
    how words are parted (`traffic_light`, `Traffic Light`). Nothing is guessed beyond that.

    Args:
        names: of each class index.
        categories: original id -> name.

    Raises:
        DataError: two classes are one category, or a name fits two categories.
    """
    found = {name: _find(name, categories) for name in dict.fromkeys(names) if not _is_placeholder(name)}
    owners: dict[int, str] = {}
    for name in (name for name in names if name in found):
        category = found[name]
        if category != NO_CATEGORY and category in owners:
            raise DataError(
                f"the classes {owners[category]!r} and {name!r} are both category {category} "
                f"({categories[category]}) of the data set, expected one class a category; correct labels"
            )
        owners[category] = name
    ids = tuple(found.get(name, NO_CATEGORY) for name in names)
    return Matched(ids, tuple(name for name, category in found.items() if category == NO_CATEGORY))


def nearest_category(name: str, categories: Mapping[int, str]) -> str:
    """Return the category that is written most like a name; empty if none is near."""
    near = difflib.get_close_matches(name.lower(), [one.lower() for one in categories.values()], n=1)
    return near[0] if near else ""


def _find(name: str, categories: Mapping[int, str]) -> int:
    for fold in (str, _folded):
        ids = [number for number, one in categories.items() if fold(one) == fold(name)]
        if len(ids) > 1:
            raise DataError(
                f"the class {name!r} fits the categories {', '.join(map(str, ids))} of the data set, "
                "expected one; give labels as a list of ids"
            )
        if ids:
            return ids[0]
    return NO_CATEGORY


def _folded(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _is_placeholder(name: str) -> bool:
    return name.strip().casefold() in PLACEHOLDERS
