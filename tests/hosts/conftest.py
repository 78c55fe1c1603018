"""A local host and quick jobs of the fake runtime for the tests of this folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.hosts.local import LocalHost
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings

MakeJob = Callable[..., Job]

DESCRIPTION = ModelDescription(
    preprocess=Preprocess(32, 32),
    decode=Decode("ltrb", options={"strides": [8], "num_classes": 3, "activation": "sigmoid"}),
    suppression=Suppression(),
    category_ids=(1, 2, 3),
)


@pytest.fixture
def host(tmp_path: Path) -> LocalHost:
    return LocalHost(tmp_path / "host")


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Make a job of the fake runtime on one photo."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(path)
    image = ImageRef(1, str(path), hashlib.sha256(path.read_bytes()).hexdigest())

    def make(kind: str = "latency", **options: Any) -> Job:
        settings = RuntimeSettings("fake", 1, {"width": 32, "height": 32, "num_classes": 3, **options})
        return Job(
            protocol=PROTOCOL,
            id="job",
            kind=kind,  # type: ignore[arg-type]
            model=str(path),
            runtime=settings,
            description=DESCRIPTION,
            images=(image,),
            latency=LatencyOptions(warmup=1, calls=5, with_end_to_end=False),
        )

    return make
