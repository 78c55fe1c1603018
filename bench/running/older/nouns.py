"""Older: the model files of an earlier state of a suite, case by case, and why some cannot be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.core.artifact import Artifact
from bench.core.suite import Overrides
from bench.datasets.prepare import Prepared
from bench.gating.baselines import Baseline, baseline_side
from bench.gating.sides import Side
from bench.running.listener import Listener
from bench.wire.description import ModelDescription


@dataclass(frozen=True)
class OlderCase:
    """The model file that a case had, ready to be measured.

    Attributes:
        description: how that file is fed and read, as it was then.
        source: where the file comes from, in words.
    """

    artifact: Artifact
    description: ModelDescription
    source: str


@dataclass(frozen=True)
class Older:
    """What the cases of a suite were before.

    Attributes:
        name: as a person knows it: a run, a baseline, a revision with its commit.
        cases: case id of the new suite -> its older file.
        missing: case id -> why its older file cannot be had; every case that could be measured now is in
            one of the two. `lost`: those of `missing` that were there then, so that they are not new.
        removed: ids of cases that there were, and that cannot be measured any more; of a revision alone, as
            stored figures tell it themselves.
        side: figures that were stored then; None for a revision, which has none. Of a baseline that was kept
            on several kinds of machines see `stored_for`.
        baselines: what a baseline consists of, a file a machine kind.
        commit: of a revision, in full; of results and baselines the commit they were measured at; empty where
            none is known.
    """

    name: str
    cases: dict[str, OlderCase] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    side: Side | None = None
    commit: str = ""
    baselines: tuple[Baseline, ...] = ()
    lost: frozenset[str] = frozenset()
    removed: tuple[str, ...] = ()

    def stored_for(self, after: Side) -> Side | None:
        """Return the stored figures of the machines on which new ones were measured, where there are any."""
        return baseline_side(list(self.baselines), after) if self.baselines else self.side


@dataclass(frozen=True)
class Surroundings:
    """What looking for older files needs beside the suite.

    Attributes:
        data: images of the suite as it is now, as `prepare_data` returns them.
        baselines: where baselines are kept.
        folder: for logs of what is built.
        overrides: what the command line changed of the suite: older files are made at the same size.
    """

    data: Prepared
    baselines: Path
    folder: Path
    listener: Listener
    overrides: Overrides = Overrides()
    build_timeout_seconds: float = 3600.0
