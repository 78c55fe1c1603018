"""What the user's own SSH configuration says of a name, asked of `ssh` itself. Connects to nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from bench.errors import UsageError

_SECONDS = 10.0
# A name that nobody configures: what is said of it is said of every name.
_NOBODY = "detector-bench-names-no-host"


def is_configured(name: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the configuration says anything of a name that it does not say of every other.

    `BENCH_SSH_CONFIG` in the environment names another file than the user's own. Where there is no `ssh`
    nothing is configured.

    Raises:
        UsageError: the configuration cannot be read; the message is ssh's own.
    """
    environ = os.environ if environ is None else environ
    said = _ask(name, environ)
    if said is None:
        return False
    nobody = _ask(_NOBODY, environ) or []
    hostname = next((line for line in said if line.startswith("hostname ")), "")
    return hostname.lower() != f"hostname {name.lower()}" or _others(said) != _others(nobody)


def _ask(name: str, environ: Mapping[str, str]) -> list[str] | None:
    """Return the settings that ssh would use for a name, a line each; None where there is no ssh."""
    file = environ.get("BENCH_SSH_CONFIG", "")
    command = ["ssh", *(["-F", file] if file else []), "-T", "-G", "--", name]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, env=dict(environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise UsageError(f"ssh cannot read its configuration, expected one to find host {name!r} in: {said}")
    return done.stdout.decode(errors="replace").splitlines()


def _others(lines: list[str]) -> list[str]:
    """Return the settings that do not repeat the name itself."""
    return [line for line in lines if line.partition(" ")[0] not in ("host", "hostname", "originalhost")]
