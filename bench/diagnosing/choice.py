"""Which of a suite's models and cases are to be diagnosed."""

from __future__ import annotations

from dataclasses import dataclass

from bench.core.suite import Case, Suite
from bench.detectors.naming import nearest
from bench.errors import UsageError


@dataclass(frozen=True)
class Choice:
    """What to diagnose.

    Attributes:
        models: by name, in the suite's order.
        cases: of these models, and the fp32 siblings of them, which may be another model's.
        is_single: one case was asked for, so that all is to be said of it.
    """

    models: tuple[str, ...]
    cases: tuple[Case, ...]
    is_single: bool = False


def choose(suite: Suite, case_id: str = "", model: str = "") -> Choice:
    """Choose one case by its id, the cases of one model, or all.

    Raises:
        UsageError: there is no such case or model; the message offers the nearest name.
    """
    models, cases = [item.name for item in suite.models], {case.id: case for case in suite.cases}
    if case_id and case_id not in cases:
        raise UsageError(f"--case: no case {case_id!r}{nearest(case_id, cases)}")
    if model and model not in models:
        raise UsageError(f"--model: no model {model!r}{nearest(model, models)}")
    chosen = [case for case in cases.values() if _is_meant(case, case_id, model)]
    wanted = {case.id for case in chosen} | {case.sibling for case in chosen}
    names = {case.model for case in chosen}
    return Choice(
        tuple(name for name in models if name in names),
        tuple(case for case in cases.values() if case.id in wanted),
        bool(case_id),
    )


def _is_meant(case: Case, case_id: str, model: str) -> bool:
    return case.id == case_id if case_id else model in ("", case.model)
