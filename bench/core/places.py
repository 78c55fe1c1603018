"""Where files that can be made again are kept: one cache folder for the whole project."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache folder: `$BENCH_CACHE`, else `detector-bench` below the user's cache folder.

    The user's cache folder is `$XDG_CACHE_HOME`, or `~/.cache`. Nothing is created here.
    """
    chosen = os.environ.get("BENCH_CACHE", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "detector-bench"
