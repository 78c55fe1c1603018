"""Which photos are shown: a few of each variant, in turns, as long as there is room on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.picturing.photos import PhotoShelf
from bench.picturing.sighting import scaled
from bench.report.gallery.model import Exhibit, Photo, Sight

# Of each variant.
MOST_SIGHTS = 4

# Of the page's 2 MB: what the gallery may take; charts, tables and details of 60 cases have the rest.
BUDGET_BYTES = 340_000

# Base64 writes 3 bytes as 4.
_BASE64 = 4 / 3

# As the page writes them: a variant's words, a picture without its boxes, a box with its dark line.
_EXHIBIT_BYTES, _PICTURE_BYTES, _MARK_BYTES, _CHANGE_BYTES = 900, 900, 60, 160


@dataclass(frozen=True)
class Wish:
    """A variant, and photos that it would show, those that differ most first."""

    exhibit: Exhibit
    sights: tuple[Sight, ...]


@dataclass(frozen=True)
class Chosen:
    """The exhibits with what they show, and the photos that are needed."""

    exhibits: tuple[Exhibit, ...]
    photos: tuple[Photo, ...]


def choose(wishes: Sequence[Wish], shelf: PhotoShelf, budget: int = BUDGET_BYTES) -> Chosen:
    """Give each variant a photo in turns until each has `MOST_SIGHTS` or the budget is spent.

    A photo that several variants show costs once. Who comes first in `wishes` is served first.
    """
    shown: list[list[Sight]] = [[] for _ in wishes]
    waiting = [list(wish.sights) for wish in wishes]
    photos: dict[int, Photo] = {}
    is_full = [False] * len(wishes)
    budget -= _EXHIBIT_BYTES * len(wishes)
    for _ in range(MOST_SIGHTS):
        for place, queue in enumerate(waiting):
            sight = _next(queue, shelf)
            photo = shelf.photo(sight.image) if sight else None
            if sight is None or photo is None:
                continue
            cost = _cost(sight, photo, is_there=sight.image in photos)
            if cost > budget:
                is_full[place] = True
                queue.clear()
                continue
            budget -= cost
            photos[sight.image] = photo
            shown[place].append(scaled(sight, shelf.scale(sight.image)))
    exhibits = tuple(
        replace(wish.exhibit, sights=tuple(sights), note=_note(sights, full, shelf))
        for wish, sights, full in zip(wishes, shown, is_full, strict=True)
    )
    return Chosen(exhibits, tuple(photos.values()))


def _next(queue: list[Sight], shelf: PhotoShelf) -> Sight | None:
    """Take the first sight whose photo can be shown."""
    while queue:
        sight = queue.pop(0)
        if shelf.photo(sight.image) is not None:
            return sight
    return None


def _cost(sight: Sight, photo: Photo, is_there: bool) -> int:
    own = 0 if is_there else round(len(photo.jpeg) * _BASE64)
    return own + _PICTURE_BYTES + len(sight.marks) * _MARK_BYTES + len(sight.changes) * _CHANGE_BYTES


def _note(sights: Sequence[Sight], is_full: bool, shelf: PhotoShelf) -> str:
    if is_full:
        told = "more photos on this page" if sights else "its photos on this page"
        return f"There is no room for {told}."
    return "" if sights or shelf.is_empty else "No photo differs enough to be shown."
