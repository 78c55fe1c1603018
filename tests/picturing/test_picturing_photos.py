"""Photos made small: checked, decoded with limits, without metadata; and which of them find room."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from bench.picturing import photos
from bench.picturing.choosing import MOST_SIGHTS, Wish, choose
from bench.picturing.photos import PhotoShelf
from bench.report.gallery.model import Exhibit, Mark, Photo, Sight
from bench.report.table import Keys
from bench.wire.job import ImageRef


def put(folder: Path, number: int, data: bytes, size: tuple[int, int] = (0, 0)) -> ImageRef:
    """Write a file and return what a data set says of it."""
    path = folder / f"{number}.jpg"
    path.write_bytes(data)
    return ImageRef(number, str(path), hashlib.sha256(data).hexdigest(), *size)


def jpeg(size: tuple[int, int], orientation: int = 1) -> bytes:
    """Return a JPEG, red on the left and blue on the right, with an EXIF orientation and a camera's name."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a camera"
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif.tobytes())
    return file.getvalue()


@pytest.mark.parametrize(
    ("size", "small"), [((640, 480), (320, 240)), ((300, 1200), (100, 400)), ((90, 60), (90, 60))]
)
def test_photos_are_made_small_and_never_large(
    size: tuple[int, int], small: tuple[int, int], tmp_path: Path
) -> None:
    shelf = PhotoShelf([put(tmp_path, 5, jpeg(size))])
    photo = shelf.photo(5)
    assert photo is not None and (photo.width, photo.height) == small
    assert Image.open(io.BytesIO(photo.jpeg)).size == small
    assert shelf.scale(5) == pytest.approx((small[0] / size[0], small[1] / size[1]))


def test_a_photo_is_turned_as_its_boxes_are_and_loses_its_metadata(tmp_path: Path) -> None:
    # Stored lying, shown upright: turned by 90 degrees clockwise, its left side is on top.
    shelf = PhotoShelf([put(tmp_path, 1, jpeg((640, 480), 6), (480, 640))])
    photo = shelf.photo(1)
    assert photo is not None and (photo.width, photo.height) == (300, 400)
    shown = Image.open(io.BytesIO(photo.jpeg))
    top, bottom = shown.convert("RGB").getpixel((150, 20)), shown.convert("RGB").getpixel((150, 380))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 200 > top[2] and bottom[2] > 200 > bottom[0]
    assert not shown.getexif() and b"a camera" not in photo.jpeg


def test_what_is_no_photo_or_another_is_told_and_not_shown(tmp_path: Path) -> None:
    good, text = put(tmp_path, 1, jpeg((64, 64))), put(tmp_path, 2, b"no photo at all")
    changed, gone = put(tmp_path, 3, jpeg((64, 64))), put(tmp_path, 4, jpeg((64, 64)))
    short = put(tmp_path, 5, jpeg((64, 64))[:-200])
    (tmp_path / "3.jpg").write_bytes(jpeg((64, 65)))
    (tmp_path / "4.jpg").unlink()
    shelf = PhotoShelf([good, text, changed, gone, short])
    assert [shelf.photo(number) is not None for number in (1, 2, 3, 4, 5, 6)] == [True, *[False] * 5]
    assert "cannot be read as a photo" in shelf.problems[2]
    assert "is not the photo that was measured on" in shelf.problems[3]
    assert "cannot be read (No such file" in shelf.problems[4]


def test_photos_beyond_the_limits_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_PIXELS", 64 * 64)
    monkeypatch.setattr(photos, "MOST_FILE_BYTES", 100_000)
    many, large = put(tmp_path, 1, jpeg((65, 64))), put(tmp_path, 2, jpeg((64, 64)) + bytes(100_000))
    shelf = PhotoShelf([many, large])
    assert shelf.photo(1) is None and shelf.photo(2) is None
    assert "65 x 64 pixels, at most 4,096 are shown" in shelf.problems[1]
    assert "at most 100,000 are shown" in shelf.problems[2]


class FullShelf(PhotoShelf):
    """Every photo is there and has 3,000 bytes."""

    def __init__(self) -> None:
        super().__init__([ImageRef(0, "", "")])

    def photo(self, image: int) -> Photo | None:
        self._scales[image] = (0.5, 0.5)
        return Photo(image, f"{image}.jpg", 320, 240, bytes(3000))


def wish(name: str, *images: int) -> Wish:
    """Return a variant that would show these photos."""
    exhibit = Exhibit(name, "int8", "fp32", Keys(), ())
    mark = Mark("truth", (10, 20, 30, 40))
    return Wish(exhibit, tuple(Sight(image, "", (mark,), ()) for image in images))


def shown(wishes: list[Wish], budget: int) -> tuple[list[list[int]], list[int], list[str]]:
    """Return the photos of each variant, all photos, and what the variants say."""
    chosen = choose(wishes, FullShelf(), budget)
    exhibits = chosen.exhibits
    images = [[sight.image for sight in exhibit.sights] for exhibit in exhibits]
    return images, [photo.image for photo in chosen.photos], [exhibit.note for exhibit in exhibits]


def test_variants_take_turns_until_the_page_is_full() -> None:
    # A photo is 4,000 bytes in base64, and 960 for the picture.
    images, photos_shown, notes = shown([wish("a", 1, 2, 3), wish("b", 4, 5, 6)], 2 * 900 + 3 * 4960)
    assert images == [[1, 2], [4]] and photos_shown == [1, 4, 2]
    assert notes == ["There is no room for more photos on this page."] * 2


def test_a_photo_that_is_there_already_costs_next_to_nothing() -> None:
    images, photos_shown, _ = shown([wish("a", 1), wish("b", 1), wish("c", 1, 2)], 3 * 900 + 4960 + 2 * 960)
    assert images == [[1], [1], [1]] and photos_shown == [1]


def test_no_variant_shows_more_than_a_handful() -> None:
    images, _, notes = shown([wish("a", *range(20))], 10**9)
    assert images == [list(range(MOST_SIGHTS))] and notes == [""]


def test_boxes_are_scaled_with_the_photo() -> None:
    chosen = choose([wish("a", 1)], FullShelf())
    assert chosen.exhibits[0].sights[0].marks[0].box == (5, 10, 15, 20)
