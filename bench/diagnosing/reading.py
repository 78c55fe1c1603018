"""Readings: what a model finds on the first images of a sample, for each of several descriptions of it.

Runs jobs on a host and keeps what they found; a larger sample runs the further images only.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.artifact import Artifact
from bench.errors import HostError
from bench.hosts.base import Host, put_file
from bench.hosts.follow import run_job
from bench.metrics.detections import Detections, concatenate
from bench.running.listener import Listener, Step
from bench.wire.codec import content_hash
from bench.wire.description import ModelDescription
from bench.wire.job import PROTOCOL, ImageRef, Job, RuntimeSettings

# A job that diagnoses runs a few dozen images a few times over.
TIMEOUT_SECONDS = 1800.0


@dataclass(frozen=True)
class Reading:
    """What one description found on a sample.

    Attributes:
        detections: None where the description does not fit the model, and `reason` says why.
        num_outside: boxes whose centre lies outside of their photo.
        outputs: what the raw outputs held, see `bench.agent.extremes`; of the last job.
    """

    detections: Detections | None
    reason: str = ""
    num_outside: int = 0
    outputs: tuple[dict[str, Any], ...] = ()


@dataclass
class Reader:
    """Runs one model file on a host.

    Attributes:
        images: the whole sample, of which the first ones are used.
    """

    host: Host
    artifact: Artifact
    runtime: RuntimeSettings
    images: Sequence[ImageRef]
    listener: Listener
    subject: str
    _known: dict[str, tuple[int, Reading]] = field(default_factory=dict)
    _id: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    _num_jobs: int = 0

    def read(self, descriptions: Sequence[ModelDescription], count: int) -> list[Reading]:
        """Return what each description finds on the first `count` images."""
        groups: dict[str, list[ModelDescription]] = {}
        for description in descriptions:
            done = self._done(description)
            if done < count:
                key = content_hash([description.preprocess, done])
                groups.setdefault(key, []).append(description)
        if groups:
            self.listener.plan("diagnose", len(groups))
        for number, group in enumerate(groups.values(), 1):
            step = Step("diagnose", f"{self.subject}, {count} images", number, len(groups))
            self._extend(group, count, step)
        ids = np.array([image.id for image in self.images[:count]], np.int64)
        return [_of_images(self._known[content_hash(description)][1], ids) for description in descriptions]

    def _done(self, description: ModelDescription) -> int:
        """Return how many images a description has read; all of them if it cannot be read at all."""
        count, reading = self._known.get(content_hash(description), (0, Reading(None)))
        return len(self.images) if count and reading.detections is None else count

    def _extend(self, group: Sequence[ModelDescription], count: int, step: Step) -> None:
        start = self._done(group[0])
        for description, news in zip(group, self._run(group, self.images[start:count], step), strict=True):
            key = content_hash(description)
            before = self._known[key][1] if start else None
            self._known[key] = (count, news if before is None else _joined(before, news))

    def _run(
        self, group: Sequence[ModelDescription], images: Sequence[ImageRef], step: Step
    ) -> list[Reading]:
        self.listener.begin(step)
        started = time.monotonic()
        self._num_jobs += 1
        job_id = f"diagnose-{self._id}-{self._num_jobs:04d}"
        try:
            job = self._job(job_id, group, images)
            outcome = run_job(self.host, job, TIMEOUT_SECONDS)
            event = outcome.event("result")
            if outcome.status != "ok" or event is None:
                return [Reading(None, outcome.reason)] * len(group)
            readings = [self._collect(job_id, way, event) for way in event["variants"]]
            self.host.forget(job_id)
            return readings
        except HostError as problem:
            return [Reading(None, str(problem))] * len(group)
        finally:
            self.listener.end(step, time.monotonic() - started, "")

    def _job(self, job_id: str, group: Sequence[ModelDescription], images: Sequence[ImageRef]) -> Job:
        return Job(
            protocol=PROTOCOL,
            id=job_id,
            kind="variants",
            model=put_file(self.host, Path(self.artifact.path), self.artifact.sha256),
            runtime=self.runtime,
            description=group[0],
            images=tuple(
                ImageRef(i.id, put_file(self.host, Path(i.path), i.sha256), i.sha256) for i in images
            ),
            prepared="prepared",
            variants=tuple(group),
        )

    def _collect(self, job_id: str, way: dict[str, Any], event: dict[str, Any]) -> Reading:
        if not way["file"]:
            return Reading(None, way["reason"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / way["file"]
            self.host.fetch(job_id, way["file"], path)
            return Reading(Detections.load(path), "", way["boxes_outside"], tuple(event["outputs"]))


def _of_images(reading: Reading, ids: NDArray[np.int64]) -> Reading:
    """Return what was found on these images, of those that were read."""
    found = reading.detections
    if found is None or len(found.image_ids) == len(ids):
        return reading
    rows = np.isin(found.image_id, ids)
    detections = Detections(
        found.image_id[rows], found.category_id[rows], found.score[rows], found.box[rows], ids
    )
    share = len(ids) / len(found.image_ids)
    return replace(reading, detections=detections, num_outside=round(share * reading.num_outside))


def _joined(first: Reading, second: Reading) -> Reading:
    if first.detections is None or second.detections is None:
        return first if first.detections is None else second
    return Reading(
        concatenate([first.detections, second.detections]),
        "",
        first.num_outside + second.num_outside,
        second.outputs,
    )
