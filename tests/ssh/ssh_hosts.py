"""What tests of hosts behind SSH share: a tiny model's description, and files made for a test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.hosts.base import HostFile
from bench.hosts.ssh.host import SshHost
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import Job

OpenSsh = Callable[..., SshHost]
MakeSshJob = Callable[..., Job]

DESCRIPTION = ModelDescription(
    preprocess=Preprocess(32, 32),
    decode=Decode("ltrb", options={"strides": [8], "num_classes": 3, "activation": "sigmoid"}),
    suppression=Suppression(),
    category_ids=(1, 2, 3),
)


def host_file(path: Path) -> HostFile:
    """Name a file by its content."""
    return HostFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


def made_file(path: Path, num_bytes: int, seed: int = 0) -> HostFile:
    """Make a file of random bytes."""
    path.write_bytes(np.random.default_rng(seed).bytes(num_bytes))
    return host_file(path)
