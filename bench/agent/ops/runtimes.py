"""Which packages an environment has, by importing them in a process of its own. Standard library only.

A runtime may end that process (an instruction that the processor lacks); then each is imported by itself, so
that it is its own failure and not that of the others.
"""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from bench.agent.ops.environment import key_of, read_state
from bench.agent.ops.pip_running import clean_environment
from bench.agent.session import Session

# The agent needs these; one runtime or more beside them.
REQUIRED = ("numpy", "pillow", "psutil")
RUNTIMES = ("litert", "onnxruntime")
_STATEMENTS = {
    "numpy": "import numpy",
    "pillow": "import PIL.Image",
    "psutil": "import psutil",
    "litert": "from ai_edge_litert.interpreter import Interpreter",
    "onnxruntime": "import onnxruntime",
}
_DISTRIBUTIONS = {"litert": "ai-edge-litert"}
_SECONDS = 300.0


def runtimes(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Tell an environment: its Python, and packages with versions or errors; None where it is not whole.

    With `test` each package is imported now; else it is told what was found after installing.
    """
    key = key_of(request)
    state = read_state(session.root, key)
    if state is not None and request.get("test"):
        state = {**state, "packages": import_packages(Path(state["python"]))}
    return {"environment": state}


def import_packages(python: Path) -> dict[str, dict[str, str]]:
    """Return by name the `version` of each package, or the `error` of importing it."""
    # Starting Python and importing numpy takes seconds on a small device: once, where nothing is broken.
    together = _import(python, list(_STATEMENTS))
    if isinstance(together, dict):
        return {name: {"version": version} for name, version in together.items()}
    return {name: _told(_import(python, [name])) for name in _STATEMENTS}


def _told(found: dict[str, str] | str) -> dict[str, str]:
    return {"error": found} if isinstance(found, str) else {"version": next(iter(found.values()))}


def _import(python: Path, names: list[str]) -> dict[str, str] | str:
    """Return the version of each package, or why they cannot be imported in one process."""
    distributions = {name: _DISTRIBUTIONS.get(name, name) for name in names}
    lines = [_STATEMENTS[name] for name in names]
    lines += ["import json, importlib.metadata as m", f"names = {distributions!r}"]
    lines += ["print(json.dumps({name: m.version(names[name]) for name in names}))"]
    command = [str(python), "-I", "-c", "\n".join(lines)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, env=clean_environment()
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    if done.returncode:
        return _reason(done.returncode, done.stderr.decode(errors="replace"))
    versions: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return versions


def _reason(code: int, said: str) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name} while it was imported"
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {code}"
