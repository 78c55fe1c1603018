"""The history of a suite as a page: its steps first, then each metric, a picture and a table a case."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.metric import METRICS
from bench.core.trend import Step, Trend
from bench.report.comparison.model import keys_of_case
from bench.report.history import SAID, run_cells, step_words, title_words, told
from bench.report.html.elements import (
    attributes,
    bullets,
    element,
    folded,
    heading,
    keyed,
    paragraph,
    text,
)
from bench.report.html.frame import page
from bench.report.texts import printable
from bench.report.trends.svg import trend_svg
from bench.report.verdicts import METRIC_NAMES

# More steps than this are told with their trends only.
MOST_STEPS = 30

HEADS = ("Date", "Run", "Commit", "#Value", "Interval", "")


def render_history(suite: str, trends: Sequence[Trend]) -> str:
    """Return the page."""
    metrics = list(dict.fromkeys(trend.metric for trend in trends))
    parts = [
        f"<header>\n{heading(1, f'{suite}: history')}{paragraph(_summary(trends), 'soft')}</header>\n",
        _steps(trends),
        *(_metric(metric, [trend for trend in trends if trend.metric == metric]) for metric in metrics),
        heading(2, "How to read this", "reading") + bullets(READING),
    ]
    return page(f"{suite}: history", "".join(parts), (STYLE,))


READING = (
    SAID,
    "A point is a run with its interval, from old to new; hollow where its checkout had changes that no "
    "commit has. Flat lines are the means of levels. Vertical lines are steps: dashed for the worse, dotted "
    "for the better, with the commit of the first run on the new level.",
    "Runs are joined into a series only where machine, data and versions agree; what differs begins another.",
)


def _summary(trends: Sequence[Trend]) -> str:
    if not trends:
        return "No run has a figure of these metrics that may be decided on."
    runs = {point.run for trend in trends for point in trend.points}
    cases = {trend.case for trend in trends}
    return f"{_count(len(runs), 'run')} of {_count(len(cases), 'case')}, {_count(len(trends), 'series')}."


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 or noun.endswith("s") else f"{noun}s"
    return f"{number} {plural}"


def _steps(trends: Sequence[Trend]) -> str:
    """Return all steps in a card, the newest first; those for the worse are its headline."""
    if not trends:
        return ""
    found = [(trend, step) for trend in trends for step in trend.steps]
    worse = sum(step.is_worse for _, step in found)
    counts = {"worse": worse, "better": len(found) - worse}
    title = ", ".join(f"{_count(number, 'step')} for the {way}" for way, number in counts.items() if number)
    newest = sorted(found, key=lambda one: one[0].points[one[1].place].started, reverse=True)
    items = "".join(map(_step, newest[:MOST_STEPS]))
    left = len(newest) - MOST_STEPS
    more = paragraph(f"{left} older steps stand below, with their cases.", "note") if left > 0 else ""
    head = heading(2, title or _no_step(trends), "answers")
    body = f"\n{head}{f'<ul>{items}</ul>' if items else ''}{more}"
    return element("article", body, class_="answer stopped" if worse else "answer") + "\n"


def _no_step(trends: Sequence[Trend]) -> str:
    """Say that nothing stepped, and of how many series that cannot be known yet."""
    short = sum(len(trend.points) < trend.num_needed for trend in trends)
    if not short:
        return "No step: nothing changed its level and stayed"
    return f"No step seen; {short} of {len(trends)} series have too few runs to show one"


def _step(one: tuple[Trend, Step]) -> str:
    trend, step = one
    words = f"{METRIC_NAMES[trend.metric]} of {printable(trend.case)}"
    return (
        f"<li{keyed(keys_of_case(printable(trend.case)))}><strong>{text(words)}</strong>: "
        f"{text(step_words(trend, step))}</li>\n"
    )


def _metric(metric: str, trends: Sequence[Trend]) -> str:
    about = f"{METRICS[metric][2][:1].upper()}{METRICS[metric][2][1:]}; {METRICS[metric][1]} is better."
    figures = "".join(map(_figure, trends))
    return (
        f"<section>\n{heading(2, METRIC_NAMES[metric])}{paragraph(about, 'note')}"
        f'<div class="charts">\n{figures}</div></section>\n'
    )


def _figure(trend: Trend) -> str:
    keys = keys_of_case(printable(trend.case))
    title = title_words(trend).partition(" of ")[2]
    return (
        f"<figure{keyed(keys)}>{heading(3, title)}{trend_svg(trend)}"
        f"<figcaption>{bullets(told(trend))}</figcaption>{folded('Its runs', _runs(trend))}</figure>\n"
    )


def _runs(trend: Trend) -> str:
    """Return the newest runs; older ones are in the JSON beside the page."""
    heads = "".join(
        f'<th scope="col"{attributes({"class": "number" if head.startswith("#") else ""})}>'
        f"{text(head.removeprefix('#')) or 'Step'}</th>"
        for head in HEADS
    )
    cells = run_cells(trend)
    values = [point.value for point in trend.points[-len(cells) :]]
    rows = "".join(_row(row, value) for row, value in zip(cells, values, strict=True))
    older = len(trend.points) - len(cells)
    left = paragraph(f"{older} older runs: history.json has them.", "note") if older else ""
    label = attributes({"aria-label": title_words(trend)})
    return (
        f'<div class="scroll" role="group" tabindex="0"{label}><table class="sortable">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{left}"
    )


def _row(row: Sequence[str], value: float) -> str:
    cells = [
        f'<td class="number"{attributes({"data-value": value})}>{text(cell)}</td>'
        if head.startswith("#")
        else f"<td>{text(cell)}</td>"
        for head, cell in zip(HEADS, row, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


STYLE = """
.answer.stopped { border-left-color: var(--bad); } header + .answer { margin-top: 1.25rem; }
.answer h2 { margin: 0 0 .4rem; }
figure svg.trend { max-width: 32rem; }
.trend text { font-size: 12px; fill: var(--soft); }
.trend path { fill: none; stroke: currentColor; }
.trend .grid { stroke: var(--line); } .trend .base { stroke: var(--soft); }
.trend .spread { stroke: var(--soft); stroke-width: 1.2; } .trend .level { stroke-width: 1.4; opacity: .75; }
.trend .dot { fill: currentColor; stroke: currentColor; stroke-width: 1.5; }
.trend .dirty { fill: var(--card); }
.trend .step { stroke-width: 1.6; stroke-dasharray: 5 3; }
.trend .step.worse { stroke: var(--bad); }
.trend .step.better { stroke: var(--good); stroke-dasharray: 1.5 3; }
.trend text.worse { fill: var(--bad); } .trend text.better { fill: var(--good); }
figcaption ul { margin: .3rem 0; } figure td:first-child { white-space: nowrap; }
@media (max-width: 560px) { .charts figure details { padding-inline: .5rem; } }
"""
