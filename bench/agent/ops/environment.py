"""The private environments of a device: `<root>/venv/<key>/`, whole under that name or not there.

The key is the controller's: it stands for the packages, their hashes and the Python. Standard library only.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.agent.ops.arguments import matched
from bench.agent.places import read_json

VENVS = "venv"
# What an installation leaves last of all: which Python, which packages, how it was made.
STATE_NAME = "installed.json"
_KEY = re.compile(r"[a-z0-9]{1,16}-[0-9a-f]{16}")


def key_of(request: dict[str, Any]) -> str:
    """Return `key`, the name of an environment."""
    return matched(request.get("key"), _KEY, "key", "a key such as py311-0123456789abcdef")


def python_of(folder: Path) -> Path:
    """Return where the Python of an environment is."""
    return folder / "bin" / "python"


def read_state(root: Path, key: str) -> dict[str, Any] | None:
    """Return what is known of an environment that is whole and whose Python is still there; else None."""
    folder = root / VENVS / key
    state = read_json(folder / STATE_NAME)
    # A new release of the system takes the Python away that the environment leads to.
    if not isinstance(state, dict) or state.get("system_python") != list(sys.version_info[:2]):
        return None
    return {**state, "python": str(python_of(folder))} if python_of(folder).exists() else None


def remove_others(root: Path, key: str) -> None:
    """Remove every environment but one, and what broken installations left."""
    for folder in (root / VENVS).iterdir():
        if folder.is_dir() and folder.name != key:
            shutil.rmtree(folder, ignore_errors=True)
