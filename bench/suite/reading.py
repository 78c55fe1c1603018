"""Reading: one suite file being read, and everything found wrong with it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from bench.errors import SuiteError
from bench.suite.nodes import Node, Path


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing that is wrong, and where."""

    line: int
    path: str
    text: str


class Reading:
    """Collects complaints, so that all errors of a file are told at once.

    Attributes:
        root: the file's tree, once it was read.
        folders: that relative paths are looked for in, one after the other; most often the file's own.
        environ: where `${NAME}` in paths is looked up.
    """

    def __init__(self, file: str, folders: Sequence[FilePath], environ: Mapping[str, str]) -> None:
        self.file = file
        self.folders = tuple(folders)
        self.environ = environ
        self.root = Node({}, 1)
        self._complaints: dict[Complaint, Path] = {}

    def complain(self, path: Path, text: str, line: int = 0) -> None:
        """Remember what is wrong at a key path; the line is found by the path unless it is given."""
        self._complaints[Complaint(line or self._line_of(path), shown_path(path), text)] = path

    def find(self, path: Path) -> Node | None:
        """Return the node at a key path; None where there is none."""
        node: Node | None = self.root
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.items[step] if step < len(node.items) else None
            else:
                node = node.fields.get(step)
        return node

    def is_clean(self, *sections: str) -> bool:
        """Whether nothing is wrong in these top-level sections (in the whole file if none is named)."""
        paths = self._complaints.values()
        return not any(not sections or not path or path[0] in sections for path in paths)

    def raise_complaints(self) -> None:
        """Raise all complaints in line order as one error, if there are any.

        Raises:
            SuiteError: one line each, as `suites/pi.yaml:14 hosts[1].threads: got 0, expected ...`.
        """
        if self._complaints:
            raise SuiteError("\n".join(self._told(complaint) for complaint in sorted(self._complaints)))

    def _told(self, complaint: Complaint) -> str:
        place = f" {complaint.path}" if complaint.path else ""
        return f"{self.file}:{complaint.line}{place}: {complaint.text}"

    def _line_of(self, path: Path) -> int:
        node, line = self.root, self.root.line
        for step in path:
            if isinstance(step, int):
                if step >= len(node.items):
                    break
                node = node.items[step]
                line = node.line
            else:
                if step not in node.fields:
                    break
                line, node = node.key_lines[step], node.fields[step]
        return line


def shown_path(path: Path) -> str:
    """Return a key path as people write it: `hosts[1].threads`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
