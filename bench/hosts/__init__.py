"""Places that can run jobs. Two have fixed names; any other name is reached over SSH.

Each is imported only when it is opened.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from bench.core.host import HostSettings
from bench.hosts.base import Host

# name -> plug-in
HOSTS: dict[str, str] = {
    "local": "bench.hosts.local:LocalHost",
    "fake": "bench.hosts.fake:FakeHost",
}


def open_host(settings: HostSettings, root: Path) -> list[Host]:
    """Open all boards of a host; those behind SSH are reached when they are first asked for something.

    Args:
        settings: a host without boards is the SSH destination of its own name.
        root: folder of this machine below which jobs of `local` lie; made if it is absent. Other boards have
            a folder of their own, see `HostSettings.root`.

    Raises:
        HostError: a board's name can be no SSH destination.
    """
    if settings.name in HOSTS:
        module, _, attribute = HOSTS[settings.name].partition(":")
        plug_in = getattr(importlib.import_module(module), attribute)
        host: Host = plug_in(root, environment=settings.environment)
        return [host]
    from bench.hosts.ssh.host import SshHost

    boards = settings.boards or (settings.name,)
    return [SshHost(settings, board) for board in boards]
