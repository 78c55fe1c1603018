"""Sizes of photos from their headers, for formats that do not declare them; no pixel is decoded."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from bench.datasets.problems import Problems
from bench.detectors.photo import shown_size


def size_as_shown(path: Path, problems: Problems) -> tuple[int, int]:
    """Return (width, height) of a photo as it is shown, its EXIF orientation applied.

    That is the size which labelling tools display and their fractions refer to. A file that is no photo is
    added to the problems, and has size (0, 0).
    """
    try:
        with Image.open(path) as photo:
            return shown_size(photo)
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        problems.add(path, f"cannot be read as a photo ({problem}): fetch it again")
        return (0, 0)
