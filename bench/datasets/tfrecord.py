"""TFRecords of the TF Object Detection API to annotated photos; the photos are written out as files.

Category ids are `image/object/class/label` as they stand there (the API counts from 1); names come from the
label map, or else from `image/object/class/text`. Image ids are `image/source_id` where all of them are
different numbers, and else count from 1 in the order of the records. Boxes are fractions of `image/width` and
`image/height`, or of the photo as it is stored, since TensorFlow leaves the EXIF orientation alone. Objects
marked `is_crowd`, `difficult` or `group_of` are crowds: neither targets nor a detection's fault.
"""

from __future__ import annotations

import glob
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from bench.core.suite import CocoData
from bench.datasets.class_names import read_label_map
from bench.datasets.disk_space import require_space
from bench.datasets.image_ids import image_ids
from bench.datasets.instances import Instances, LabelledObject, LabelledPhoto
from bench.datasets.problems import Problems
from bench.datasets.tfrecord_wire import Value, read_examples
from bench.errors import DataError

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_CROWD_MARKS = ("is_crowd", "difficult", "group_of")
_SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp"}

# What float32 and rounding may put over an edge.
_SLACK = 1e-3


class TfrecordSource:
    """A data set in TFRecords, found but not read yet."""

    def __init__(self, data: CocoData) -> None:
        """Find the files.

        Args:
            data: a file, a folder or a pattern in `annotations`; a label map in `names`.

        Raises:
            DataError: there are none.
        """
        self._place = data.annotations
        self._files = _find(data.annotations)
        self._label_map = Path(data.names) if data.names else None

    def files(self) -> list[Path]:
        """Return every file that decides what is read."""
        return [*self._files, *([self._label_map] if self._label_map else [])]

    def read(self, folder: Path) -> Instances:
        """Read all records, and write their photos below `folder`.

        Raises:
            DataError: everything that is wrong, with file and record.
        """
        require_space(folder, sum(path.stat().st_size for path in self._files))
        folder.mkdir(parents=True, exist_ok=True)
        walk = _Walk(folder, read_label_map(self._label_map) if self._label_map else {})
        for path in self._files:
            for number, features in enumerate(read_examples(path), start=1):
                walk.take(path, number, features)
        walk.problems.raise_any()
        if not walk.photos:
            raise DataError(f"{self._place}: holds no records, expected TFRecords of annotated photos")
        ids = _numbered(walk.source_ids)
        photos = tuple(replace(photo, id=number) for photo, number in zip(walk.photos, ids, strict=True))
        return Instances(str(folder), photos, walk.categories())


