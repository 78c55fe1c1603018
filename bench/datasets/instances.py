"""Instances: annotated photos as every reader returns them, and their normal form, a COCO document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LabelledObject:
    """One object of a photo.

    Attributes:
        category: id of its category.
        box: xywh, pixels of the photo from 0, edges and not pixel indexes.
        is_crowd: it is no target, and excuses detections on it.
        area: in square pixels where the source declares one; None for that of the box.
    """

    category: int
    box: tuple[float, float, float, float]
    is_crowd: bool = False
    area: float | None = None


@dataclass(frozen=True)
class LabelledPhoto:
    """One photo: its file below the images' folder, its size in pixels as annotated, its objects."""

    id: int
    file_name: str
    width: int
    height: int
    objects: tuple[LabelledObject, ...] = ()


@dataclass(frozen=True)
class Instances:
    """Annotated photos.

    Attributes:
        images: folder that the photos' file names are relative to.
        categories: id -> name; also those of which no object stands here.
        notes: what is odd but can be measured on, a sentence each.
    """

    images: str
    photos: tuple[LabelledPhoto, ...]
    categories: dict[int, str]
    notes: tuple[str, ...] = ()

    @property
    def num_objects(self) -> int:
        """How many objects there are, crowds included."""
        return sum(len(photo.objects) for photo in self.photos)


def coco_document(instances: Instances) -> dict[str, Any]:
    """Return the COCO document of annotated photos: images, annotations (ids from 1) and categories."""
    objects = [(photo.id, one) for photo in instances.photos for one in photo.objects]
    return {
        "images": [
            {"id": photo.id, "file_name": photo.file_name, "width": photo.width, "height": photo.height}
            for photo in instances.photos
        ],
        "annotations": [_annotation(number, *pair) for number, pair in enumerate(objects, start=1)],
        "categories": [{"id": number, "name": name} for number, name in sorted(instances.categories.items())],
    }


def _annotation(number: int, image_id: int, one: LabelledObject) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": image_id,
        "category_id": one.category,
        "bbox": list(one.box),
        "area": one.box[2] * one.box[3] if one.area is None else one.area,
        "iscrowd": int(one.is_crowd),
    }
