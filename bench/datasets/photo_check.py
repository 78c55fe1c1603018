"""A look at every photo of a data set before it is measured on: damaged ones, other sizes, turned ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.detectors.photo import decode_photo, orientation_of, turn_of
from bench.errors import DataError
from bench.wire.job import ImageRef

# Called with the number of photos looked at, and of all.
OnPhoto = Callable[[int, int], None]


@dataclass(frozen=True)
class PhotoFindings:
    """What was seen.

    Attributes:
        problems: photos that cannot be measured on, a line each.
        modes: Pillow's pixel mode -> how many photos have it.
        turned: files with an EXIF orientation whose declared size says that boxes refer to them as shown.
        stored: those whose declared size says that boxes refer to them as stored.
        undecided: those of which the size tells nothing; they are taken as shown.
    """

    problems: tuple[str, ...]
    modes: dict[str, int]
    turned: tuple[str, ...]
    stored: tuple[str, ...]
    undecided: tuple[str, ...]


def check_photos(images: Iterable[ImageRef], on_photo: OnPhoto, decode: bool = True) -> PhotoFindings:
    """Look at photos one after the other.

    Args:
        decode: decode all pixels, which alone finds photos that are cut short (about 10 ms a photo); else
            only headers are read.
    """
    every = list(images)
    problems: list[str] = []
    modes: Counter[str] = Counter()
    seen: dict[str, list[str]] = {"turned": [], "stored": [], "undecided": []}
    for number, image in enumerate(every, start=1):
        try:
            mode, kind = _look_at(image, decode)
            modes[mode] += 1
            seen.get(kind, []).append(image.path)
        except DataError as problem:
            problems.append(f"{image.path}: image {image.id}: {problem}")
        on_photo(number, len(every))
    return PhotoFindings(
        tuple(problems), dict(modes), *(tuple(seen[kind]) for kind in ("turned", "stored", "undecided"))
    )


def _look_at(image: ImageRef, decode: bool) -> tuple[str, str]:
    """Return a photo's pixel mode, and what was decided of its orientation (empty without one)."""
    declared = (image.width, image.height)
    if decode:
        decode_photo(_read(image), declared, image.fill)
    try:
        with Image.open(image.path) as photo:
            orientation, turn = orientation_of(photo), turn_of(photo, declared)
            mode, is_shown_only = photo.mode, photo.size != declared
    except DataError:
        raise
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        raise DataError(f"cannot be read as a photo ({problem}): fetch it again") from problem
    if orientation == 1:
        return mode, ""
    if turn == 1:
        return mode, "stored"
    return mode, "turned" if all(declared) and is_shown_only else "undecided"


def _read(image: ImageRef) -> bytes:
    try:
        return Path(image.path).read_bytes()
    except OSError as problem:
        raise DataError(f"cannot be read ({problem.strerror})") from problem
