"""`bench report`: render stored results again, without measuring."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.cli import EXIT_GOOD


def run(options: argparse.Namespace) -> int:
    """Render every run found at the given paths."""
    runs = _find(options)
    for folder in runs:
        target = folder if options.output is None else options.output
        if options.output is not None and len(runs) > 1:
            target = options.output / folder.parent.name / folder.name
        target.mkdir(parents=True, exist_ok=True)
        for path in _render(folder, target, options):
            print(path)
    if options.output is not None and len(runs) > 1:
        for path in _render_together(runs, options.output, options.format):
            print(path)
    return EXIT_GOOD


def _find(options: argparse.Namespace) -> list[Path]:
    from bench.store.folder import find_runs

    runs = list(dict.fromkeys(run for path in options.results for run in find_runs(path)))
    return list({run.parent: run for run in runs}.values()) if options.newest else runs


def _render(folder: Path, target: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Write the forms asked for; yields the files."""
    from bench.cli.case_details import details_of
    from bench.picturing import make_gallery
    from bench.report import render_all
    from bench.store.folder import read_run_info
    from bench.store.records import read_records

    records, info = read_records(folder), read_run_info(folder)
    is_text = {"html", "markdown"} & set(options.format)
    gallery = make_gallery(records, folder, info) if options.photos and is_text else None
    details = details_of(records, folder, info) if is_text else ()
    yield from render_all(records, target, info, options.format, gallery, details)
    if "parquet" in options.format:
        yield from _write_parquet([folder], target)
    if "png" in options.format:
        from bench.report.building import build_report
        from bench.report.forms.slides import Look, write_slides

        look = Look(options.theme, options.transparent)
        slides = write_slides(build_report(records, info), target, look)
        if not slides:
            print(f"{folder}: no chart to draw: it takes two measured cases of a model", file=sys.stderr)
        yield from slides


def _render_together(runs: Sequence[Path], target: Path, forms: Sequence[str]) -> Iterator[Path]:
    """Write one table of all runs, in the forms that programs read."""
    from bench.report import render_all
    from bench.store.records import read_records

    records = [record for run in runs for record in read_records(run)]
    yield from render_all(records, target, forms={"csv"} & set(forms))
    if "parquet" in forms:
        yield from _write_parquet(runs, target)


def _write_parquet(runs: Sequence[Path], target: Path) -> list[Path]:
    from bench.store.parquet import PARQUET_NAME, write_parquet

    write_parquet(runs, target / PARQUET_NAME)
    return [target / PARQUET_NAME]
