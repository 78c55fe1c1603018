"""The gallery as a part of the page. Each photo is in the page once; pictures that show it refer to it."""

from __future__ import annotations

import base64

from bench.report.gallery.model import Exhibit, Gallery, Photo, Sight
from bench.report.gallery.overlay import draw_overlay, photo_id
from bench.report.gallery.words import INTRODUCTION, RULES, more_changes
from bench.report.html.elements import attributes, bullets, element, folded, keyed, paragraph, swatch, text
from bench.report.palette import color_of

# So many variants are shown open; of more, the reader opens those that matter.
MOST_OPEN = 10

# What can be shown and hidden: class of the boxes, name, path of the sample.
_LAYERS = (
    ("truth", "Ground truth (solid)", True),
    ("base", "FP32 (dashed)", True),
    ("variant", "Variant (dotted)", True),
    ("same", "Boxes that did not change (faint)", False),
)


def render_gallery(gallery: Gallery) -> str:
    """Return the gallery without its heading; it needs `style.STYLE`."""
    photos = {photo.image: photo for photo in gallery.photos}
    notes = "".join(paragraph(note, "note") for note in gallery.notes)
    toggles = _toggles() if gallery.photos else ""
    exhibits = "".join(
        _exhibit(exhibit, photos, place < MOST_OPEN) for place, exhibit in enumerate(gallery.exhibits)
    )
    # The sibling is fp32 by definition; its colour is that of fp32 everywhere on the page.
    about = attributes({"style": f"--base:{color_of('fp32')};--variant:currentColor"})
    rules = folded("How photos are chosen", bullets(RULES, "note"))
    body = f"{paragraph(INTRODUCTION)}{rules}{notes}{toggles}{_kept(gallery)}{exhibits}"
    return f'<div class="gallery"{about}>\n{body}</div>\n'


def _kept(gallery: Gallery) -> str:
    images = "".join(map(_image, gallery.photos))
    return f'<svg class="keep" aria-hidden="true"><defs>\n{images}</defs></svg>\n' if images else ""


def _image(photo: Photo) -> str:
    data = base64.b64encode(photo.jpeg).decode()
    about = {"id": photo_id(photo.image), "width": photo.width, "height": photo.height}
    return f'<image{attributes(about)} href="data:image/jpeg;base64,{data}"/>\n'


def _toggles() -> str:
    boxes = "".join(
        f'<label><input type="checkbox" id="show-{name}" checked>{_sample(name) if has_line else ""}'
        f"{text(words)}</label>\n"
        for name, words, has_line in _LAYERS
    )
    return f'<fieldset class="shown">\n<legend>Show</legend>\n{boxes}</fieldset>\n'


def _sample(name: str) -> str:
    lines = '<path class="c" d="M3 7h36"/><path class="l" d="M3 7h36"/>'
    # A variant's own colour is that of its precision; here it stands for all of them.
    style = ' style="--variant:#fff"' if name == "variant" else ""
    return f'<svg class="sample {name}" viewBox="0 0 42 14" aria-hidden="true"{style}>{lines}</svg>'


def _exhibit(exhibit: Exhibit, photos: dict[int, Photo], is_open: bool) -> str:
    figures = "".join(_sight(sight, photos[sight.image]) for sight in exhibit.sights)
    about = attributes(
        {
            "class": "exhibit",
            "open": is_open and bool(figures),
            "style": f"--variant:{color_of(exhibit.precision)}",
        }
    )
    said = paragraph(" ".join(exhibit.findings)) + paragraph(exhibit.note, "note")
    brief = f' <span class="soft">{text(exhibit.brief)}</span>' if exhibit.brief else ""
    shown = f'<div class="sights">\n{figures}</div>\n' if figures else ""
    return (
        f"<details{about}{keyed(exhibit.keys)}>\n<summary>{swatch(exhibit.precision)}{text(exhibit.title)}"
        f"{brief}</summary>\n{said}{shown}</details>\n"
    )


def _sight(sight: Sight, photo: Photo) -> str:
    label = f"Photo {photo.name}: {sight.summary}"
    rows = "".join(
        f"<li><i>{number}</i>{element('b', text(change.what), class_='good' if change.is_good else 'bad')}"
        f" – {text(change.why)}</li>\n"
        for number, change in enumerate(sight.changes, start=1)
    )
    rows += f"<li>{text(more_changes(sight))}</li>\n" if sight.num_left_out else ""
    several = f": {sight.summary}" if len(sight.changes) > 1 else ""
    name = paragraph(photo.name + several, "soft")
    caption = f'{name}<ul class="changes">\n{rows}</ul>'
    return f"<figure>{draw_overlay(photo, sight.marks, label)}<figcaption>{caption}</figcaption></figure>\n"
