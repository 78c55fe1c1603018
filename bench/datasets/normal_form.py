"""The normal form of annotated photos: COCO JSON, kept in the cache for formats that are not COCO's own.

The folder's name is a hash of everything the outcome follows from: the content of labels and photos, the
options, and the code that reads them. So a hit is never stale, and a data set is read once.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.core.suite import CocoData
from bench.datasets.hashes import HashCache, hash_file
from bench.datasets.instances import Instances, coco_document
from bench.datasets.sources import Source, open_source
from bench.detectors import photo
from bench.wire.codec import content_hash
from bench.wire.process import is_alive

_ANNOTATIONS, _FACTS = "instances.json", "facts.json"

# Before the id of the process that is at work, in the name of its folder.
_SCRATCH = ".converting-"


@dataclass(frozen=True)
class NormalForm:
    """Annotated photos in COCO's format.

    Attributes:
        images: folder that file names are relative to.
        annotations: COCO JSON.
        notes: what is odd in the data set that it was read from.
    """

    images: Path
    annotations: Path
    notes: tuple[str, ...] = ()


def normal_form(data: CocoData, root: Path, hashes: HashCache) -> NormalForm:
    """Return the photos and annotations of a data set in COCO's format, converted unless they are it.

    Args:
        root: of the project's cache.

    Raises:
        DataError: the data set cannot be read; everything wrong is named.
    """
    if data.format == "coco":
        return NormalForm(Path(data.images), Path(data.annotations))
    source = open_source(data)
    folder = _folder(data, source, root, hashes)
    if not (folder / _FACTS).is_file():
        _convert(source, folder)
    return _open(folder)


def is_converted(data: CocoData, root: Path, hashes: HashCache) -> bool:
    """Whether `normal_form` would find its answer in the cache, or needs none."""
    return data.format == "coco" or (_folder(data, open_source(data), root, hashes) / _FACTS).is_file()


def _folder(data: CocoData, source: Source, root: Path, hashes: HashCache) -> Path:
    files = [path.absolute() for path in source.files()]
    digests = hashes.sha256_of(files)
    base = os.path.commonpath([path.parent for path in files])
    named = [[str(path)[len(base) :], digests[path]] for path in files]
    # File names in the answer are relative to the images' folder, and that is part of the answer.
    made_of = [data.format, data.options, str(Path(data.images).absolute()), base, named, _code_hash()]
    return root / "datasets" / "converted" / content_hash(made_of)


def _convert(source: Source, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear(folder.parent)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{_SCRATCH}{os.getpid()}-"))
    try:
        instances = source.read(scratch / "images")
        is_inside = Path(instances.images) == scratch / "images"
        write_document(instances, scratch / _ANNOTATIONS)
        facts = {"images": "" if is_inside else instances.images, "notes": list(instances.notes)}
        (scratch / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
        _show(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_document(instances: Instances, path: Path) -> None:
    """Write COCO JSON; the same photos give the same bytes."""
    path.write_text(json.dumps(coco_document(instances)), encoding="utf-8")


def _clear(parent: Path) -> None:
    """Remove what processes that were killed left: photos out of TFRecords take gigabytes."""
    for scratch in parent.glob(f"{_SCRATCH}*-*"):
        pid = scratch.name.removeprefix(_SCRATCH).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(scratch, ignore_errors=True)


def _show(scratch: Path, folder: Path) -> None:
    """Give a whole folder its name; that of another process, which is equal, may be there first."""
    try:
        os.replace(scratch, folder)
    except OSError:
        if not (folder / _FACTS).is_file():
            raise


def _open(folder: Path) -> NormalForm:
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    images = Path(facts["images"]) if facts["images"] else folder / "images"
    return NormalForm(images, folder / _ANNOTATIONS, tuple(facts["notes"]))


@cache
def _code_hash() -> str:
    """Return a hash of the code that reads data sets."""
    sources = [*sorted(Path(__file__).parent.glob("*.py")), Path(photo.__file__)]
    return content_hash([[path.name, hash_file(path)] for path in sources])
