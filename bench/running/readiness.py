"""Sees to it that jobs can run on a host before it is asked for anything else."""

from __future__ import annotations

from collections.abc import Callable

from bench.core.host import HostSettings
from bench.hosts.base import Host


def make_ready(host: Host, settings: HostSettings, on_progress: Callable[[str], None]) -> None:
    """Set up what is behind SSH where that has not been done; other hosts are ready as they are.

    Raises:
        HostError: it cannot be set up; says why and what to do.
    """
    # Importing it takes what a local run never needs.
    from bench.hosts.ssh.host import SshHost

    if isinstance(host, SshHost):
        from bench.hosts.provision import ensure_ready

        host.notify(on_progress)
        host.python = ensure_ready(host, settings, on_progress)
