"""Small photos and annotation files for tests of readers, written by hand and not by the project's code."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def photo_bytes(width: int, height: int, seed: int = 0, orientation: int = 1, kind: str = "JPEG") -> bytes:
    """Return a photo of noise, stored as width x height, with an EXIF orientation."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **({"exif": exif} if orientation != 1 else {}))
    return stream.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def voc_xml(filename: str, size: tuple[int, int] | None, *objects: str) -> str:
    """Return a Pascal VOC annotation; each object as `name xmin ymin xmax ymax [difficult]`."""
    width, height = size or (0, 0)
    declared = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>" if size else ""
    rows = []
    for one in objects:
        name, left, top, right, bottom, *difficult = one.split()
        box = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
        mark = f"<difficult>{difficult[0]}</difficult>" if difficult else ""
        rows.append(f"<object>\n<name>{name}</name>{mark}\n<bndbox>{box}</bndbox>\n</object>")
    body = "\n".join([f"<filename>{filename}</filename>", declared, *rows])
    return f"<annotation>\n{body}\n</annotation>\n"
