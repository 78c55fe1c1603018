"""A gallery as a run leaves it, without any run: photos of one colour with boxes and words."""

from __future__ import annotations

import io

from PIL import Image

from bench.report.gallery.model import Change, Exhibit, Gallery, Mark, Photo, Sight
from bench.report.table import Keys


def fake_photo(image: int, size: tuple[int, int] = (320, 240), name: str = "") -> Photo:
    """Return a photo of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (90, 40 * (image % 5), 120)).save(file, "JPEG")
    return Photo(image, name or f"{image:06d}.jpg", *size, jpeg=file.getvalue())


def fake_sight(image: int, words: str = "cat", num_left_out: int = 0) -> Sight:
    """Return a photo on which an object was lost and a false alarm is new."""
    marks = (
        Mark("truth", (40, 40, 100, 80), 1, True),
        Mark("truth", (200, 100, 60, 60)),
        Mark("base", (42, 42, 98, 78), 1, True),
        Mark("base", (202, 101, 58, 60)),
        Mark("variant", (201, 99, 60, 62)),
        Mark("variant", (41, 41, 30, 30), 2, True),
    )
    changes = (
        Change(f"lost: {words}", "no box on it", False),
        Change(f"new false alarm: {words}", "nothing there (0.70)", False),
    )
    return Sight(image, "1 lost, 1 new false alarm", marks, changes, num_left_out)


def fake_gallery(keys: list[Keys], words: str = "cat") -> Gallery:
    """Return a gallery of these variants, with two photos each, one of them on all."""
    exhibits = tuple(
        Exhibit(
            title=f"{one.precision} on {one.runtime}, beside fp32",
            precision=one.precision,
            base="fp32",
            keys=one,
            findings=(f"Of 10 objects, fp32 finds 9 and {one.precision} 8: 1 lost, 0 gained.",),
            brief="1 lost, 0 gained, 1 new false alarm, 0 gone",
            sights=(fake_sight(1, words), fake_sight(number + 2, words, 3)),
        )
        for number, one in enumerate(keys)
    )
    photos = tuple(fake_photo(image) for image in range(1, len(keys) + 2))
    return Gallery(exhibits, photos)
