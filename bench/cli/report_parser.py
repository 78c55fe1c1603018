"""Options of `bench report`: which runs, where to, and in which forms."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.run_parser import add_photos

# Form -> what is written.
FORMS = {
    "html": "report.html",
    "markdown": "report.md with pictures",
    "csv": "records.csv",
    "parquet": "records.parquet",
    "latex": "table.tex for papers (booktabs)",
    "table": "table.md, the same table in Markdown",
    "png": "slide-*.png, charts for slides (16:9)",
}
USUAL_FORMS = ("html", "markdown", "csv")


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add what `bench report` takes."""
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS", help="run folders, or folders above"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where to write (default: the run's folder)"
    )
    forms = "; ".join(f"{name}: {what}" for name, what in FORMS.items())
    parser.add_argument(
        "--format",
        type=read_forms,
        default=USUAL_FORMS,
        metavar="FORM,...",
        help=f"which forms to write ({','.join(USUAL_FORMS)}). {forms}",
    )
    add_photos(parser)
    parser.add_argument("--newest", action="store_true", help="of several runs of a suite the newest alone")
    parser.add_argument(
        "--theme", choices=["light", "dark"], default="light", help="background of slides (light)"
    )
    parser.add_argument("--transparent", action="store_true", help="slides without a background")


def read_forms(text: str) -> tuple[str, ...]:
    """Read names of forms that are joined by commas.

    Raises:
        ArgumentTypeError: one is unknown; the message has the nearest known name.
    """
    from bench.suite.spelling import advise

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FORMS:
            raise argparse.ArgumentTypeError(f"unknown form {name!r}{advise(name, FORMS)}")
    if not names:
        raise argparse.ArgumentTypeError(f"no form is named, expected some of {', '.join(FORMS)}")
    return tuple(dict.fromkeys(names))
