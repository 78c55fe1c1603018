"""Work: what a run measures, whichever the host; and how the user wants hosts treated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.host import HostSettings
from bench.core.suite import Case, Suite
from bench.hosts.base import HostFile
from bench.running.listener import Listener
from bench.store.folder import RunFolder


@dataclass(frozen=True)
class HostOptions:
    """How hosts are treated in one run.

    Attributes:
        wait_seconds: how long a busy host is waited for.
        governor: frequency governor that is set while measuring; empty to leave it alone.
    """

    wait_seconds: float = 0.0
    governor: str = ""


@dataclass(frozen=True)
class Duel:
    """A case and its twin, which are measured in turns.

    Attributes:
        twin: the older file, under the case's settings.
        wanted: kind of job -> whole pairs that there shall be, those of earlier sittings among them.
    """

    case: Case
    twin: Case
    wanted: dict[str, int]


@dataclass(frozen=True)
class Work:
    """What a run measures.

    Attributes:
        artifacts: case id -> the file to measure; cases without one are left out.
        controls: cases of which the accuracy alone is measured.
        duels: cases to be measured next to their older file; where there are any, nothing else is measured.
    """

    suite: Suite
    run: RunFolder
    data: EvaluationData
    artifacts: dict[str, Artifact]
    controls: tuple[Case, ...]
    listener: Listener
    options: HostOptions = HostOptions()
    duels: tuple[Duel, ...] = ()

    def settings(self, host: str) -> HostSettings:
        """Return what the hosts file says of a host."""
        known = {settings.name: settings for settings in self.suite.hosts_settings}
        return known.get(host, HostSettings(host))

    def cases(self, host: str) -> list[Case]:
        """Return the cases of the plan that a host measures."""
        return [case for case in self.suite.cases if case.host == host]

    def controls_of(self, host: str) -> list[Case]:
        """Return the control cases to score on a host."""
        return [case for case in self.controls if case.host == host]

    def model_files(self, host: str) -> list[HostFile]:
        """Return the model files that a host needs, each once; those that are gone are left out."""
        wanted = [*self.cases(host), *self.controls_of(host)]
        artifacts = [self.artifacts[case.id] for case in wanted if case.id in self.artifacts]
        files = {one.sha256: HostFile(Path(one.path), one.sha256) for one in artifacts}
        return [file for file in files.values() if file.path.is_file()]
