"""All report files of one run, written beside its records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.core.record import Record
from bench.errors import StoreError
from bench.report.building import build_report
from bench.report.detail.making import make_details
from bench.report.detail.model import CaseDetail
from bench.report.forms.latex import render_latex
from bench.report.forms.paper_table import render_paper_table
from bench.report.gallery.model import Gallery
from bench.report.html.page import render_page
from bench.report.markdown import render_markdown
from bench.report.model import Chart, CourseChart, ReportModel
from bench.report.rows import render_csv

# A chart is some 30 kB of SVG; the page stays below 2 MB with so many sections drawn.
MOST_DRAWN_SECTIONS = 8


class Picture(NamedTuple):
    """A drawn chart: the file name of its PNG, and its `<svg>` element."""

    name: str
    element: str


# What a report consists of unless something else is asked for.
MAIN_FORMS = ("html", "markdown", "csv")

# Forms that need nothing but the records: name -> file, and what makes its text.
_TABLES: dict[str, tuple[str, Callable[[Sequence[Record]], str]]] = {
    "csv": ("records.csv", render_csv),
    "latex": ("table.tex", render_latex),
    "table": ("table.md", render_paper_table),
}


def render_all(
    records: Sequence[Record],
    folder: Path,
    run_info: Mapping[str, Any] | None = None,
    forms: Collection[str] = MAIN_FORMS,
    gallery: Gallery | None = None,
    details: Sequence[CaseDetail] | None = None,
) -> list[Path]:
    """Write `report.html`, `report.md` with its pictures, and `records.csv` into a folder.

    Args:
        run_info: `run.json` of the run; anything may be missing from it.
        forms: which of `html`, `markdown`, `csv`, `latex` (`table.tex`) and `table` (`table.md`) to write;
            others are left to others.
        gallery: photos for page and Markdown (`bench.picturing` makes it).
        details: of each case, with what its journal tells; None for what the records alone tell.

    Returns:
        The paths of the files, the page first.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        texts, pictures = {}, {}
        if {"html", "markdown"} & set(forms):
            report = replace(build_report(records, run_info), gallery=gallery)
            report = replace(report, details=tuple(make_details(records) if details is None else details))
            pictures = _draw(report, folder)
            texts = _render(report, pictures, forms)
        texts |= {file: make(records) for form, (file, make) in _TABLES.items() if form in forms}
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the report ({error.strerror}); free space, or name a folder that "
            "can be written with --output; the records themselves are safe"
        ) from error
    return [folder / name for name in (*texts, *(picture.name for picture in pictures.values()))]


def _render(
    report: ReportModel, pictures: Mapping[tuple[int, str], Picture], forms: Collection[str]
) -> dict[str, str]:
    texts = {}
    if "html" in forms:
        texts["report.html"] = render_page(report, {key: one.element for key, one in pictures.items()})
    if "markdown" in forms:
        texts["report.md"] = render_markdown(report, {key: one.name for key, one in pictures.items()})
    return texts


def _draw(report: ReportModel, folder: Path) -> dict[tuple[int, str], Picture]:
    from bench.report.drawing import draw_chart

    # Parts over several hosts count from -1 downwards; their charts have keys of their own.
    drawn: list[tuple[int, tuple[Chart | CourseChart, ...]]]
    drawn = [(-1 - index, part.charts) for index, part in enumerate(report.across[:MOST_DRAWN_SECTIONS])]
    drawn += [
        (index, (*part.charts, *part.courses))
        for index, part in enumerate(report.sections[:MOST_DRAWN_SECTIONS])
    ]
    pictures = {}
    for index, charts in drawn:
        number = index + 1 if index >= 0 else -index
        for chart in charts:
            name = f"chart-{chart.key}.png" if number == 1 else f"chart-{number}-{chart.key}.png"
            element = draw_chart(chart, f"c{number}-{chart.key}", folder / name)
            pictures[index, chart.key] = Picture(name, element)
    return pictures
