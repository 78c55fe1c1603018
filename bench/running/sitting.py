"""Sitting: one stretch of measuring on one board, with what it needs and what it has found broken."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.host import LOCAL, HostSettings, budget_seconds
from bench.core.measure import MeasureOptions
from bench.core.suite import Case, Suite
from bench.detectors.plug_ins import origin_of
from bench.hosts.base import Host, HostFile
from bench.running.listener import Listener
from bench.running.schedule import Done, summarise
from bench.running.team import StoppedError, Team
from bench.store.folder import RunFolder
from bench.store.pending import PendingJobs
from bench.wire.codec import content_hash, to_json


@dataclass
class Sitting:
    """One stretch of measuring on one board.

    Attributes:
        artifacts: case id -> the file to measure; cases without one are left out.
        settings: what the hosts file says of the host.
        facts: of the board, as it is now.
        team: the boards of the host; cases that one of them found broken are broken for all.
        refs: content hash -> the host's path of an image or model file already put there.
        seen: paths of files that were there when they were last looked for.
        stop: set when the run is asked to stop.
        is_pairing: pairs are measured, and nothing else.
        renew: called before jobs are queued, so that the board stays this run's.
        id: in every line that is journalled; rounds of one sitting ran next to each other.
    """

    suite: Suite
    run: RunFolder
    host: Host
    data: EvaluationData
    artifacts: dict[str, Artifact]
    listener: Listener
    settings: HostSettings = LOCAL
    facts: dict[str, Any] = field(default_factory=dict)
    team: Team = field(default_factory=Team)
    refs: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    renew: Callable[[], None] = lambda: None
    is_pairing: bool = False
    num_jobs: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def options(self) -> MeasureOptions:
        """How often and how long, with the time that the host has for it."""
        measure = self.suite.measure
        return replace(measure, budget_seconds=budget_seconds(measure, self.settings))

    @property
    def board(self) -> str:
        """Which of several boards this is; empty where there is one."""
        return self.host.board

    @property
    def pending(self) -> PendingJobs:
        """What is queued on the board and not journalled yet."""
        return PendingJobs(self.run.path, self.host.name, self.board, is_pairs=self.is_pairing)

    @property
    def broken(self) -> set[str]:
        """Case ids that failed in this sitting, on any of the boards."""
        return self.team.broken

    @property
    def name(self) -> str:
        """What to call the board when speaking to people."""
        return f"{self.host.name}/{self.board}" if self.board else self.host.name

    def setup(self, case: Case) -> str:
        """Return the hash of what is measured, and on what."""
        return setup_of(self.suite, case, self.artifacts[case.id], self.data, self.facts)

    def lines(self, case: Case) -> list[dict[str, Any]]:
        """Return the lines of a case's journal that were measured under the present setup."""
        setup = self.setup(case)
        return [line for line in self.run.read_rounds(case.id) if line.get("setup") == setup]

    def done(self, case: Case) -> Done:
        """Return what the journal of a case holds of this board under the present setup."""
        return summarise(self.lines(case), self.board)

    def journal(self, case: Case, line: dict[str, Any]) -> None:
        """Keep a line of a case; it is on the disk when this returns."""
        place = {"setup": self.setup(case), "sitting": self.id, "board": self.board}
        self.run.append_round(case.id, {**place, **line})

    def usable(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that have a file and have not broken."""
        return [case for case in cases if case.id in self.artifacts and case.id not in self.broken]

    def put(self, files: Sequence[HostFile]) -> None:
        """Bring files to the host, each once; `refs` has the paths then."""
        unknown = [file for file in files if file.sha256 not in self.refs]
        if unknown:
            self.refs |= self.host.put(unknown)

    def new_job_id(self) -> str:
        """Return an id that no job of any run has."""
        self.num_jobs += 1
        return f"{self.run.path.name}-{self.id}-{self.num_jobs:05d}"

    def require_going_on(self) -> None:
        """Go no further where the run was asked to stop.

        Raises:
            StoppedError: it was.
        """
        if self.stop.is_set():
            raise StoppedError("the run was asked to stop")


def setup_of(
    suite: Suite, case: Case, artifact: Artifact, data: EvaluationData, facts: dict[str, Any]
) -> str:
    """Return the hash that a journal's lines must share to stand in one record.

    It covers the model file, the images with their annotations, the model's description, the package that
    brings its decode family, the runtime with its settings and its version on the host. A run that is resumed
    after one of them changed measures again.

    Args:
        facts: of the host.
    """
    description = suite.model(case.model).description
    version = facts.get("runtimes", {}).get(case.runtime.name, "")
    runtime = [to_json(case.runtime), version]
    family = origin_of(description.decode.family)
    return content_hash([artifact.sha256, data.sha256, to_json(description), runtime, family])
