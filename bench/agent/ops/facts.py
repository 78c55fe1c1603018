"""The machine and its runtimes, as the agent sees them from within its virtual environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import bench
from bench.agent.ops import OpError
from bench.agent.ops.arguments import environment_of, text_of
from bench.agent.session import Session

# Importing every runtime from a cold SD card takes its time.
_SECONDS = 180.0
_SAID_LINES = 10


def facts(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Answer what `python -m bench.agent --facts` says under `python`.

    Raises:
        OpError: the agent cannot be run with it.
    """
    command = [text_of(request, "python"), "-P", "-s", "-m", "bench.agent", "--facts"]
    environment = {**os.environ, **environment_of(request), "PYTHONPATH": _agent_folder()}
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=session.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return {"facts": json.loads(done.stdout)}
    except subprocess.CalledProcessError as problem:
        said = "; ".join(problem.stderr.decode(errors="replace").splitlines()[-_SAID_LINES:])
        raise OpError("host_error", f"the agent cannot run here: {said}") from problem
    except (OSError, subprocess.TimeoutExpired, ValueError) as problem:
        raise OpError("host_error", f"the agent cannot run here: {problem}") from problem


def _agent_folder() -> str:
    return str(Path(bench.__file__).parent.parent)
