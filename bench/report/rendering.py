"""All report files of one run, written beside its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.core.record import Record
from bench.errors import StoreError
from bench.report.building import build_report
from bench.report.markdown import render_markdown
from bench.report.rows import render_csv


def render_all(
    records: Sequence[Record], folder: Path, run_info: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write `report.md` with its pictures, `report.html` and `records.csv` into a folder.

    Args:
        run_info: `run.json` of the run; anything may be missing from it.

    Raises:
        StoreError: the folder cannot be written.
    """
    report = build_report(records, run_info)
    texts = {
        "report.md": render_markdown(report, {}),
        "records.csv": render_csv(records),
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the report ({error.strerror}); the records are safe"
        ) from error
    return [folder / name for name in texts]
