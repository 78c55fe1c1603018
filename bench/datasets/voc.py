"""Pascal VOC annotations (`Annotations/*.xml`, also LabelImg's) to annotated photos.

The option `coordinates` says what a box's numbers are. `voc`, the default, is the convention of the VOC data
sets: indexes of the first and last pixel, counted from 1, so that xmin = 1 and xmax = width cover the photo;
the box begins at xmin - 1 and is xmax - xmin + 1 wide. `corners` are edges in pixels from 0, as LabelImg and
CVAT write them; there the box begins at xmin and is xmax - xmin wide. LabelImg never writes 0, so the two
cannot be told apart by looking; 0 and fractions under `voc` are refused.

The option `difficult` is `ignore` (default) or `count`. Objects marked difficult are ignored in VOC's own
evaluation: they are neither targets nor do they make a detection false. COCO's `iscrowd` does that, so they
are crowds; `count` makes them ordinary.

Categories are the class names in alphabetical order, ids from 1, unless a file names them (see
`coco_names`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from bench.core.suite import CocoData
from bench.datasets.class_names import read_class_names, read_text
from bench.datasets.coco import IMAGE_SUFFIXES
from bench.datasets.coco_names import category_ids
from bench.datasets.image_ids import image_ids
from bench.datasets.instances import Instances, LabelledObject, LabelledPhoto
from bench.datasets.photo_headers import size_as_shown
from bench.datasets.problems import Problems
from bench.datasets.voc_xml import VocFile, VocObject, read_voc_file
from bench.errors import DataError

_FIRST_PIXEL = 1
_CORNERS = "choose the coordinates `corners` for edges in pixels from 0"
_NUM_NAMED = 5


class VocSource:
    """A Pascal VOC data set, found but not read yet."""

    def __init__(self, data: CocoData) -> None:
        """Find the files.

        Args:
            data: photos in `images`, XML files in `annotations`; the option `list` names a file of stems, one
                a line, as in VOC's `ImageSets/Main/val.txt`.

        Raises:
            DataError: there are no XML files, or one that is listed is missing.
        """
        self._images, self._annotations = Path(data.images), Path(data.annotations)
        self._list = Path(data.options["list"]) if data.options.get("list") else None
        self._names = Path(data.names) if data.names else None
        self._is_voc = data.options.get("coordinates", "voc") == "voc"
        self._ignores_difficult = data.options.get("difficult", "ignore") == "ignore"
        self._files = self._listed() if self._list else sorted(self._annotations.glob("*.xml"))
        if not self._files:
            raise DataError(f"{self._annotations}: holds no .xml files, expected Pascal VOC annotations")
        self._photos = {path.name: path for path in self._images.iterdir() if path.is_file()}

    def files(self) -> list[Path]:
        """Return every file that decides what is read; photos too, whose headers may give the size."""
        photos = [path for path in self._photos.values() if path.suffix.lower() in IMAGE_SUFFIXES]
        return [*self._files, *sorted(photos), *([self._names] if self._names else [])]

    def read(self, folder: Path) -> Instances:
        """Read all files; nothing is written to `folder`.

        Raises:
            DataError: everything that is wrong, with file and line.
        """
        problems = Problems()
        read = [_Read(path, *found) for path in self._files if (found := self._read_one(path, problems))]
        _refuse_shared_photos(read, problems)
        problems.raise_any()
        names = self._class_names([one for item in read for one in item.content.objects])
        ids = dict(zip(names, category_ids(names), strict=True))
        numbers = image_ids([item.photo for item in read])
        photos = tuple(
            LabelledPhoto(
                number,
                item.photo,
                *self._size(item, problems),
                tuple(self._object(one, item.path, ids, problems) for one in item.content.objects),
            )
            for number, item in zip(numbers, read, strict=True)
        )
        problems.raise_any()
        categories = {number: name for name, number in ids.items()}
        return Instances(str(self._images), photos, categories, tuple(self._notes(read)))

    def _listed(self) -> list[Path]:
        assert self._list is not None
        # VOC's lists of one class hold a second column: whether the class is there.
        stems = [line.split()[0] for line in read_text(self._list).splitlines() if line.strip()]
        files = [self._annotations / f"{stem}.xml" for stem in dict.fromkeys(stems)]
        problems = Problems()
        for file in files:
            if file.parent != self._annotations or not file.is_file():
                problems.add(self._list, f"lists {file.stem}, but there is no {file}")
        problems.raise_any()
        return sorted(files)

    def _read_one(self, path: Path, problems: Problems) -> tuple[VocFile, str] | None:
        try:
            content = read_voc_file(path)
        except DataError as problem:
            problems.add_told(str(problem))
            return None
        # A file that was renamed with its photo keeps the old name inside.
        candidates = [content.photo, *(path.stem + suffix for suffix in _SUFFIXES)]
        photo = next((name for name in candidates if name in self._photos), "")
        if not photo:
            problems.add(path, f"its photo {content.photo or path.stem} is not in {self._images}")
            return None
        return content, photo

    def _class_names(self, objects: Sequence[VocObject]) -> tuple[str, ...]:
        if self._names:
            return read_class_names(self._names)
        return tuple(sorted({one.name for one in objects})) or _no_names(self._annotations)

    def _size(self, item: _Read, problems: Problems) -> tuple[int, int]:
        if all(item.content.size):
            return item.content.size
        return size_as_shown(self._photos[item.photo], problems)

    def _object(self, one: VocObject, path: Path, ids: dict[str, int], problems: Problems) -> LabelledObject:
        if one.name not in ids:
            close = get_close_matches(one.name, ids, 1)
            advice = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(list(ids)[:10])}"
            problems.add(path, f"unknown class {one.name!r}, {advice}", one.line)
        left, top, right, bottom = one.sides
        box = (left, top, right - left, bottom - top)
        if self._is_voc:
            if min(left, top) < _FIRST_PIXEL or any(side != int(side) for side in one.sides):
                shown = ", ".join(f"{side:g}" for side in one.sides)
                text = f"object {one.name}: got {shown}, expected pixel indexes from 1; {_CORNERS}"
                problems.add(path, text, one.line)
            box = (left - _FIRST_PIXEL, top - _FIRST_PIXEL, right - left + 1, bottom - top + 1)
        return LabelledObject(ids.get(one.name, 0), box, one.is_difficult and self._ignores_difficult)

    def _notes(self, read: Sequence[_Read]) -> list[str]:
        notes = []
        num_difficult = sum(one.is_difficult for item in read for one in item.content.objects)
        if num_difficult and self._ignores_difficult:
            notes.append(
                f"{num_difficult} objects marked difficult are ignored, as VOC does; they are crowds"
            )
        used = {item.photo for item in read}
        photos = {name for name in self._photos if Path(name).suffix.lower() in IMAGE_SUFFIXES}
        lost = sorted(photos - used)
        if lost and not self._list:
            more = f" and {len(lost) - _NUM_NAMED} more" if len(lost) > _NUM_NAMED else ""
            notes.append(f"photos without annotations are left out: {', '.join(lost[:_NUM_NAMED])}{more}")
        return notes


_SUFFIXES = tuple(case for suffix in IMAGE_SUFFIXES for case in (suffix, suffix.upper()))


@dataclass(frozen=True)
class _Read:
    """One file that was read, and the photo that was found for it."""

    path: Path
    content: VocFile
    photo: str


def _refuse_shared_photos(read: Sequence[_Read], problems: Problems) -> None:
    owners: dict[str, Path] = {}
    for item in read:
        if item.photo in owners:
            problems.add(item.path, f"annotates {item.photo}, as {owners[item.photo]} does: remove one")
        owners.setdefault(item.photo, item.path)


def _no_names(folder: Path) -> tuple[str, ...]:
    raise DataError(f"{folder}: no file holds an object, so there are no classes: name a file of class names")
