"""YOLO label folders to annotated photos.

Fractions are of the photo as it is shown, since that is what labelling tools display and YOLO trainers read.
A photo with an empty label file, or without one, has no objects. Class k has category id k + 1, or COCO's
own id where the classes are COCO's 80 (see `coco_names`). Image ids are the photos' names where all of them
are numbers (as COCO's are), and else their ranks in the order of names, from 1.
"""

from __future__ import annotations

from pathlib import Path

from bench.core.suite import CocoData
from bench.datasets.class_names import read_text
from bench.datasets.coco_names import category_ids
from bench.datasets.image_ids import image_ids
from bench.datasets.instances import Instances, LabelledObject, LabelledPhoto
from bench.datasets.photo_headers import size_as_shown
from bench.datasets.problems import Problems
from bench.datasets.yolo_labels import YoloBox, parse_labels
from bench.datasets.yolo_layout import find_layout

_NUM_NAMED = 5


class YoloSource:
    """A YOLO data set, found but not read yet."""

    def __init__(self, data: CocoData) -> None:
        self._layout = find_layout(data)
        self._ids = category_ids(self._layout.names)

    def files(self) -> list[Path]:
        """Return every file that decides what is read: names, labels, and photos for their sizes."""
        labels = [label for label in self._layout.labels if label.is_file()]
        return [self._layout.names_file, *labels, *self._layout.photos]

    def read(self, folder: Path) -> Instances:
        """Read all labels; nothing is written to `folder`.

        Raises:
            DataError: everything that is wrong, with file and line.
        """
        layout, problems = self._layout, Problems()
        names = [photo.relative_to(layout.root).as_posix() for photo in layout.photos]
        repeated: list[str] = []
        photos = []
        for number, name, photo, label in zip(
            image_ids(names), names, layout.photos, layout.labels, strict=True
        ):
            size = size_as_shown(photo, problems)
            boxes = self._boxes(label, problems) if label.is_file() else []
            unique = list(dict.fromkeys(boxes))
            repeated += [str(label)] * (len(unique) < len(boxes))
            photos.append(
                LabelledPhoto(number, name, *size, tuple(self._object(box, size) for box in unique))
            )
        problems.raise_any()
        categories = dict(zip(self._ids, layout.names, strict=True))
        return Instances(str(layout.root), tuple(photos), categories, tuple(self._notes(repeated)))

    def _boxes(self, label: Path, problems: Problems) -> list[YoloBox]:
        def complain(text: str, line: int) -> None:
            problems.add(label, text, line)

        return parse_labels(read_text(label), len(self._layout.names), self._layout.has_keypoints, complain)

    def _object(self, found: YoloBox, size: tuple[int, int]) -> LabelledObject:
        (left, top, right, bottom), (width, height) = found.box, size
        box = (left * width, top * height, (right - left) * width, (bottom - top) * height)
        return LabelledObject(self._ids[found.index], box)

    def _notes(self, repeated: list[str]) -> list[str]:
        layout = self._layout
        notes = []
        if repeated:
            notes.append(f"label lines that stand there twice count once: {_named(repeated)}")
        absent = [photo.name for photo, label in zip(layout.photos, layout.labels, strict=True)
                  if not label.is_file()]  # fmt: skip
        if absent:
            notes.append(f"photos without a label file count as empty of objects: {_named(absent)}")
        folders = {label.parent for label in layout.labels}
        written = {file for folder in folders if folder.is_dir() for file in folder.glob("*.txt")}
        lost = sorted(file.name for file in written - set(layout.labels) - {layout.names_file})
        lost = [name for name in lost if name != "classes.txt"]
        if lost:
            notes.append(f"label files without a photo are left out: {_named(lost)}")
        return notes


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NUM_NAMED} more ({len(names)} in all)" if len(names) > _NUM_NAMED else ""
    return ", ".join(names[:_NUM_NAMED]) + more
