"""Older files as cases that can be measured beside those of a suite, each described as it was then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.core.pair import twin_id
from bench.core.suite import Case
from bench.running.older import Older
from bench.running.work import Work

# Hosts are let go between two looks at pairs. Whoever comes in between is waited for: what a run has measured
# until then is worth more than its end at once.
_PATIENCE_SECONDS = 900.0


def twin_of(case: Case) -> Case:
    """Return the older file as a case: with a model of its own, under the same settings."""
    return replace(case, id=twin_id(case.id), model=twin_id(case.id), sibling="")


def with_twins(work: Work, older: Older, cases: Sequence[Case]) -> Work:
    """Return work whose suite knows the models of the cases' twins, and their files."""
    models = [
        replace(
            work.suite.model(case.model), name=twin_id(case.id), description=older.cases[case.id].description
        )
        for case in cases
    ]
    files = {twin_id(case.id): older.cases[case.id].artifact for case in cases}
    suite = replace(work.suite, models=(*work.suite.models, *models))
    options = replace(work.options, wait_seconds=max(work.options.wait_seconds, _PATIENCE_SECONDS))
    return replace(work, suite=suite, artifacts={**work.artifacts, **files}, options=options)


def hosts_of(work: Work, cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the hosts of some cases, in the order of the suite."""
    used = {case.host for case in cases}
    return tuple(host for host in work.suite.hosts if host in used)
