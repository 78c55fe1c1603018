"""Pascal VOC annotation files: XML to what it says of one photo. What that means is left to `voc`.

A document type declaration is refused: no annotation tool writes one, and entities that expand without end
or read files can only stand there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from bench.errors import DataError

# Thousands of objects fit.
_MAX_BYTES = 16_000_000
_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass
class Element:
    """One element: its tag, the text directly in it, its children, and the line it begins on."""

    tag: str
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, tag: str) -> Element | None:
        """Return the first child of that tag."""
        return next((one for one in self.children if one.tag == tag), None)

    def words(self, tag: str) -> str:
        """Return the text of the first child of that tag; empty where there is none."""
        one = self.child(tag)
        return "" if one is None else one.text.strip()


@dataclass(frozen=True)
class VocObject:
    """One object: its class name, xmin, ymin, xmax, ymax as written, and the line it begins on."""

    name: str
    sides: tuple[float, float, float, float]
    is_difficult: bool
    line: int


@dataclass(frozen=True)
class VocFile:
    """What a file says: the photo's name, its (width, height), zeros if not said, and its objects."""

    photo: str
    size: tuple[int, int]
    objects: tuple[VocObject, ...]


def read_voc_file(path: Path) -> VocFile:
    """Read one annotation file.

    Raises:
        DataError: it is no such XML; the message names file and line.
    """
    root = parse_xml(path)
    if root.tag != "annotation":
        raise _wrong(path, root.line, f"got <{root.tag}>, expected <annotation> of a Pascal VOC file")
    # Some tools write the path of their own machine; the photo is looked for in the images' folder.
    name = (root.words("filename") or root.words("path")).replace("\\", "/").rsplit("/", 1)[-1]
    objects = tuple(_object(path, one) for one in root.children if one.tag == "object")
    return VocFile(name, _size(path, root.child("size")), objects)


def parse_xml(path: Path) -> Element:
    """Parse an XML file to its root element.

    Raises:
        DataError: it cannot be read, is not well-formed, or declares a document type.
    """
    builder = _Builder(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path}: larger than {_MAX_BYTES} bytes, expected annotations of one photo")
        builder.parser.Parse(path.read_bytes(), True)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror}), expected an XML file") from problem
    except expat.ExpatError as problem:
        raise _wrong(path, problem.lineno, f"not readable as XML ({problem})") from problem
    except (LookupError, ValueError) as problem:
        raise DataError(f"{path}: not readable as XML ({problem})") from problem
    return builder.top.children[0]


class _Builder:
    """Collects elements while expat walks the file."""

    def __init__(self, path: Path) -> None:
        self.top = Element("", 0)
        self._open = [self.top]
        self._path = path
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, name: str, *_: object) -> NoReturn:
        text = f"got a document type declaration ({name[:40]}), expected none: remove it"
        raise _wrong(self._path, self.parser.CurrentLineNumber, text)

    def _start(self, tag: str, _: dict[str, str]) -> None:
        element = Element(tag, self.parser.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text


def _size(path: Path, size: Element | None) -> tuple[int, int]:
    if size is None:
        return (0, 0)
    values = [_number(path, size, tag) if size.words(tag) else 0.0 for tag in ("width", "height")]
    if any(value < 0 or value != int(value) for value in values):
        raise _wrong(path, size.line, "size: width or height is no whole number of pixels")
    return (int(values[0]), int(values[1])) if all(values) else (0, 0)


def _object(path: Path, one: Element) -> VocObject:
    box, name = one.child("bndbox"), one.words("name")
    if not name:
        raise _wrong(path, one.line, "an object has no <name>")
    if box is None:
        raise _wrong(path, one.line, f"object {name}: no <bndbox>, expected xmin, ymin, xmax and ymax in one")
    left, top, right, bottom = (_number(path, box, tag) for tag in _SIDES)
    if right < left or bottom < top:
        raise _wrong(path, box.line, f"object {name}: xmax or ymax is less than xmin or ymin")
    is_difficult = one.words("difficult").lower() in ("1", "true")
    return VocObject(name, (left, top, right, bottom), is_difficult, box.line)


def _number(path: Path, parent: Element, tag: str) -> float:
    text = parent.words(tag)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        one = parent.child(tag)
        line = parent.line if one is None else one.line
        raise _wrong(path, line, f"{parent.tag}.{tag}: got {text!r}, expected a number")
    return value


def _wrong(path: Path, line: int, text: str) -> DataError:
    return DataError(f"{path}:{line}: {text}")
