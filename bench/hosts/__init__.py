"""Places that can run jobs, by name; each is imported only when it is opened."""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path

from bench.errors import HostError
from bench.hosts.base import Host

# name -> plug-in
HOSTS: dict[str, str] = {
    "local": "bench.hosts.local:LocalHost",
    "fake": "bench.hosts.fake:FakeHost",
}


def open_host(name: str, root: Path) -> Host:
    """Open a host.

    Args:
        root: folder on that host below which jobs lie; made if it is absent.

    Raises:
        HostError: no host has that name.
    """
    if name not in HOSTS:
        near = difflib.get_close_matches(name, HOSTS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise HostError(f"no host is called {name!r}, expected one of {', '.join(HOSTS)}{hint}")
    module, _, attribute = HOSTS[name].partition(":")
    host: Host = getattr(importlib.import_module(module), attribute)(root)
    return host
