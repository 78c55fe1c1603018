"""Forms of paths: relative to the suite file, `${NAME}` taken from the environment, checked to be there."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal

from bench.suite.forms import WRONG, Schema, refuse
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class ExistingPath:
    """A file or folder that exists, read to its absolute path as text.

    Attributes:
        suffixes: that a file may have, with the dot; empty for any.
        folder_with: name of a file; a folder that holds it may stand instead of a file. Empty for none.
    """

    kind: Literal["file", "folder"]
    suffixes: tuple[str, ...] = ()
    folder_with: str = ""

    @property
    def expected(self) -> str:
        endings = f" ending in {' or '.join(self.suffixes)}" if self.suffixes else ""
        folder = f", or of a folder with {self.folder_with}" if self.folder_with else ""
        return f"the path of a {self.kind}{endings}{folder}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if not isinstance(node.value, str) or not node.value.strip():
            return refuse(self, node, path, reading)
        text = expand(node.value, path, reading)
        if text is None:
            return WRONG
        place = _find(text, reading.folders)
        if self.folder_with and (place / self.folder_with).is_file():
            return str(place)
        if self.suffixes and FilePath(text).suffix.lower() not in self.suffixes:
            return refuse(self, node, path, reading)
        if place.is_file() if self.kind == "file" else place.is_dir():
            return str(place)
        reading.complain(path, f"there is no {self.kind} {place}, {_cure(place, node.value)}")
        return WRONG

    def schema(self) -> Schema:
        # A path may also end in a variable whose value is not known here.
        endings = "|".join([*map(re.escape, self.suffixes), r"\}"])
        return {
            "type": "string",
            "pattern": rf"(?:{endings})$" if self.suffixes and not self.folder_with else ".",
        }


@dataclass(frozen=True)
class ExistingFiles:
    """A file, a folder, or a pattern of files with `*`, `?` or `[]`, read to its absolute path as text."""

    expected: str = "the path of a file or folder, or a pattern of files"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if not isinstance(node.value, str) or not node.value.strip():
            return refuse(self, node, path, reading)
        text = expand(node.value, path, reading)
        if text is None:
            return WRONG
        place = _find(text, reading.folders)
        if place.exists() or glob.glob(str(place)):
            return str(place)
        reading.complain(path, f"nothing is or fits {place}, {_cure(place, node.value)}")
        return WRONG

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "."}


def _find(text: str, folders: Sequence[FilePath]) -> FilePath:
    """Return the first place of a path at which there is something; the first of all where there is none."""
    places = [FilePath(folder, FilePath(text).expanduser()).absolute() for folder in folders]
    return next((place for place in places if place.exists() or glob.glob(str(place))), places[0])


def expand(text: str, path: Path, reading: Reading) -> str | None:
    """Replace each `${NAME}` by the environment's value; complain and return None where one is unset."""
    unset = [name for name in _VARIABLE.findall(text) if not reading.environ.get(name)]
    for name in dict.fromkeys(unset):
        reading.complain(
            path, f"the environment variable {name} is not set, expected it to hold a path: export {name}=..."
        )
    return None if unset else _VARIABLE.sub(lambda found: reading.environ[found[1]], text)


def _cure(place: FilePath, written: str) -> str:
    if place.exists():
        return "but something else has that name"
    beside = place.parent
    if not beside.is_dir():
        return f"and no folder {beside} either; relative paths begin at the suite file"
    names = [item.name for item in sorted(beside.iterdir())[:1000]]
    advice = advise(place.name, names).partition(" Known:")[0]
    if advice.startswith(", did you mean"):
        return advice.removeprefix(", ")
    is_relative = not FilePath(written).is_absolute()
    return "check the name" + ("; relative paths begin at the suite file" if is_relative else "")
