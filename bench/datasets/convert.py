"""Convert annotated photos to a COCO JSON file of the user's own, whatever format they come in."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.suite import CocoData
from bench.datasets.annotations import read_annotations
from bench.datasets.instances import coco_document
from bench.datasets.sources import open_source
from bench.errors import DataError, UsageError


@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote.

    Attributes:
        images: folder that the file names are relative to; empty for COCO JSON, which does not say.
        num_objects: by category name, those without any object included; crowds count.
    """

    output: Path
    images: str
    num_photos: int
    num_empty: int
    num_crowds: int
    num_objects: dict[str, int]
    notes: tuple[str, ...]


def convert(data: CocoData, output: Path, photos: Path | None = None, force: bool = False) -> Conversion:
    """Read a data set, check it, and write it as COCO JSON.

    Args:
        photos: folder that photos out of TFRecords are written to.
        force: overwrite what is there.

    Raises:
        UsageError: the output exists, or photos need a folder.
        DataError: everything that is wrong with the data set, with file and line; nothing is written then.
    """
    if output.exists() and not force:
        raise UsageError(f"{output}: is there already; choose another --output, or overwrite it with --force")
    if output.is_dir():
        raise UsageError(f"{output}: is a folder, expected the name of a JSON file")
    folder = _folder_for(data, photos, force)
    document, images, notes = _read_coco(data) if data.format == "coco" else _read_other(data, folder)
    _write(document, output)
    # What was written is read as every suite will read it.
    annotations = read_annotations(output)
    counts = Counter(one["category_id"] for one in document["annotations"])
    return Conversion(
        output=output,
        images=images,
        num_photos=len(document["images"]),
        num_empty=len(document["images"]) - len({one["image_id"] for one in document["annotations"]}),
        num_crowds=sum(bool(one.get("iscrowd")) for one in document["annotations"]),
        num_objects={name: counts[number] for number, name in annotations.categories.items()},
        notes=(*notes, *annotations.warnings),
    )


def _folder_for(data: CocoData, photos: Path | None, force: bool) -> Path:
    """Return the folder for photos that lie inside of other files."""
    if data.format != "tfrecord":
        return Path()
    if photos is None:
        raise UsageError("photos lie inside of TFRecords: name a folder to write them to with --images DIR")
    if photos.exists() and (not photos.is_dir() or any(photos.iterdir())) and not force:
        raise UsageError(f"{photos}: is there already and not empty; choose another --images, or use --force")
    return photos.absolute()


def _read_coco(data: CocoData) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    path = Path(data.annotations)
    read_annotations(path)
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document, "", ()


def _read_other(data: CocoData, folder: Path) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    instances = open_source(data).read(folder)
    if not instances.photos:
        raise DataError(f"{data.annotations or data.images}: holds no photos, expected annotated ones")
    return coco_document(instances), instances.images, instances.notes


def _write(document: dict[str, Any], output: Path) -> None:
    """Write the whole file or nothing."""
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=output.absolute().parent, prefix=f".{output.name}-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
        # mkstemp makes files for their owner alone; this one is a file like any other.
        os.chmod(scratch, 0o666 & ~_umask())
        os.replace(scratch, output)
    finally:
        Path(scratch).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
