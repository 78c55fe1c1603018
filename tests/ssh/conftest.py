"""Hosts behind the SSH server on loopback, and quick jobs for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ssh_hosts import DESCRIPTION, MakeSshJob, OpenSsh, host_file
from ssh_rig import SshRig

from bench.core.host import HostSettings
from bench.hosts.base import HostFile
from bench.hosts.ssh.host import SshHost
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings


@pytest.fixture
def open_ssh(ssh_rig: SshRig, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSsh]:
    """Open a device of the server by its alias; its jobs run under the Python of the tests."""
    for name, value in ssh_rig.environment.items():
        monkeypatch.setenv(name, value)
    opened: list[SshHost] = []

    def open_it(alias: str = "loop", patience_seconds: float = 20.0) -> SshHost:
        host = SshHost(HostSettings(alias), alias, patience_seconds)
        host.python = sys.executable
        opened.append(host)
        return host

    yield open_it
    for host in opened:
        host.close()


@pytest.fixture
def photo(tmp_path: Path) -> HostFile:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(path)
    return host_file(path)


@pytest.fixture
def make_job(photo: HostFile) -> MakeSshJob:
    """Make a job of the fake runtime on one photo that the host has."""
    place = f"files/{photo.sha256}.png"

    def make(job_id: str = "job", kind: str = "latency", calls: int = 5, **options: Any) -> Job:
        settings = RuntimeSettings("fake", 1, {"width": 32, "height": 32, "num_classes": 3, **options})
        return Job(
            protocol=PROTOCOL,
            id=job_id,
            kind=kind,  # type: ignore[arg-type]
            model=place,
            runtime=settings,
            description=DESCRIPTION,
            images=(ImageRef(1, place, photo.sha256),),
            latency=LatencyOptions(warmup=1, calls=calls, with_end_to_end=False),
        )

    return make
