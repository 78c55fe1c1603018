"""Which photos a YOLO data set has, where their label files lie, and what its classes are called.

Either a `data.yaml` says so (`path`, a split such as `val`, `names`), or a folder of photos is given, with
label files in the folder that its name with `labels` for `images` names, or beside the photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os.path import commonpath
from pathlib import Path
from typing import Any

from bench.core.suite import CocoData
from bench.datasets.class_names import read_class_names, read_text, read_yaml
from bench.datasets.coco import IMAGE_SUFFIXES, image_names
from bench.errors import DataError

_NAMES_FILES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")

# How far above the photos a file of names is looked for: images/val/ lies two folders below data.yaml.
_NUM_FOLDERS_UP = 3


@dataclass(frozen=True)
class YoloLayout:
    """Photos and label files, side by side; a label file need not exist.

    Attributes:
        root: folder that all photos lie below.
        has_keypoints: label lines go on with keypoints after the box.
    """

    root: Path
    photos: tuple[Path, ...]
    labels: tuple[Path, ...]
    names_file: Path
    names: tuple[str, ...]
    has_keypoints: bool = False


def find_layout(data: CocoData) -> YoloLayout:
    """Find the files of a data set.

    Args:
        data: `images` and, where they lie elsewhere, label files in `annotations`; or a `data.yaml` in
            `annotations` alone, with the option `split`. `names` may name the file of class names.

    Raises:
        DataError: there are no photos, no label files, or no names of classes.
    """
    if data.images:
        root = Path(data.images)
        photos = tuple(Path(root, name) for name in image_names(root))
        folder = Path(data.annotations) if data.annotations else None
        names_file = Path(data.names) if data.names else _find_names(root, folder)
        return _layout(root, photos, folder, names_file)
    file = Path(data.annotations)
    content = read_yaml(file)
    places = _places(file, content, data.options.get("split", "val"))
    photos = tuple(sorted({photo for place in places for photo in _photos_of(place)}))
    is_one_folder = len(places) == 1 and places[0].is_dir()
    root = places[0] if is_one_folder or not photos else Path(commonpath([photo.parent for photo in photos]))
    layout = _layout(root, photos, None, Path(data.names) if data.names else file)
    return replace(layout, has_keypoints="kpt_shape" in content)


def _layout(root: Path, photos: Sequence[Path], folder: Path | None, names_file: Path) -> YoloLayout:
    if not photos:
        endings = ", ".join(IMAGE_SUFFIXES)
        raise DataError(f"{root}: holds no photos, expected files ending in {endings}: name another folder")
    choices = [_below(root, photos, folder)] if folder else [_by_name(photos), _beside(photos)]
    labels = next((labels for labels in choices if any(label.is_file() for label in labels)), None)
    if labels is None:
        places = " or ".join(dict.fromkeys(str(labels[0]) for labels in choices))
        raise DataError(
            f"{root}: none of the {len(photos)} photos has a label file, expected {places} for "
            f"{photos[0].name}: name the folder of labels"
        )
    return YoloLayout(root, tuple(photos), labels, names_file, read_class_names(names_file))


def _below(root: Path, photos: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    return tuple((folder / photo.relative_to(root)).with_suffix(".txt") for photo in photos)


def _by_name(photos: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(map(_label_by_name, photos))


def _label_by_name(photo: Path) -> Path:
    """Return a photo's label file by YOLO's rule: the last folder `images` of its path becomes `labels`."""
    parts = list(photo.parts)
    places = [index for index, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def _beside(photos: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(photo.with_suffix(".txt") for photo in photos)


def _find_names(root: Path, folder: Path | None) -> Path:
    starts = [root] if folder is None else [folder, root]
    for start in starts:
        for place in [start, *start.parents][:_NUM_FOLDERS_UP]:
            for name in _NAMES_FILES:
                if (place / name).is_file():
                    return place / name
    raise DataError(
        f"{root}: no file names the classes, expected {', '.join(_NAMES_FILES)} there or up to two folders "
        "above: name it as `names`"
    )


def _places(file: Path, content: dict[str, Any], split: str) -> list[Path]:
    """Return the folders and lists of photos of a split, as `data.yaml` means them."""
    values = content.get(split)
    values = values if isinstance(values, list) else [values]
    if not values or not all(isinstance(value, str) and value for value in values):
        known = ", ".join(key for key in ("train", "val", "test") if content.get(key)) or "none"
        raise DataError(f"{file}: {split} names no folder of photos; splits that it has: {known}")
    base = file.parent / str(content.get("path") or "")
    bases = [base if base.is_dir() else file.parent, file.parent]
    return [_place(file, split, bases, value) for value in values]


def _place(file: Path, split: str, bases: list[Path], value: str) -> Path:
    # Some exporters write `../valid/images` and mean `valid/images` beside the file.
    ways = [value, value.removeprefix("../")]
    tried = [(base / way).absolute() for way in ways for base in bases]
    for place in tried:
        if place.exists():
            return place
    raise DataError(f"{file}: {split}: there is no {tried[0]}, expected a folder or a list of photos")


def _photos_of(place: Path) -> Iterator[Path]:
    """Yield the photos of a folder, or those that a text file lists, one a line."""
    if place.is_dir():
        yield from (place / name for name in image_names(place))
        return
    for number, line in enumerate(read_text(place).splitlines(), start=1):
        if not line.strip():
            continue
        photo = (place.parent / line.strip()).absolute()
        if not photo.is_file():
            raise DataError(f"{place}:{number}: there is no photo {photo}: correct the list")
        yield photo
