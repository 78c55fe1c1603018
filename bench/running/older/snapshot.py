"""Snapshot: a suite file of a revision, with the files that it names, laid out to be read as any suite.

Only what the suite names and what differs from the working tree is written out. What git does not keep (most
often photos) can only be taken as it is now: of a model file that would be no older state, so it is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bench.core.places import cache_folder
from bench.errors import UsageError
from bench.running.older.checkout import Checkout, Entry, copy_file
from bench.suite.nodes import Node, read_nodes
from bench.wire.codec import content_hash

_WILD = re.compile(r"[*?\[]")
_POINTER = b"version https://git-lfs.github.com/spec/v1"
_POINTER_BYTES = 1024


@dataclass(frozen=True)
class Snapshot:
    """A suite file as it was in a commit.

    Attributes:
        suite: where the file lies now.
        root: what was written out lies below.
        folders: where the suite's relative paths are looked for, see `load_suite`.
        kept: paths that the suite names and the commit has, from the top of the checkout.
        unfetched: path -> why its content is not there, though the commit names it.
    """

    checkout: Checkout
    commit: str
    suite: Path
    root: Path
    folders: tuple[Path, Path]
    kept: frozenset[str] = frozenset()
    unfetched: Mapping[str, str] = field(default_factory=dict)

    def problem(self, path: Path) -> str:
        """Say why a model file that the suite named is not known to be what it was; empty if it is."""
        name = self._name(path)
        if _is_below(name, self.kept):
            return self.unfetched.get(name, "")
        return f"git does not keep {path}, so nobody knows what it was at {self.commit[:10]}; commit it"

    def _name(self, path: Path) -> str:
        for folder in (self.root, self.checkout.top):
            for place in (Path(os.path.normpath(path)), path.resolve()):
                if place.is_relative_to(folder):
                    return place.relative_to(folder).as_posix()
        return ""


def take_snapshot(checkout: Checkout, commit: str, suite: Path) -> Snapshot | None:
    """Lay out a suite file and what it names, as a commit has them.

    Args:
        suite: the file as it is in the working tree, or was.

    Returns:
        None where the commit has no such file.

    Raises:
        UsageError: git cannot be read, or has not all of the commit.
    """
    name = path_below(checkout, suite)
    own = checkout.entries(commit, [name])
    if [entry.path for entry in own if entry.is_file] != [name]:
        return None
    named = sorted(set(_named_paths(_text(checkout, commit, own), PurePosixPath(name).parent)))
    entries = checkout.entries(commit, named)
    unkept = _unkept(checkout, named, entries)
    differing = _below(named, checkout.changed(commit, named)) - unkept
    wanted = [*own, *(entry for entry in entries if _is_below(entry.path, differing))]
    root = cache_folder() / "older" / content_hash([commit, sorted(differing)])[:24]
    checkout.write(wanted, root)
    unfetched = _fetch_large_files(checkout, wanted, root)
    folders = ((root / name).parent, suite.absolute().parent)
    kept = frozenset(set(named) - unkept)
    return Snapshot(checkout, commit, root / name, root, folders, kept, unfetched)


def path_below(checkout: Checkout, path: Path) -> str:
    """Return a path from the top of the checkout.

    Raises:
        UsageError: it lies elsewhere.
    """
    try:
        return path.resolve().relative_to(checkout.top.resolve()).as_posix()
    except ValueError as problem:
        raise UsageError(
            f"{path}: does not lie in the checkout {checkout.top}; expected a suite that git keeps"
        ) from problem


def _text(checkout: Checkout, commit: str, own: list[Entry]) -> str:
    """Return the text of the suite file, written out beside those that name no further files."""
    root = cache_folder() / "older" / content_hash([commit])[:24]
    checkout.write(own, root)
    return (root / own[0].path).read_text(encoding="utf-8", errors="replace")


def _named_paths(text: str, folder: PurePosixPath) -> Iterator[str]:
    """Find the texts of a suite that may be relative paths, from the top of the checkout."""
    tree = read_nodes(text, "", lambda path, told, line: None)
    for value in _texts(tree):
        path = os.path.expandvars(value)
        if path and len(path) < 4096 and "\n" not in path and not PurePosixPath(path).is_absolute():
            whole = os.path.normpath(folder / _tame(PurePosixPath(path)))
            if whole != "." and not whole.startswith(".."):
                yield whole


def _tame(path: PurePosixPath) -> PurePosixPath:
    """Return the part of a path before its first wildcard."""
    parts = list(path.parts)
    wild = next((i for i, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return PurePosixPath(*parts[:wild])


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node.value, str):
        yield node.value
    for child in (*node.fields.values(), *node.items):
        yield from _texts(child)


def _unkept(checkout: Checkout, named: list[str], entries: list[Entry]) -> set[str]:
    """Return the named paths of which the commit has no file, or git does not know all that is there."""
    kept = _below(named, [entry.path for entry in entries if entry.is_file])
    strange = [entry.path for entry in entries if not entry.is_file]
    return (set(named) - kept) | _below(sorted(kept), strange + checkout.untracked(sorted(kept)))


def _below(named: list[str], paths: list[str]) -> set[str]:
    """Return the named paths at or below which some of these paths lie."""
    names = frozenset(named)
    return {name for path in paths for name in _with_parents(path) if name in names}


def _is_below(path: str, names: Collection[str]) -> bool:
    return any(name in names for name in _with_parents(path))


def _with_parents(path: str) -> Iterator[str]:
    """Return a path and all folders above it; a data set has many thousands of them to look for."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _fetch_large_files(checkout: Checkout, entries: list[Entry], root: Path) -> dict[str, str]:
    """Put the contents of git LFS in place of their pointers; returns those that were never fetched."""
    unfetched: dict[str, str] = {}
    for entry in entries:
        path = root / entry.path
        digest = _pointed_to(path) if entry.is_file else ""
        content = checkout.large_file(digest) if digest else None
        if content is not None:
            copy_file(content, path)
        elif digest:
            unfetched[entry.path] = (
                f"git LFS has not the content of {entry.path}; fetch it by `git lfs fetch origin COMMIT`"
            )
    return unfetched


def _pointed_to(path: Path) -> str:
    """Return the sha256 that a pointer of git LFS names; empty for any other file."""
    if path.stat().st_size > _POINTER_BYTES:
        return ""
    found = re.search(rb"^oid sha256:([0-9a-f]{64})$", content := path.read_bytes(), re.MULTILINE)
    return found[1].decode() if found and content.startswith(_POINTER) else ""
