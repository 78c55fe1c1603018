"""Names why there is no connection, from the exit code of ssh and its standard error, and says what to do.

Pure; the messages are those of OpenSSH's client, which are never translated.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

FailureKind = Literal[
    "changed_key",
    "unknown_key",
    "denied",
    "configuration",
    "no_ssh",
    "no_python",
    "unsuitable",
    "unresolved",
    "jump",
    "refused",
    "timeout",
    "unreachable",
    "booting",
    "closed",
    "crashed",
    "lost",
]

# Waiting mends none of these.
_FINAL: frozenset[FailureKind] = frozenset(
    {"changed_key", "unknown_key", "denied", "configuration", "no_ssh", "no_python", "unsuitable"}
)

# OpenSSH's own failures leave this code; any other is that of the command on the device.
SSH_FAILED = 255
_NOT_FOUND = 127
_LAST_LINES = 3


@dataclass(frozen=True)
class Failure:
    """Why there is no connection.

    Attributes:
        message: what happened and what to do, for people.
    """

    kind: FailureKind
    message: str

    @property
    def is_final(self) -> bool:
        """Whether trying again is no use, or no good."""
        return self.kind in _FINAL


def name_failure(destination: str, exit_code: int | None, stderr: Sequence[str]) -> Failure:
    """Name why an ssh process ended before its session stood, or in the middle of it.

    Args:
        destination: as it was given to ssh.
        exit_code: None while it runs, negative where a signal ended it.
        stderr: last lines of standard error.
    """
    text = "\n".join(stderr)
    if exit_code not in (None, SSH_FAILED) and (exit_code or 0) >= 0:
        return _remote_failure(destination, exit_code or 0, text)
    for kind, pattern, explain in _PATTERNS:
        if re.search(pattern, text):
            return Failure(kind, explain(destination, text))
    return Failure("lost", f"{destination}: the connection was lost{_quote(text)}")


def no_ssh_here(destination: str, problem: OSError) -> Failure:
    """Say that this machine has no ssh program, or cannot start it."""
    if not isinstance(problem, FileNotFoundError):
        return Failure("no_ssh", f"{destination}: ssh cannot be started on this machine: {problem}")
    return Failure(
        "no_ssh",
        f"{destination}: this machine has no program ssh; install OpenSSH's client "
        "(Debian and Ubuntu: sudo apt install openssh-client)",
    )


def _remote_failure(destination: str, exit_code: int, text: str) -> Failure:
    if exit_code == _NOT_FOUND or re.search(r"python3: (Command |command )?not found", text):
        return Failure(
            "no_python",
            f"{destination}: has no python3 in the PATH of its login shell, expected Python 3.11 or later; "
            "install it there (sudo apt install python3)",
        )
    if re.search(r"SyntaxError|Unknown option: -I", text):
        return Failure(
            "unsuitable",
            f"{destination}: its python3 is too old to begin with, expected 3.11 or later "
            f"(Raspberry Pi OS bookworm has it){_quote(text)}",
        )
    if "nologin" in text or "account is currently not available" in text:
        return Failure("denied", f"{destination}: that account may not run commands{_quote(text)}")
    return Failure(
        "crashed", f"{destination}: the program there ended with exit code {exit_code}{_quote(text)}"
    )


def _changed_key(destination: str, text: str) -> str:
    host = _find(r"Host key for (\S+) has changed", text) or _find(r"host key for (\S+)", text) or destination
    fingerprint = _find(r"\b(SHA256:[A-Za-z0-9+/=]+)", text)
    now = f" (now {fingerprint})" if fingerprint else ""
    # A user's configuration may name another file than the usual one.
    kept = _find(r"Offending \S+ key in (.+):\d+", text)
    file = f"-f {shlex.quote(kept)} " if kept else ""
    return (
        f"{destination}: the host key is another one than before{now}: the device was installed anew, or "
        "someone stands in between, so nothing was sent. Compare it with what "
        "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the device itself; if it is the same, "
        f"run `ssh-keygen {file}-R '{host}'` here and `ssh {destination}` once by hand"
    )


def _unknown_key(destination: str, text: str) -> str:
    host = _find(r"host key is known for (\S+)", text)
    whose = f" (of {host})" if host and host != destination else ""
    return (
        f"{destination}: its host key{whose} is not known here yet; run `ssh {destination}` once by hand, "
        "compare the fingerprint with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the "
        "device, and answer yes if they are the same"
    )


def _denied(destination: str, text: str) -> str:
    who = _find(r"(\S+@\S+): Permission denied", text)
    whom = f" as {who}" if who and who != destination else ""
    offered = ", which tried too many keys" if "Too many authentication" in text else ""
    return (
        f"{destination}: does not let you in{whom}{offered}; only keys are used here, no passwords. Run "
        f"`ssh-copy-id {destination}` once, or `ssh-add` if the key has a passphrase; "
        f"`ssh -o BatchMode=yes {destination} true` must succeed"
    )


def _configuration(destination: str, text: str) -> str:
    return (
        f"{destination}: ssh does not accept its configuration{_quote(text)}; mend that file, "
        f"`ssh -G {destination}` checks it"
    )


def _unresolved(destination: str, text: str) -> str:
    host = _find(r"[Cc]ould not resolve hostname (\S+?):", text) or destination
    return (
        f"{destination}: no address is known for {host!r}; check the spelling, that the device is on, and "
        "try its address or NAME.local instead"
    )


def _jump(destination: str, text: str) -> str:
    return (
        f"{destination}: cannot be reached through its jump host{_quote(text)}; "
        f"`ssh {destination}` by hand shows where it stops"
    )


def _refused(destination: str, text: str) -> str:
    return (
        f"{destination}: the machine answers but nothing listens for SSH there; switch SSH on "
        "(sudo raspi-config, Interface Options, SSH), or correct the port in your SSH configuration"
    )


def _timeout(destination: str, text: str) -> str:
    return (
        f"{destination}: does not answer; check that it is on and in this network, and that no firewall "
        "stands in between"
    )


def _unreachable(destination: str, text: str) -> str:
    return f"{destination}: no way leads there{_quote(text)}; check cable, WLAN and network of both machines"


def _booting(destination: str, text: str) -> str:
    return f"{destination}: is starting up and lets nobody in yet; try again in a minute"


def _closed(destination: str, text: str) -> str:
    return (
        f"{destination}: closed the connection{_quote(text)}; it may be starting up, shutting down or have "
        "too many connections"
    )


# In this order: a jump host's refusal leaves the words of both.
_PATTERNS: tuple[tuple[FailureKind, str, Callable[[str, str], str]], ...] = (
    ("changed_key", r"IDENTIFICATION HAS CHANGED|REVOKED HOST KEY|has changed and you have", _changed_key),
    ("unknown_key", r"Host key verification failed|host key is known for", _unknown_key),
    ("configuration", r"[Bb]ad configuration option|Bad owner or permissions", _configuration),
    ("configuration", r"Can't open user config", _configuration),
    ("configuration", r"(?m)^\S+ line \d+: |Unable to negotiate", _configuration),
    ("denied", r"Permission denied|Too many authentication failures", _denied),
    ("unresolved", r"[Cc]ould not resolve hostname", _unresolved),
    ("jump", r"stdio forwarding failed|UNKNOWN port 65535", _jump),
    ("refused", r"Connection refused", _refused),
    ("timeout", r"timed out|Timeout, server", _timeout),
    ("unreachable", r"No route to host|Network is unreachable|Host is down|Network is down", _unreachable),
    ("booting", r"System is booting up|pam_nologin", _booting),
    ("closed", r"Connection (closed|reset)|closed by remote host|Broken pipe", _closed),
)  # fmt: skip


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found.group(1) if found else ""


def _quote(text: str) -> str:
    """Return the last lines of what was said, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = " / ".join(lines[-_LAST_LINES:])
    return f" ({said[:300]})" if said else ""
