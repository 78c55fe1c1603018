"""COCO annotation files: read and checked, down to what choosing images needs.

The objects themselves are left to `bench.metrics`, which scores detections against them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import DataError

# Of many alike, the first few are named and all are counted.
_NUM_NAMED = 5

# Rounding, and the two conventions of pixel coordinates, put boxes over an edge by no more than that.
_EDGE_PIXELS = 2


@dataclass(frozen=True)
class Annotations:
    """What a COCO annotation file says of its images and categories.

    Attributes:
        images: image id -> file name relative to the images' folder.
        categories: original category id -> name.
        num_objects: annotated objects by image id, crowds included; images without any are absent.
        sizes: image id -> declared (width, height) in pixels; images whose size is not declared are absent.
        warnings: what is odd but can be measured on.
    """

    path: str
    images: dict[int, str]
    categories: dict[int, str]
    num_objects: dict[int, int]
    sizes: dict[int, tuple[int, int]]
    warnings: tuple[str, ...]


def read_annotations(path: Path) -> Annotations:
    """Read and check a COCO annotation file.

    Raises:
        DataError: everything that is wrong with it, a line each.
    """
    document = _read_json(path)
    problems = [*_missing(document)]
    if problems:
        raise DataError("\n".join(f"{path}: {problem}" for problem in problems))
    images, categories, objects = document["images"], document["categories"], document["annotations"]
    problems += _id_problems("images", images) + _id_problems("categories", categories)
    problems += _id_problems("annotations", objects)
    problems += _text_problems("images", "file_name", images) + _text_problems(
        "categories", "name", categories
    )
    problems += _size_problems(images)
    if not problems:
        image_ids, category_ids = {image["id"] for image in images}, {one["id"] for one in categories}
        problems += _object_problems(objects, image_ids, category_ids)
    if problems:
        raise DataError("\n".join(f"{path}: {problem}" for problem in problems))
    return Annotations(
        str(path),
        {image["id"]: image["file_name"] for image in images},
        {category["id"]: category["name"] for category in categories},
        dict(Counter(one["image_id"] for one in objects)),
        {image["id"]: (int(image["width"]), int(image["height"])) for image in images if _has_size(image)},
        tuple(_oddities(images, objects)),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as problem:
        raise DataError(
            f"{path}: cannot be read ({problem.strerror}), expected COCO annotations"
        ) from problem
    except (ValueError, RecursionError) as problem:
        cure = "expected COCO annotations in JSON: fetch or export the file again"
        raise DataError(f"{path}: not readable as JSON ({problem}), {cure}") from problem
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise DataError(f"{path}: got a JSON {kind}, expected an object with images, annotations, categories")
    return document


def _missing(document: dict[str, Any]) -> Iterator[str]:
    for key in ("images", "annotations", "categories"):
        if key not in document:
            yield f"{key}: missing, expected a list; is this COCO's instances file, not captions or results?"
        elif not isinstance(document[key], list):
            yield f"{key}: got a JSON {type(document[key]).__name__}, expected a list"
        elif not document[key] and key != "annotations":
            yield f"{key}: the list is empty, expected one entry or more"


def _id_problems(key: str, entries: list[Any]) -> list[str]:
    wrong = [i for i, one in enumerate(entries) if not isinstance(one, dict) or not _is_whole(one.get("id"))]
    if wrong:
        return [
            f"{key}: no integer id in {_named(f'{key}[{i}]' for i in wrong)}, expected one in every entry"
        ]
    twice = [str(number) for number, count in Counter(one["id"] for one in entries).items() if count > 1]
    return [f"{key}: ids that stand there twice: {_named(twice)}, expected unique ids"] if twice else []


def _text_problems(key: str, name: str, entries: list[Any]) -> list[str]:
    wrong = [
        f"{key}[{i}]"
        for i, one in enumerate(entries)
        if isinstance(one, dict) and not (isinstance(one.get(name), str) and one[name])
    ]
    return [f"{key}: no {name} in {_named(wrong)}, expected text in every entry"] if wrong else []


def _size_problems(images: list[Any]) -> list[str]:
    wrong = [f"images[{i}]" for i, one in enumerate(images) if isinstance(one, dict) and not _is_sized(one)]
    return [f"images: no usable width and height in {_named(wrong)}, expected whole pixels"] if wrong else []


def _is_sized(image: dict[str, Any]) -> bool:
    """Whether the sides are whole numbers of 0 or more, or absent; 0 stands for not known."""
    sides = [image.get("width") or 0, image.get("height") or 0]
    return all(_is_number(side) and side >= 0 and side == int(side) for side in sides)


def _has_size(image: dict[str, Any]) -> bool:
    return bool(image.get("width") and image.get("height"))


def _object_problems(objects: list[dict[str, Any]], images: set[int], categories: set[int]) -> Iterator[str]:
    lost = [one["id"] for one in objects if not _is_known(one.get("image_id"), images)]
    if lost:
        named = _named(map(str, lost))
        yield f"annotations: image_id not among the images in ids {named}, expected a listed image"
    strange = [one["id"] for one in objects if not _is_known(one.get("category_id"), categories)]
    if strange:
        named = _named(map(str, strange))
        yield f"annotations: category_id not among the categories in ids {named}, expected a listed category"
    boxless = [one["id"] for one in objects if not _is_box(one.get("bbox"))]
    if boxless:
        named = _named(map(str, boxless))
        yield f"annotations: no usable bbox in ids {named}, expected [x, y, width, height] in finite pixels"


def _oddities(images: list[dict[str, Any]], objects: list[dict[str, Any]]) -> Iterator[str]:
    flat = [str(one["id"]) for one in objects if min(one["bbox"][2:]) == 0]
    if flat:
        yield f"objects without width or height that no detection can match: annotation ids {_named(flat)}"
    outside = list(_outside(images, objects))
    if outside:
        yield (
            f"objects that reach over their photo's edge by more than {_EDGE_PIXELS} pixels: annotation ids "
            f"{_named(outside)}; are sizes and boxes of the same photos?"
        )
    names = [name for name, count in Counter(image["file_name"] for image in images).items() if count > 1]
    if names:
        yield f"files that several images name: {_named(names)}"


def _outside(images: list[dict[str, Any]], objects: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the ids of objects that no box of the photo could hold; images without a size hold all."""
    sizes = {image["id"]: (image["width"], image["height"]) for image in images if _has_size(image)}
    for one in objects:
        (left, top, wide, high), size = one["bbox"], sizes.get(one["image_id"])
        if size and (
            min(left, top) < -_EDGE_PIXELS
            or left + wide > size[0] + _EDGE_PIXELS
            or top + high > size[1] + _EDGE_PIXELS
        ):
            yield str(one["id"])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_known(value: Any, known: set[int]) -> bool:
    return _is_whole(value) and value in known


def _is_box(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    return all(map(_is_number, value)) and bool(value[2] >= 0 and value[3] >= 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _named(names: Iterable[str]) -> str:
    """Name the first few, and count them all where there are more."""
    every = list(names)
    shown = ", ".join(every[:_NUM_NAMED])
    return (
        shown
        if len(every) <= _NUM_NAMED
        else f"{shown} and {len(every) - _NUM_NAMED} more ({len(every)} in all)"
    )