class _Walk:
    """One walk over all records: photos written, objects collected, names of classes learned."""

    def __init__(self, folder: Path, label_map: dict[int, str]) -> None:
        self.problems = Problems()
        self.photos: list[LabelledPhoto] = []
        self.source_ids: list[str] = []
        self._folder, self._label_map = folder, label_map
        self._ids = {name: number for number, name in label_map.items()}
        self._names: dict[int, str] = {}

    def take(self, path: Path, number: int, features: dict[str, Value]) -> None:
        """Add one record; what is wrong with it is added to the problems."""
        try:
            self._take(features)
        except (DataError, TypeError, ValueError) as problem:
            self.problems.add(path, f"record {number}: {problem}")

    def categories(self) -> dict[int, str]:
        """Return id -> name of all classes."""
        return self._label_map or dict(sorted(self._names.items()))

    def _take(self, features: dict[str, Value]) -> None:
        encoded = features.get("image/encoded")
        if not encoded or not isinstance(encoded[0], bytes) or not encoded[0]:
            raise DataError("no image/encoded, expected the bytes of a photo")
        suffix, stored = _look_at(encoded[0])
        width, height = (_integer(features, f"image/{name}") for name in ("width", "height"))
        size = (width, height) if width and height else stored
        objects = self._objects(features, size)
        rank = len(self.photos) + 1
        name = f"{rank:08d}{suffix}"
        (self._folder / name).write_bytes(encoded[0])
        self.photos.append(LabelledPhoto(rank, name, *size, objects))
        self.source_ids.append(_text(features, "image/source_id") or name)

    def _objects(self, features: dict[str, Value], size: tuple[int, int]) -> tuple[LabelledObject, ...]:
        sides = [features.get(f"image/object/bbox/{side}", []) for side in _SIDES]
        count = len(sides[0])
        labels = self._labels(features, count)
        columns = {name: features.get(f"image/object/{name}", []) for name in (*_CROWD_MARKS, "area")}
        lengths = {len(column) for column in columns.values() if column}
        if any(len(side) != count for side in sides) or lengths - {count}:
            raise DataError(
                "the lists below image/object are of different lengths, expected one value an object"
            )
        found = []
        for index, corners in enumerate(zip(*sides, strict=True)):
            is_crowd = any(columns[name] and columns[name][index] for name in _CROWD_MARKS)
            area: Any = columns["area"][index] if columns["area"] else None
            found.append(LabelledObject(labels[index], _box(corners, size), bool(is_crowd), area))
        return tuple(found)

    def _labels(self, features: dict[str, Value], count: int) -> list[int]:
        texts = [_decoded(text) for text in features.get("image/object/class/text", [])]
        labels: list[Any] = list(features.get("image/object/class/label", []))
        if not labels and texts:
            unknown = [text for text in texts if text not in self._ids]
            if unknown:
                raise DataError(
                    f"class {unknown[0]!r} has no label, expected image/object/class/label, or its name in a "
                    "label map"
                )
            labels = [self._ids[text] for text in texts]
        if len(labels) != count:
            raise DataError(f"{count} boxes and {len(labels)} class labels, expected as many")
        for index, label in enumerate(labels):
            self._learn(label, texts[index] if index < len(texts) else "")
        return labels

    def _learn(self, label: int, text: str) -> None:
        if self._label_map and label not in self._label_map:
            raise DataError(
                f"class {label} is not in the label map, expected one of {_known(self._label_map)}"
            )
        known = self._names.setdefault(label, text or f"class {label}")
        if text and known not in (text, f"class {label}"):
            raise DataError(f"class {label} is {text!r}, and {known!r} in another record: give a label map")
        self._names[label] = text or known


def _numbered(source_ids: list[str]) -> list[int]:
    """Return the ids that the records give where they are different numbers, else their ranks."""
    is_numbered = all(name.isdigit() for name in source_ids) and len(set(source_ids)) == len(source_ids)
    return image_ids(source_ids) if is_numbered else list(range(1, len(source_ids) + 1))


def _find(place: str) -> list[Path]:
    path = Path(place)
    if path.is_dir():
        files = [one for one in sorted(path.iterdir()) if one.is_file() and "record" in one.name.lower()]
    else:
        files = [path] if path.is_file() else [Path(one) for one in sorted(glob.glob(place))]
    if not files:
        raise DataError(f"{place}: there are no such files, expected TFRecords (*.record*, *.tfrecord*)")
    return files


def _look_at(data: bytes) -> tuple[str, tuple[int, int]]:
    """Return the suffix of a photo's format, and its size as it is stored."""
    try:
        with Image.open(io.BytesIO(data)) as photo:
            return _SUFFIXES[photo.format or ""], photo.size
    except KeyError as problem:
        raise DataError(f"image/encoded is of format {problem}, expected JPEG, PNG, BMP or WebP") from problem
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        raise DataError(f"image/encoded cannot be read as a photo ({len(data)} bytes)") from problem


def _box(corners: tuple[Any, ...], size: tuple[int, int]) -> tuple[float, float, float, float]:
    left, top, right, bottom = corners
    if not all(-_SLACK <= value <= 1 + _SLACK for value in corners):
        raise DataError(
            f"a box reaches to {max(corners):g}, expected fractions from 0 to 1; are these pixels?"
        )
    if right < left or bottom < top:
        raise DataError("a box has xmax or ymax less than xmin or ymin")
    width, height = size
    return (left * width, top * height, (right - left) * width, (bottom - top) * height)


def _integer(features: dict[str, Value], name: str) -> int:
    value = (features.get(name) or [0])[0]
    if not isinstance(value, int) or value < 0:
        raise DataError(f"{name} is no whole number")
    return value


def _text(features: dict[str, Value], name: str) -> str:
    values = features.get(name) or [b""]
    return _decoded(values[0])


def _decoded(value: bytes | float | int) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _known(label_map: dict[int, str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in list(label_map.items())[:5])
