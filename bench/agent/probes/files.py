"""Reads the small files and tools in which a system describes itself; None where one is absent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# A tool that takes longer than this is as good as absent.
_TOOL_SECONDS = 5.0


def read_text(path: str) -> str | None:
    """Return a file's content without outer blanks and NULs, or None."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip("\x00 \n\t")
    except OSError:
        return None


def read_int(path: str) -> int | None:
    """Return a file's content as an integer, or None."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def read_field(path: str, name: str) -> str | None:
    """Return what follows `name:` in a file of `name: value` lines, or None."""
    for line in (read_text(path) or "").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


def read_tool(*command: str) -> str | None:
    """Return what a tool prints, or None where it is absent or fails."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
