"""What a suite gives to diagnose: its images as a fair sample, its model files, a host to run them on."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.host import LOCAL
from bench.core.places import cache_folder
from bench.core.suite import Case, Suite
from bench.datasets.prepare import Prepared, prepare_data
from bench.diagnosing.changing_family import recognise_file
from bench.diagnosing.reading import Reader
from bench.diagnosing.subject import Subject
from bench.errors import BuildError, DataError
from bench.hosts import open_host
from bench.hosts.base import Host
from bench.running.artifacts import Built, build, find_needs, with_availability
from bench.running.completing import complete_models
from bench.running.labels import resolve_labels
from bench.running.listener import Listener
from bench.wire.job import ImageRef

# As in a run: a build may train.
BUILD_TIMEOUT_SECONDS = 3600.0

# Of the sample of images; the same images at every call.
SEED = 0


@dataclass(frozen=True)
class Opened:
    """A suite, ready to be diagnosed on this machine.

    Attributes:
        images: those with an object to find, in an order of which every beginning is a fair sample.
    """

    suite: Suite
    prepared: Prepared
    images: tuple[ImageRef, ...]
    built: Built
    host: Host
    listener: Listener

    @property
    def data(self) -> EvaluationData:
        """The annotated images."""
        return self.prepared[0]

    @property
    def num_calibration_images(self) -> int:
        """How many images there are to calibrate on."""
        calibration = self.prepared[1]
        return len(calibration.images) if calibration else 0

    def with_case(self, case: Case) -> Opened:
        """Return the same for one other case, its file built; if that failed, `artifact` says why."""
        suite = with_availability(replace(self.suite, cases=(case,)))
        built = _build(suite, self.prepared, self.listener)
        return replace(self, suite=suite, built=built)

    def artifact(self, case: Case) -> Artifact:
        """Return the file of a case.

        Raises:
            BuildError: there is none; the message says why.
        """
        if case.id not in self.built.artifacts:
            failure = self.built.failures.get(case.id)
            reason = failure.reason if failure else case.unavailable
            raise BuildError(f"{case.id}: there is no model file to diagnose: {reason}")
        return self.built.artifacts[case.id]

    def subject(self, case: Case, num_images: int) -> Subject:
        """Return a case as something to diagnose."""
        artifact = self.artifact(case)
        # Accuracy does not depend on threads, and waiting does.
        runtime = replace(case.runtime, threads=os.cpu_count() or 1)
        reader = Reader(self.host, artifact, runtime, self.images, self.listener, case.id)
        path = Path(artifact.path)
        return Subject(reader, self.data, path.suffix, num_images, recognise_file(path))


def open_suite(suite: Suite, cases: Sequence[Case], listener: Listener) -> Opened:
    """Prepare the data of a suite and build the files of some cases.

    Raises:
        BenchError: data or host cannot be used. A file that cannot be built is told when it is asked for.
    """
    suite = with_availability(complete_models(replace(suite, cases=tuple(cases))))
    prepared = prepare_data(suite.data, cache_folder())
    suite = resolve_labels(suite, prepared[0])
    built = _build(suite, prepared, listener)
    (host,) = open_host(LOCAL, cache_folder() / "hosts" / "local")
    return Opened(suite, prepared, sample(prepared[0]), built, host, listener)


def _build(suite: Suite, prepared: Prepared, listener: Listener) -> Built:
    _, calibration, training = prepared
    needs = replace(find_needs(suite, calibration, training), controls={})
    wanted = {case.id: needs.requests[case.id] for case in suite.cases if case.id in needs.requests}
    with tempfile.TemporaryDirectory(prefix="bench-diagnose-") as folder:
        store = ArtifactStore(cache_folder())
        return build(replace(needs, requests=wanted), store, Path(folder), BUILD_TIMEOUT_SECONDS, listener)


def sample(data: EvaluationData) -> tuple[ImageRef, ...]:
    """Return the images that have an object to find, in a seeded random order.

    Raises:
        DataError: no image has one.
    """
    document = json.loads(Path(data.annotations).read_bytes())
    shown = {item["image_id"] for item in document["annotations"] if not item.get("iscrowd")}
    images = [image for image in data.images if image.id in shown]
    if not images:
        raise DataError(f"{data.annotations}: no evaluated image has an object, expected some to find")
    random.Random(SEED).shuffle(images)
    return tuple(images)
