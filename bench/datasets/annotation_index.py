"""What a checked annotation file said, remembered by its content hash: parsing COCO's takes most of a second.

As with hashes, the memory is a convenience: where it cannot be read or written, the file is read again.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bench.datasets.annotations import Annotations, read_annotations
from bench.errors import BenchError
from bench.wire.codec import from_json, to_json

# Raise it whenever `read_annotations` checks or returns anything else; earlier entries are then passed over.
# 1: first. 2: declared sizes. 3: boxes over the edge.
_VERSION = 3


def indexed_annotations(path: Path, sha256: str, folder: Path) -> Annotations:
    """Return what `read_annotations` returns, without parsing the file if its content is known.

    Args:
        sha256: of the file's bytes.
        folder: where entries are kept.

    Raises:
        DataError: as `read_annotations`; files with faults are never remembered.
    """
    place = folder / "annotations" / f"{sha256}-v{_VERSION}.json"
    with suppress(OSError, ValueError, TypeError, KeyError, BenchError):
        return replace(_recall(place), path=str(path))
    annotations = read_annotations(path)
    with suppress(OSError):
        _remember(annotations, place)
    return annotations


def _recall(place: Path) -> Annotations:
    entry = json.loads(place.read_bytes())
    # JSON has no integer keys.
    for name in ("images", "categories", "num_objects", "sizes"):
        entry[name] = dict(entry[name])
    return from_json(Annotations, entry, str(place))


def _remember(annotations: Annotations, place: Path) -> None:
    entry = to_json(annotations)
    for name in ("images", "categories", "num_objects", "sizes"):
        entry[name] = list(getattr(annotations, name).items())
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(entry, file)
        os.replace(temporary, place)
    except OSError:
        os.unlink(temporary)
        raise
