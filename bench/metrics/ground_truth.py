"""GroundTruth: the annotated objects of the evaluated images, in columns; reading and checking them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError


@dataclass(frozen=True)
class GroundTruth:
    """Objects of the evaluated images, by image, in the file's order within an image.

    Attributes:
        image_ids: (m,) int64, the evaluated images, rising.
        category_ids: (K,) int64, original ids of all categories of the file, rising.
        id: (g,) int64, annotation ids.
        image, category: (g,) int32, indexes into `image_ids` and `category_ids`.
        box: (g, 4) float64, xywh, pixels of the original image.
        area: (g,) float64, square pixels; that of the segmentation where the file gives one.
        is_crowd: (g,) bool, a region of many objects: it is no target, and excuses detections within.
    """

    image_ids: NDArray[np.int64]
    category_ids: NDArray[np.int64]
    id: NDArray[np.int64]
    image: NDArray[np.int32]
    category: NDArray[np.int32]
    box: NDArray[np.float64]
    area: NDArray[np.float64]
    is_crowd: NDArray[np.bool_]


def read_ground_truth(annotations_json: Path, image_ids: Iterable[int]) -> GroundTruth:
    """Read the objects of some images from a COCO annotation file.

    Every annotation of the file is checked, also those of other images. `iscrowd` may be absent (0), and so
    may `area` (that of the box).

    Args:
        image_ids: the images to evaluate; objects of other images are left out.

    Raises:
        DataError: the file cannot be read, or an id, box or category in it is wrong; the message names it.
    """
    document = _read_json(annotations_json)
    known = _ids(document, "images", annotations_json)
    categories = np.array(sorted(_ids(document, "categories", annotations_json)), np.int64)
    chosen = np.unique(np.fromiter(image_ids, np.int64))
    for image_id in chosen.tolist():
        if image_id not in known:
            raise DataError(
                f"{annotations_json}: image {image_id} is to be evaluated, but `images` does not list it"
            )
    position = {image_id: index for index, image_id in enumerate(chosen.tolist())}
    rank = {category_id: index for index, category_id in enumerate(categories.tolist())}
    rows = _rows(document, annotations_json, known, rank)
    rows = [row for row in rows if row["image_id"] in position]
    rows.sort(key=lambda annotation: position[annotation["image_id"]])
    return GroundTruth(
        image_ids=chosen,
        category_ids=categories,
        id=np.array([row["id"] for row in rows], np.int64),
        image=np.array([position[row["image_id"]] for row in rows], np.int32),
        category=np.array([rank[row["category_id"]] for row in rows], np.int32),
        box=np.array([row["bbox"] for row in rows], np.float64).reshape(-1, 4),
        area=np.array([_area(row) for row in rows], np.float64),
        is_crowd=np.array([row.get("iscrowd", 0) for row in rows], np.bool_),
    )


def _rows(
    document: dict[str, Any], path: Path, images: set[int], categories: dict[int, int]
) -> list[dict[str, Any]]:
    """Return all annotations of the file, after checking each."""
    _ids(document, "annotations", path)
    for index, annotation in enumerate(document["annotations"]):
        problem = _problem(annotation, images, categories)
        if problem:
            raise DataError(f"{path}: annotations[{index}] (id {annotation['id']}): {problem}")
    return list(document["annotations"])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise DataError(f"{path}: cannot be read as COCO annotations ({problem})") from problem
    if not isinstance(document, dict):
        raise DataError(f"{path}: got a JSON {type(document).__name__}, expected an object with `images`")
    return document


def _ids(document: dict[str, Any], key: str, path: Path) -> set[int]:
    """Return the ids of one list of the file, after checking that they are different whole numbers."""
    entries = document.get(key)
    if not isinstance(entries, list):
        raise DataError(
            f"{path}: `{key}` is {type(entries).__name__}, expected a list (an `instances` file of COCO)"
        )
    seen: set[int] = set()
    for index, entry in enumerate(entries):
        number = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise DataError(f"{path}: {key}[{index}].id is {number!r}, expected a whole number")
        if number in seen:
            raise DataError(f"{path}: {key}[{index}].id {number} occurs twice, expected each id once")
        seen.add(number)
    return seen


def _problem(annotation: dict[str, Any], images: set[int], categories: dict[int, int]) -> str:
    """Say what is wrong with one annotation; empty if nothing is."""
    image_id, category_id = annotation.get("image_id"), annotation.get("category_id")
    if not _is_whole(image_id) or image_id not in images:
        return f"image_id is {image_id!r}, which `images` does not list"
    if not _is_whole(category_id) or category_id not in categories:
        return f"category_id is {category_id!r}, which `categories` does not list"
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_finite, box)) or min(box[2:]) < 0:
        return f"bbox is {box!r}, expected [x, y, width, height] in finite pixels, width and height 0 or more"
    if annotation.get("iscrowd", 0) not in (0, 1):
        return f"iscrowd is {annotation['iscrowd']!r}, expected 0 or 1"
    if "area" in annotation and not _is_finite(annotation["area"]):
        return f"area is {annotation['area']!r}, expected finite square pixels"
    return ""


def _area(annotation: dict[str, Any]) -> float:
    width, height = annotation["bbox"][2:]
    return float(annotation.get("area", width * height))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
