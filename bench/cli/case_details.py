"""Details of each case for a report: its journal is read where the run folder has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.core.record import Record
    from bench.report.detail.model import CaseDetail, Journal


def details_of(records: Sequence[Record], run: Path, info: Mapping[str, Any]) -> tuple[CaseDetail, ...]:
    """Make the details of a run's cases; a journal that is lost or broken is told, and stops nothing.

    Args:
        info: `run.json` of the run.
    """
    from bench.report.detail.making import make_details

    return make_details(records, lambda case: _journal(run, case), str(info.get("suite_path") or ""))


def _journal(run: Path, case: str) -> Journal:
    from bench.errors import StoreError
    from bench.report.detail.model import Journal
    from bench.store.folder import read_rounds

    try:
        lines = read_rounds(run, case)
    except StoreError as error:
        return Journal(trouble=f"its journal cannot be read ({error})")
    return Journal(lines, "" if lines else "the run folder has no journal of it")
