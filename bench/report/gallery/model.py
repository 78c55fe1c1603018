"""Gallery: photos with the boxes that two detectors drew, as plain data. Choosing is left to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.report.table import Keys

# Whose box it is: an annotated object's, the FP32 sibling's, the variant's.
Owner = Literal["truth", "base", "variant"]

# (x, y, width, height).
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Photo:
    """A photo as small as it is shown, each once in a gallery.

    Attributes:
        image: id in the annotations.
        name: its file's name, without folders.
        width, height: in pixels as shown; boxes on it are in the same pixels.
        jpeg: the file's bytes.
    """

    image: int
    name: str
    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True)
class Mark:
    """One box.

    Attributes:
        box: (x, y, width, height), pixels of the shown photo.
        number: of the change that it is part of, from 1; 0 for none.
        is_changed: whether the other detector has no such box, or does not find such an object; also where
            there is no room to say it in words.
    """

    owner: Owner
    box: Box
    number: int = 0
    is_changed: bool = False


@dataclass(frozen=True)
class Change:
    """One thing that changed, in words: `lost: star` and why it was."""

    what: str
    why: str
    is_good: bool


@dataclass(frozen=True)
class Sight:
    """One photo for one variant.

    Attributes:
        image: id of the photo.
        summary: in one line.
        changes: the first has number 1, and so on; equal ones are one. `num_left_out` further ones have no
            number and no words.
    """

    image: int
    summary: str
    marks: tuple[Mark, ...]
    changes: tuple[Change, ...]
    num_left_out: int = 0


@dataclass(frozen=True)
class Exhibit:
    """One variant beside its FP32 sibling.

    Attributes:
        base: what the sibling is called.
        keys: of its case; fields that differ between the cases that it stands for are empty.
        brief: what changed over all photos, in a few words; `findings` say it in sentences.
        sights: the photos that differ most first.
        note: why there are no photos, or fewer than there could be.
    """

    title: str
    precision: str
    base: str
    keys: Keys
    findings: tuple[str, ...]
    brief: str = ""
    sights: tuple[Sight, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """All variants. `notes` say what keeps photos out; `photos` are those that the sights name."""

    exhibits: tuple[Exhibit, ...]
    photos: tuple[Photo, ...] = ()
    notes: tuple[str, ...] = ()
