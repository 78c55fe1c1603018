"""Sitting: one stretch of measuring on one host, with what it needs and what it has found broken."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.agent.runtimes import runtime_version
from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.measure import MeasureOptions
from bench.core.suite import Case, Suite
from bench.detectors.plug_ins import origin_of
from bench.hosts.base import Host, put_file
from bench.running.listener import Listener
from bench.running.schedule import Done, summarise
from bench.store.folder import RunFolder
from bench.wire.codec import content_hash, to_json


@dataclass
class Sitting:
    """One stretch of measuring on one host.

    Attributes:
        artifacts: case id -> the file to measure; cases without one are left out.
        broken: case ids that failed in this sitting.
        refs: content hash -> the host's path of an image or model file already put there.
        id: in every line that is journalled; rounds of one sitting ran next to each other.
    """

    suite: Suite
    run: RunFolder
    host: Host
    data: EvaluationData
    artifacts: dict[str, Artifact]
    listener: Listener
    broken: set[str] = field(default_factory=set)
    refs: dict[str, str] = field(default_factory=dict)
    num_jobs: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def options(self) -> MeasureOptions:
        """How often and how long."""
        return self.suite.measure

    def setup(self, case: Case) -> str:
        """Return the hash of what is measured, and on what."""
        return setup_of(self.suite, case, self.artifacts[case.id], self.data)

    def lines(self, case: Case) -> list[dict[str, Any]]:
        """Return the lines of a case's journal that were measured under the present setup."""
        setup = self.setup(case)
        return [line for line in self.run.read_rounds(case.id) if line.get("setup") == setup]

    def done(self, case: Case) -> Done:
        """Return what the journal of a case holds under the present setup."""
        return summarise(self.lines(case))

    def journal(self, case: Case, line: dict[str, Any]) -> None:
        """Keep a line of a case; it is on the disk when this returns."""
        self.run.append_round(case.id, {**line, "setup": self.setup(case), "sitting": self.id})

    def usable(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that have a file and have not broken."""
        return [case for case in cases if case.id in self.artifacts and case.id not in self.broken]

    def put(self, path: str, sha256: str) -> str:
        """Bring a file to the host once; returns the path that a job may name."""
        if sha256 not in self.refs:
            self.refs[sha256] = put_file(self.host, Path(path), sha256)
        return self.refs[sha256]


def setup_of(suite: Suite, case: Case, artifact: Artifact, data: EvaluationData) -> str:
    """Return the hash that a journal's lines must share to stand in one record.

    It covers the model file, the images with their annotations, the model's description, the package that
    brings its decode family, the runtime with its settings and version. A run that is resumed after one of
    them changed measures again.
    """
    description = suite.model(case.model).description
    runtime = [to_json(case.runtime), runtime_version(case.runtime.name)]
    family = origin_of(description.decode.family)
    return content_hash([artifact.sha256, data.sha256, to_json(description), runtime, family])
