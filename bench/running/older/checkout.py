"""Checkout: what git keeps of a suite's folder. Objects are read as they are, by no filter and no shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.errors import UsageError

_SECONDS = 120
# Asks no one for a password, and leaves the index alone.
_SETTINGS = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


@dataclass(frozen=True)
class Entry:
    """One file of a revision.

    Attributes:
        mode: as git writes it; `100644` and `100755` are files, others are links and submodules.
        oid: name of its content.
        path: from the top of the checkout, with slashes.
    """

    mode: str
    oid: str
    path: str

    @property
    def is_file(self) -> bool:
        """Whether it is a file and neither a link nor a submodule."""
        return self.mode.startswith("100")


@dataclass(frozen=True)
class Checkout:
    """A git checkout, known by its topmost folder."""

    top: Path

    def commit_of(self, revision: str) -> str:
        """Return the commit that a revision names; empty where there is none."""
        if not revision or revision.startswith("-"):
            return ""
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", may_fail=True)
        # Of `^main` git makes an exclusion, which is none either.
        name = done.decode().strip()
        return "" if name.startswith("^") else name

    def entries(self, commit: str, paths: Sequence[str]) -> list[Entry]:
        """List the files of a commit at or below some paths; paths that it lacks are left out."""
        if not paths:
            return []
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
        lines = [line.split("\t", 1) for line in os.fsdecode(listed).split("\0") if line]
        return [Entry(about.split()[0], about.split()[2], path) for about, path in lines]

    def changed(self, commit: str, paths: Sequence[str]) -> list[str]:
        """List the files at or below some paths that are not what they were in a commit."""
        options = ("--name-only", "--no-ext-diff", "--no-textconv", "--no-renames", "-z")
        return self._paths("diff", *options, commit, "--", *paths) if paths else []

    def untracked(self, paths: Sequence[str]) -> list[str]:
        """List the files at or below some paths that git does not know, ignored ones too."""
        return self._paths("ls-files", "--others", "-z", "--", *paths) if paths else []

    def write(self, entries: Iterable[Entry], folder: Path) -> None:
        """Write files of a commit below a folder, each whole or not at all."""
        wanted = [entry for entry in entries if entry.is_file]
        if not wanted:
            return
        command = ["git", "-C", str(self.top), "cat-file", "--batch"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=os.environ | _SETTINGS) as process:
            assert process.stdin is not None and process.stdout is not None
            for entry in wanted:
                process.stdin.write(f"{entry.oid}\n".encode())
                process.stdin.flush()
                _write_blob(process.stdout, entry, _place(folder, entry.path))
            process.stdin.close()

    def large_file(self, oid: str) -> Path | None:
        """Return the content that git LFS keeps under a sha256; None where it was not fetched."""
        common = Path(os.fsdecode(self._run("rev-parse", "--git-common-dir")).strip())
        path = self.top / common / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        return path if path.is_file() else None

    def _paths(self, *arguments: str) -> list[str]:
        return [path for path in os.fsdecode(self._run(*arguments)).split("\0") if path]

    def _run(self, *arguments: str, may_fail: bool = False) -> bytes:
        return _git(self.top, *arguments, may_fail=may_fail)


def find_checkout(folder: Path) -> Checkout | None:
    """Return the checkout that a folder lies in; None outside of one, or without git."""
    try:
        top = os.fsdecode(_git(folder, "rev-parse", "--show-toplevel", may_fail=True)).rstrip("\n")
    except UsageError:
        return None
    return Checkout(Path(top)) if top else None


def why_no_checkout(folder: Path) -> str:
    """Say in git's words why a folder lies in none: there is none, or git does not trust its owner."""
    try:
        done = _done(folder, "rev-parse", "--show-toplevel")
    except UsageError as problem:
        return str(problem)
    return " ".join(done.stderr.decode(errors="replace").split())


def _git(folder: Path, *arguments: str, may_fail: bool = False) -> bytes:
    done = _done(folder, *arguments)
    if done.returncode != 0 and not may_fail:
        told = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UsageError(f"git {arguments[0]} failed in {folder} ({''.join(told)}); repair the checkout")
    return done.stdout if done.returncode == 0 else b""


def _done(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # Paths are names and not patterns, whatever signs they hold.
    command = ["git", "-C", str(folder), "--literal-pathspecs", *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, env=os.environ | _SETTINGS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UsageError(f"git cannot be run in {folder} ({problem}); install it") from problem


def _place(folder: Path, path: str) -> Path:
    """Return where a path of a commit goes; one that would leave the folder is refused."""
    parts = path.split("/")
    if not all(parts) or {".", "..", ".git"} & {part.lower() for part in parts} or "\\" in path:
        raise UsageError(f"{path!r}: not the path of a file below a checkout; nothing is written there")
    return folder.joinpath(*parts)


def _write_blob(source: IO[bytes], entry: Entry, target: Path) -> None:
    header = source.readline().decode().split()
    if len(header) != 3 or header[1] != "blob":
        raise UsageError(f"git has no content of {entry.path} ({' '.join(header)}); fetch the revision whole")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    with open(partial, "wb") as file:
        for block in _blocks(source, int(header[2])):
            file.write(block)
    os.replace(partial, target)
    source.read(1)


def _blocks(source: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        block = source.read(min(size, 1 << 20))
        if not block:
            raise UsageError("git ended before a file was whole; fetch the revision again")
        size -= len(block)
        yield block


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; whoever reads the target meanwhile sees the old content or the new."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    shutil.copyfile(source, partial)
    os.replace(partial, target)
