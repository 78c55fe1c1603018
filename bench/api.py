"""The Python API, for notebooks and scripts: read results, compare, choose, draw. It measures nothing.

Its functions are there as `bench.<name>`. They keep their names and arguments: an argument may be added with
a default, a column or a field may be added, none is renamed or removed within a major version. Paths may be
texts; whatever is heavy is imported when a function is called.
"""

from __future__ import annotations

from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from bench.analysis.choosing import Choice
    from bench.core.record import Record
    from bench.report.forms.slides import Theme

AnyPath = str | PathLike[str]

__all__ = ["choose", "compare_results", "draw_charts", "load_results", "load_rounds", "read_records"]


def load_results(path: AnyPath) -> DataFrame:
    """Read the records of one run, or of several below a folder, as a data frame.

    Args:
        path: a run folder, a `records.jsonl`, or a folder above runs (`results/quickstart`, `results`).

    Returns:
        One row a case: what was measured (`precision`, `runtime`, `host`, `status`, ...) and one column
        a metric by its name (`map_50_95`, `latency_p50_ns`), with `<name>_low` and `<name>_high` beside it
        where an interval is known. Figures are in base units; NaN where there is none.

    Raises:
        StoreError: there are no readable records at that path.
    """
    from bench.store.frame import load_results as load

    return load(Path(path))


def load_rounds(path: AnyPath) -> DataFrame:
    """Read every timed round of one run, or of several below a folder, with all its raw samples.

    Returns:
        One row a round, which is a process of its own, invalid ones with `reason` too: the case, the machine
        after it, and as arrays `inference_ns`, `total_ns` (end to end) and its parts, in nanoseconds.

    Raises:
        StoreError: there are no readable records at that path, or a journal is broken.
    """
    from bench.store.rounds_frame import load_rounds as load

    return load(Path(path))


def read_records(path: AnyPath, newest_only: bool = True) -> list[Record]:
    """Read records with all that they hold: metrics with notes, per-class AP, proof, environment, hashes.

    Args:
        newest_only: of several runs of one suite, read the newest alone.

    Raises:
        StoreError: there are no readable records at that path.
    """
    from bench.store.records import read_records as read

    return read(Path(path), newest_only)


def compare_results(before: AnyPath, after: AnyPath, accept: Collection[str] = ()) -> DataFrame:
    """Judge new results against old ones under the tolerances of the new ones' suite, as `bench compare`.

    Args:
        before: a run folder, or one above: its newest run.
        after: likewise; the side that is judged.
        accept: settings that may differ, as of `bench compare --accept`.

    Returns:
        One row a metric of a case: the fields of `bench.core.verdict.Verdict` (`answer`, `before`, `after`,
        `change` with `low` and `high`, worsening is positive), and `words`, why the answer is what it is.

    Raises:
        StoreError: there are no readable records at one of the paths.
    """
    from dataclasses import asdict, fields

    import pandas

    from bench.core.verdict import Verdict
    from bench.gating.gate import compare
    from bench.gating.sides import read_side
    from bench.report.verdicts import explain

    verdicts = compare(read_side(Path(before)), read_side(Path(after)), tuple(accept))
    columns = [*(field.name for field in fields(Verdict)), "words"]
    return pandas.DataFrame([{**asdict(one), "words": explain(one)} for one in verdicts], columns=columns)


def choose(path: AnyPath, where: str = "", best: str = "map_50_95") -> Choice:
    """Choose the best case under demands, as `bench choose`.

    Args:
        where: demands joined by `and`: `latency_p95 <= 50 ms and size <= 5 MB and host == pi5`.
        best: the metric that decides, by its own direction.

    Returns:
        The best record or None, those that tie with it, the others, and what misses by how much.

    Raises:
        UsageError: a demand or metric is none, no case has that host, precision or the like, or there are
            results of several suites; the message has the nearest known name.
        StoreError: there are no readable records at that path.
    """
    from bench.choosing import ask

    return ask(Path(path), where, best).choice


def draw_charts(path: AnyPath, theme: Theme = "light") -> dict[tuple[str, str], Figure]:
    """Draw the report's charts of the newest run as matplotlib figures, 16:9.

    Returns:
        (what it is of, which chart) -> figure: `("builtin on local", "latency")`; `latency`, `memory` and
        `size` are there wherever two cases have a point. `figure.savefig(...)` keeps one.

    Raises:
        StoreError: there are no readable records at that path.
    """
    from bench.report.building import build_report
    from bench.report.forms.slides import Look, draw_figures
    from bench.store.folder import read_run_info
    from bench.store.records import find_record_files
    from bench.store.records import read_records as read

    file = find_record_files(Path(path))[-1]
    info = read_run_info(file.parent) if (file.parent / "run.json").is_file() else {}
    return draw_figures(build_report(read(file), info), Look(theme))
