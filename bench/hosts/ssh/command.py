"""The one ssh command: fixed options, a checked destination, and a constant command on the other side.

No name, path or text of a user ever stands in a shell string there; all of that goes through the connection.
"""

from __future__ import annotations

import os

from bench.core.host import is_destination
from bench.errors import HostError
from bench.wire.remote import REMOTE_COMMAND

# File for `ssh -F` instead of the user's own configuration, for trials.
CONFIG_VARIABLE = "BENCH_SSH_CONFIG"

# The command line wins over the user's configuration. A dead link is noticed after 45 s. An existing master
# connection of the user's own may serve, but none is opened: it would outlive this process.
_OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "3",
    "ConnectTimeout": "15",
    "ControlMaster": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "Tunnel": "no",
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "PermitLocalCommand": "no",
    "Compression": "no",
    "EscapeChar": "none",
    # What failed is told from ssh's messages, which a quieter level would hide.
    "LogLevel": "INFO",
}


def ssh_command(destination: str) -> tuple[str, ...]:
    """Return the arguments of the ssh process for a destination.

    Raises:
        HostError: the destination is none that can be passed on safely.
    """
    check_destination(destination)
    config = os.environ.get(CONFIG_VARIABLE, "")
    options = [word for name, value in _OPTIONS.items() for word in ("-o", f"{name}={value}")]
    return ("ssh", *(("-F", config) if config else ()), "-T", *options, "--", destination, REMOTE_COMMAND)


def check_destination(destination: str) -> None:
    """Refuse what is no alias, `host`, `user@host` or `ssh://user@host:port`.

    Raises:
        HostError: it begins like an option, is too long, or has blanks or characters that shells read.
    """
    if not is_destination(destination):
        raise HostError(
            f"{destination[:80]!r} is no SSH destination, expected an alias of your SSH configuration, "
            "host or user@host: letters, digits and . _ - @ : % only, no leading '-', at most 255 characters"
        )
