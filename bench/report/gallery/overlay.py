"""The boxes of one photo as inline SVG: dark lines under bright ones, so that they show on any photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.report.gallery.model import Box, Mark, Owner, Photo
from bench.report.html.elements import attributes

# Width of every picture in its own units; boxes of small photos are drawn as large.
WIDTH = 320

OWNERS: tuple[Owner, ...] = ("truth", "base", "variant")

# Of the numbers on changed boxes, in the same units.
_RADIUS = 9


def draw_overlay(photo: Photo, marks: Sequence[Mark], label: str) -> str:
    """Return a picture: the photo that is kept in the gallery, and boxes above it.

    Args:
        label: what a person who cannot see it is told.
    """
    factor = WIDTH / photo.width
    height = photo.height * factor
    shown = [replace(mark, box=_scaled(mark.box, factor, height)) for mark in marks]
    body = "".join(_layer(owner, [mark for mark in shown if mark.owner == owner]) for owner in OWNERS)
    about = attributes({"viewBox": f"0 0 {WIDTH} {_short(height)}", "role": "img", "aria-label": label})
    scale = f' transform="scale({factor:.4f})"' if photo.width != WIDTH else ""
    return f'<svg{about}><use href="#{photo_id(photo.image)}"{scale}/>{body}{_badges(shown, height)}</svg>'


def photo_id(image: int) -> str:
    """Return the id under which a gallery keeps a photo."""
    return f"photo-{image}"


def _scaled(box: Box, factor: float, height: float) -> Box:
    """Return a box in the picture's units; what lies far outside is brought near."""
    margin = 20.0
    left, top = (max(-margin, value * factor) for value in box[:2])
    right = min(WIDTH + margin, (box[0] + box[2]) * factor)
    bottom = min(height + margin, (box[1] + box[3]) * factor)
    return left, top, max(right - left, 0.0), max(bottom - top, 0.0)


def _layer(owner: Owner, marks: Sequence[Mark]) -> str:
    """Return all boxes of one owner: those that did not change softly, below the others."""
    same = "".join(_outline(mark.box) for mark in marks if not mark.is_changed)
    changed = "".join(_outline(mark.box) for mark in marks if mark.is_changed)
    lines = f'<path class="c s" d="{same}"/><path class="l s" d="{same}"/>' if same else ""
    lines += f'<path class="c" d="{changed}"/><path class="l" d="{changed}"/>' if changed else ""
    return f'<g class="{owner}">{lines}</g>' if lines else ""


def _outline(box: Box) -> str:
    x, y, width, height = box
    return f"M{_short(x)} {_short(y)}h{_short(width)}v{_short(height)}h{_short(-width)}z"


def _badges(marks: Sequence[Mark], height: float) -> str:
    """Return the number of each change at a corner of its boxes: of the objects, where it has any."""
    owners: dict[int, Owner] = {}
    for mark in marks:
        owners.setdefault(mark.number, mark.owner)
    shown = [mark for mark in marks if mark.number and mark.owner == owners[mark.number]]
    taken: list[tuple[float, float]] = []
    drawn = []
    for mark in sorted(shown, key=lambda mark: mark.number):
        place = _place(mark.box, height, taken)
        if place is None:
            continue
        x, y = place
        taken.append(place)
        drawn.append(
            f'<g class="badge"><circle cx="{_short(x)}" cy="{_short(y)}" r="{_RADIUS}"/>'
            f'<text x="{_short(x)}" y="{_short(y + 4.5)}">{mark.number}</text></g>'
        )
    return "".join(drawn)


def _place(box: Box, height: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the first corner of a box that no other number is near; else the next free place below it.

    None where all is full: a number on a number could not be read.
    """
    x, y, across, down = box
    corners = [(x, y), (x + across, y), (x, y + down), (x + across, y + down)]
    steps = [(x, y + 2 * _RADIUS * step) for step in range(1, 10)]
    for place in corners + steps:
        inside = _inside(place, height)
        if all(abs(inside[0] - a) + abs(inside[1] - b) > 2 * _RADIUS for a, b in taken):
            return inside
    return None


def _inside(place: tuple[float, float], height: float) -> tuple[float, float]:
    edge = _RADIUS + 1.0
    return min(max(place[0], edge), WIDTH - edge), min(max(place[1], edge), max(height - edge, edge))


def _short(value: float) -> str:
    """Write a number with one decimal, without one where it says nothing."""
    return f"{value:.1f}".removesuffix(".0")
