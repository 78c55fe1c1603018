"""A first impression of what a cure costs in time: a few invokes of it and of its float sibling.

No measurement: one process each, few calls, whatever else the machine does. `bench run` measures.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.artifact import Artifact
from bench.errors import ModelError
from bench.hosts.base import Host, put_file
from bench.hosts.follow import run_job
from bench.wire.description import ModelDescription
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings

OPTIONS = LatencyOptions(
    warmup=3, calls=20, min_calls=5, max_seconds=5.0, num_images=2, with_end_to_end=False
)
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Times:
    """Medians of a few invokes in ns, with the number of threads that the case has."""

    float_ns: float
    cured_ns: float
    num_calls: int
    threads: int


def compare_times(
    host: Host,
    artifacts: tuple[Artifact, Artifact],
    runtime: RuntimeSettings,
    description: ModelDescription,
    images: Sequence[ImageRef],
) -> Times:
    """Time the float file and the cured one, one after the other.

    Raises:
        ModelError, HostError: one of them could not be timed.
    """
    refs = tuple(
        replace(i, path=put_file(host, Path(i.path), i.sha256)) for i in images[: OPTIONS.num_images]
    )
    samples = []
    for artifact in artifacts:
        job_id = f"time-{uuid.uuid4().hex[:10]}"
        model = put_file(host, Path(artifact.path), artifact.sha256)
        job = Job(PROTOCOL, job_id, "latency", model, runtime, description, refs, OPTIONS)
        outcome = run_job(host, job, TIMEOUT_SECONDS)
        event = outcome.event("result")
        if outcome.status != "ok" or event is None:
            raise ModelError(f"{artifact.path}: could not be timed: {outcome.reason}")
        host.forget(job_id)
        samples.append(event["inference_ns"])
    first, second = (statistics.median(values) for values in samples)
    return Times(first, second, min(map(len, samples)), runtime.threads)
