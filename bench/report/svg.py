"""matplotlib's SVG files made into elements of a page: own ids, the page's colour and fonts, points by case.

What belongs to one point is drawn with a group id, `mark_of`, which here becomes the keys that the page
filters by and the words that it shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.report.html.elements import attributes, keyed, text
from bench.report.model import Chart, CourseChart, CourseLine, Point

# Stands for the page's text colour in an SVG and is replaced by `currentColor`.
INK = "#010203"

# Hundredths of a point are below what a screen shows.
_LONG_FRACTION = re.compile(r"(\d\.\d\d)\d+")
_TAG = re.compile(r"<[^>]*>")
_IDLE = re.compile(r' (?:clip-path="[^"]*"|transform="rotate\(-?0 [^"]*")')
_STYLE = re.compile(r'style="[^"]*"')
_MARK = re.compile(r'<g id="(by-)?point-(\d+)">')
_MARKS = re.compile(r'<g id="points-([\d.]+)">(.*?)</g>', re.DOTALL)


def mark_of(chart: Chart | CourseChart, shown: Point | CourseLine) -> str:
    """Return the group id of a point or a line of a chart."""
    items: Sequence[Point | CourseLine] = chart.points if isinstance(chart, Chart) else chart.lines
    return f"point-{next(index for index, item in enumerate(items) if item is shown)}"


def marks_of(chart: Chart, points: Sequence[Point]) -> str:
    """Return the group id of lines, one of each of these points, in their order."""
    return "points-" + ".".join(mark_of(chart, point).removeprefix("point-") for point in points)


def clean_svg(file: str, chart: Chart | CourseChart, prefix: str) -> str:
    """Make matplotlib's file an element: no prolog, no metadata, own ids, the page's colour and fonts."""
    body = file[file.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = _TAG.sub(_shorten, body)
    body = re.sub(r"<clipPath.*?</clipPath>", "", body, flags=re.DOTALL)
    body = re.sub(r"\n\s*", "\n", body)
    body = re.sub(r'<g id="[^"]*">', "<g>", _name_marks(body, chart))
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    body = re.sub(r'href="#', f'href="#{prefix}-', body)
    body = body.replace(INK, "currentColor").replace("'DejaVu Sans'", "system-ui, sans-serif")
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    label = attributes({"aria-label": f"{chart.title}: {chart.x_title}"})
    return body.replace("<svg", f'<svg role="img" class="chart"{label}', 1)


def _with(item: Point | CourseLine) -> str:
    """Return the attribute of what is shown and hidden with a case's point."""
    return attributes({"data-with": item.keys.case if item.keys else ""})


def _shorten(tag: re.Match[str]) -> str:
    """Shorten a tag: nothing is drawn beyond the plots, so that nothing need be clipped."""
    short = _LONG_FRACTION.sub(r"\1", tag.group()).replace("\n", "")
    return _STYLE.sub(lambda found: found.group().replace(": ", ":").replace("; ", ";"), _IDLE.sub("", short))


def _name_marks(body: str, chart: Chart | CourseChart) -> str:
    """Put whom they are of, and what they show, on the groups of points, and on each line of a group."""
    items: Sequence[Point | CourseLine] = chart.points if isinstance(chart, Chart) else chart.lines

    def one(found: re.Match[str]) -> str:
        item = items[int(found[2])]
        is_point = isinstance(item, Point) and not found[1]
        tip = item.tip if isinstance(item, Point) and is_point else ""
        title = f"<title>{text(tip)}</title>" if tip else ""
        return f"<g{keyed(item.keys) if is_point else _with(item)}>{title}"

    def several(found: re.Match[str]) -> str:
        numbers, paths = found[1].split("."), found[2].split("<path ")
        # matplotlib leaves out lines that lie outside the plot: whose the others are is then unknown.
        if len(paths) != len(numbers) + 1:
            return f"<g>{found[2]}</g>"
        named = (
            f"<path{_with(items[int(number)])} {path}"
            for number, path in zip(numbers, paths[1:], strict=True)
        )
        return f"<g>{paths[0]}{''.join(named)}</g>"

    return _MARK.sub(one, _MARKS.sub(several, body))
