"""Trends for people: what each case did over its runs, and the commits at which it stepped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.core.metric import METRICS
from bench.core.trend import Step, Trend, TrendPoint
from bench.report.markdown import escape
from bench.report.screen import pad, text_width
from bench.report.texts import printable
from bench.report.units import ABSENT, point_difference
from bench.report.verdicts import METRIC_NAMES, percent_change, value_words

# Of a long series, its newest runs are listed.
NUM_LISTED = 10
_COMMIT_DIGITS = 10


def history_text(trends: Sequence[Trend]) -> str:
    """Return all trends as text: of each its span, its steps, its newest runs."""
    return "\n\n".join(
        "\n".join([title_words(trend), *_indented(told(trend)), *_runs(trend)]) for trend in trends
    )


def history_markdown(suite: str, trends: Sequence[Trend], pictures: Mapping[str, str]) -> str:
    """Return a page: of each metric its picture, and below it each case's steps and runs.

    Args:
        pictures: metric -> file name of its picture.
    """
    lines = [f"# {escape(printable(suite))}: history", "", SAID]
    for metric in dict.fromkeys(trend.metric for trend in trends):
        lines += ["", f"## {escape(METRIC_NAMES[metric])}", "", f"{METRICS[metric][2]}.", ""]
        lines += [f"![{METRIC_NAMES[metric]} over runs]({pictures[metric]})"] if metric in pictures else []
        for trend in trends:
            if trend.metric == metric:
                lines += [
                    "",
                    f"### {escape(title_words(trend))}",
                    "",
                    *(f"- {escape(t)}" for t in told(trend)),
                ]
                lines += ["", *_table(trend)]
    return "\n".join(lines) + "\n"


SAID = (
    "A step is a level that changed and stayed; its commit is that of the first run on the new level. Chance "
    "gives one to about 1 in 200 series whose runs do not depend on each other, and more where a machine "
    "drifts."
)


def title_words(trend: Trend) -> str:
    """Name a trend: metric, case, runs, dates."""
    count = len(trend.points)
    runs = f"{count} run{'s' if count > 1 else ''}"
    dates = list(dict.fromkeys(_date(point) for point in (trend.points[0], trend.points[-1])))
    return f"{METRIC_NAMES[trend.metric]} of {printable(trend.case)}: {runs}, {' to '.join(dates)}"


def told(trend: Trend) -> list[str]:
    """Return what there is to say of a trend, a sentence a line."""
    said = [f"another series begins here: {printable('; '.join(trend.broken_by))}"] if trend.broken_by else []
    said += [step_words(trend, step) for step in trend.steps]
    if not trend.steps:
        few = len(trend.points) < trend.num_needed
        said.append(f"too few runs to see a step: {trend.num_needed} are needed" if few else "no step")
    if trend.num_left_out:
        said.append(f"{trend.num_left_out} runs left out: failed, without a figure, or not for decisions")
    return said


def step_words(trend: Trend, step: Step) -> str:
    """Say what stepped, by how much, and where it began."""
    first, last_before = trend.points[step.place], trend.points[step.place - 1]
    ends = f" [{_change(step, step.low)}, {_change(step, step.high)}]" if step.low != step.high else ""
    sign = "worse" if step.is_worse else "better"
    text = (
        f"step at {commit_words(first)}: {_change(step, step.change)}{ends}, {sign}; "
        f"first seen in run {printable(first.run)}, after {commit_words(last_before)}"
    )
    if step.earliest < step.latest:
        ends_of_place = (printable(trend.points[place].run) for place in (step.earliest, step.latest))
        text += f"; it may have begun anywhere from {' to '.join(ends_of_place)}"
    return text


def _change(step: Step, change: float) -> str:
    if step.is_relative:
        return percent_change(change)
    return f"{point_difference(change)} points"


def commit_words(point: TrendPoint) -> str:
    """Name the commit of a run."""
    if not point.commit:
        return "an unknown commit"
    return printable(point.commit)[:_COMMIT_DIGITS] + (" with uncommitted changes" if point.is_dirty else "")


def _date(point: TrendPoint) -> str:
    return printable(point.started)[:10] or "an unknown date"


def run_cells(trend: Trend) -> list[tuple[str, ...]]:
    """Return the newest runs: date, run, commit, value, interval, and a mark where a step begins."""
    places = {step.place for step in trend.steps}
    hidden = max(len(trend.points) - NUM_LISTED, 0)
    return [
        (
            _date(point),
            printable(point.run),
            commit_words(point),
            value_words(trend.metric, point.value),
            interval_words(trend.metric, point),
            "step" if place in places else "",
        )
        for place, point in enumerate(trend.points)
        if place >= hidden
    ]


def interval_words(metric: str, point: TrendPoint) -> str:
    """Show the interval of a run in people's units."""
    if point.low is None or point.high is None:
        return ABSENT
    return f"[{value_words(metric, point.low)}, {value_words(metric, point.high)}]"


def _runs(trend: Trend) -> list[str]:
    cells = run_cells(trend)
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(pad(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    hidden = len(trend.points) - len(cells)
    return _indented([f"({hidden} older runs: --json has them)"] if hidden else []) + _indented(lines)


def _table(trend: Trend) -> list[str]:
    head = ("date", "run", "commit", "value", "interval", "")
    rows = [head, ["---"] * len(head), *(tuple(map(escape, row)) for row in run_cells(trend))]
    return [f"| {' | '.join(row)} |" for row in rows]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
