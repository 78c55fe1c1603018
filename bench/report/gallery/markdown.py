"""The gallery in Markdown: its words. Photos are on the page alone."""

from __future__ import annotations

from collections.abc import Callable

from bench.report.gallery.model import Exhibit, Gallery, Sight
from bench.report.gallery.words import INTRODUCTION, more_changes


def gallery_lines(gallery: Gallery, escape: Callable[[str], str]) -> list[str]:
    """Return the lines of the gallery below its heading.

    Args:
        escape: makes a text fit for Markdown.
    """
    lines = [INTRODUCTION, "", *(line for note in gallery.notes for line in (escape(note), ""))]
    names = {photo.image: photo.name for photo in gallery.photos}
    for exhibit in gallery.exhibits:
        lines += [*_exhibit(exhibit, names, escape), ""]
    return lines


def _exhibit(exhibit: Exhibit, names: dict[int, str], escape: Callable[[str], str]) -> list[str]:
    said = " ".join([*exhibit.findings, exhibit.note]).strip()
    sights = [
        f"- {escape(names.get(sight.image, str(sight.image)))}: {escape(_said(sight))}"
        for sight in exhibit.sights
    ]
    return [f"**{escape(exhibit.title)}.** {escape(said)}", *([""] if sights else []), *sights]


def _said(sight: Sight) -> str:
    changes = [f"{change.what} – {change.why}" for change in sight.changes]
    return "; ".join([*changes, *([more_changes(sight)] if sight.num_left_out else [])])
