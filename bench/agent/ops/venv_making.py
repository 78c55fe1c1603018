"""Makes an empty virtual environment without pip, also where the system lacks what `python3-venv` brings.

Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.agent.ops import OpError

_SECONDS = 180.0
_PROBE = "import sys; print(sys.prefix)"


def make_venv(folder: Path, python: str = sys.executable) -> str:
    """Make the environment; returns how: `venv` by the module of that name, `plain` by hand.

    `--without-pip` needs no ensurepip, which Debian keeps in a package of its own. By hand is what the module
    does: a link to the interpreter, and the file by which it finds its packages beside itself.

    Raises:
        OpError: neither works.
    """
    command = [python, "-I", "-m", "venv", "--without-pip", "--symlinks", str(folder)]
    if _works(command) and is_venv(folder):
        return "venv"
    _make_by_hand(folder)
    if not is_venv(folder):
        raise OpError("host_error", f"{folder}: no virtual environment can be made there with {python}")
    return "plain"


def is_venv(folder: Path) -> bool:
    """Whether the folder's Python runs and has the folder as its own place."""
    command = [str(folder / "bin" / "python"), "-I", "-c", _PROBE]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and Path(os.fsdecode(done.stdout.strip())).resolve() == folder.resolve()


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _make_by_hand(folder: Path) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    # The interpreter itself, where this one is an environment's link to it.
    interpreter = Path(getattr(sys, "_base_executable", sys.executable)).absolute()
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "lib" / version / "site-packages").mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3", version):
        link = folder / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(interpreter)
    if not os.path.lexists(folder / "lib64"):
        (folder / "lib64").symlink_to("lib")
    number = ".".join(map(str, sys.version_info[:3]))
    lines = (f"home = {interpreter.parent}", "include-system-site-packages = false", f"version = {number}")
    (folder / "pyvenv.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")
