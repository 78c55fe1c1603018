"""Where a figure comes from: the project's git commit and the versions of what took part."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import bench
from bench.agent.runtimes import distribution_of

DISTRIBUTIONS = (
    "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "onnx", "tf2onnx", "numpy", "pillow",
    "pycocotools", "psutil",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the installed version of each distribution that can change a figure, without importing it."""
    found = {"bench": bench.__version__}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def versions_on(host: Mapping[str, Any], controller: Mapping[str, str]) -> dict[str, str]:
    """Return the versions that made a figure: the controller's, and the host's own of what ran there.

    Args:
        host: facts of the host; of an older run it may have none.
    """
    ran = {distribution_of(name): version for name, version in host.get("runtimes", {}).items()}
    others = {name: host[name] for name in ("numpy", "pillow", "psutil", "python") if host.get(name)}
    return {**controller, **others, **{name: version for name, version in ran.items() if name}}


def git_state(folder: Path) -> dict[str, Any]:
    """Return commit and cleanliness of the checkout that the suite lies in; empty outside a checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    return {"commit": commit, "is_dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
