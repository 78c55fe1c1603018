"""The gallery in Markdown: its words. Photos are on the page alone."""

from __future__ import annotations

from collections.abc import Callable

from bench.report.gallery.model import Gallery, Sight
from bench.report.gallery.words import INTRODUCTION, RULES, more_changes


def gallery_blocks(gallery: Gallery, escape: Callable[[str], str]) -> list[str]:
    """Return the paragraphs and lists of the gallery below its heading.

    Args:
        escape: makes a text fit for Markdown.
    """
    names = {photo.image: photo.name for photo in gallery.photos}
    blocks = [
        escape(INTRODUCTION),
        "\n".join(f"- {escape(rule)}" for rule in RULES),
        *map(escape, gallery.notes),
    ]
    for exhibit in gallery.exhibits:
        said = " ".join([*exhibit.findings, exhibit.note]).strip()
        blocks.append(f"**{escape(exhibit.title)}.** {escape(said)}")
        blocks.append(
            "\n".join(f"- {escape(names[sight.image])}: {escape(_said(sight))}" for sight in exhibit.sights)
        )
    return blocks


def _said(sight: Sight) -> str:
    changes = [f"{change.what} – {change.why}" for change in sight.changes]
    return "; ".join([*changes, *([more_changes(sight)] if sight.num_left_out else [])])
