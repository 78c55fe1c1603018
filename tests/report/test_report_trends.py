"""The page of a suite's history: steps first, and pictures whose points lie where their figures are."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

from bench.core.trend import Step, Trend, TrendPoint
from bench.report.trends.page import render_history
from bench.report.trends.plot import LEFT, RIGHT, WIDTH, levels, make_plot, ticks
from bench.report.trends.svg import trend_svg

CASE = "m/int8/litert/t4@pi5"


def a_trend(*values: float, steps: tuple[Step, ...] = ()) -> Trend:
    """Return a latency, a run a day, each 1% wide."""
    points = tuple(
        TrendPoint(
            f"run{day}",
            value,
            value * 0.99,
            value * 1.01,
            f"{day:02}abcdefabcdef",
            False,
            f"2026-11-{day:02}",
        )
        for day, value in enumerate(values, 1)
    )
    return Trend(CASE, "latency_p50_ns", points, steps)


WORSE = Step(3, 3, 3, 0.1, 0.08, 0.12, True, True)
STEPPED = a_trend(2e7, 2e7, 2e7, 2.2e7, 2.2e7, steps=(WORSE,))


def circles(svg: str) -> list[tuple[float, float]]:
    """Return the centres of all points."""
    return [
        (float(one.get("cx", "nan")), float(one.get("cy", "nan")))
        for one in ElementTree.fromstring(svg).iter("circle")
    ]


def test_steps_stand_before_all_series_with_their_commit_and_size() -> None:
    page = render_history("pi", [STEPPED])
    head = page[: page.index('class="charts"')]
    assert "1 step for the worse<" in head and "step at 04abcdefab: +10.0% [+8.0%, +12.0%], worse" in head
    assert "better" not in head[head.index("<main>") :].split("<ul>")[0]


def test_every_run_has_a_point_where_its_value_is() -> None:
    drawn, plot = circles(trend_svg(STEPPED)), make_plot(STEPPED)
    assert drawn == [(plot.x(place), plot.y(point.value)) for place, point in enumerate(STEPPED.points)]
    assert drawn[3][1] < drawn[0][1] == drawn[1][1], "slower stands higher"
    assert all(LEFT < x < WIDTH - RIGHT for x, _ in drawn)


def test_a_point_says_its_date_figure_commit_and_run() -> None:
    (told, *_) = re.findall(r'data-tip="([^"]*)"', trend_svg(STEPPED))
    assert told == "2026-11-01: 20.0 ms [19.8 ms, 20.2 ms], 01abcdefab, run run1"


def test_levels_are_the_means_between_steps() -> None:
    assert levels(STEPPED) == [(0, 3, 2e7), (3, 5, 2.2e7)]


def test_ticks_are_round_and_within_the_plot() -> None:
    for trend in (STEPPED, a_trend(1.0), a_trend(0.0, 0.0), a_trend(3.3e6, 3.4e6), a_trend(1e12, 5e12)):
        plot = make_plot(trend)
        found = ticks(plot, 1e-6)
        assert 2 <= len(found) <= 7, found
        assert all(plot.low <= value <= plot.high for value, _ in found)
        assert len({words for _, words in found}) == len(found), "no two ticks read alike"


def test_a_run_with_uncommitted_changes_is_hollow() -> None:
    first = replace(STEPPED.points[0], is_dirty=True)
    assert trend_svg(replace(STEPPED, points=(first, *STEPPED.points[1:]))).count('class="dot dirty"') == 1


def test_what_is_no_number_is_not_drawn_and_breaks_nothing() -> None:
    points = (replace(STEPPED.points[0], value=math.nan, low=-math.inf, high=math.inf), *STEPPED.points[1:])
    page = render_history("pi", [replace(STEPPED, points=points)])
    assert len(circles(trend_svg(replace(STEPPED, points=points)))) == 4
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)


def test_series_too_short_to_show_a_step_are_counted() -> None:
    short = replace(a_trend(1e7, 1e7), num_needed=10)
    assert "No step seen; 1 of 2 series have too few" in render_history("pi", [short, a_trend(1e7, 1e7)])
    assert "No step: nothing changed" in render_history("pi", [a_trend(1e7, 1e7)])


def test_one_run_and_no_run_are_whole_pages() -> None:
    assert "1 run of 1 case, 1 series." in render_history("pi", [a_trend(1e7)])
    assert "No run has a figure" in render_history("pi", [])


def test_names_out_of_commits_and_runs_are_text() -> None:
    script = "<script>alert(1)</script>"
    point = replace(STEPPED.points[0], run=script, commit='"><b>', started=script)
    page = render_history(script, [Trend(script, "size_bytes", (point,), (), (script,))])
    assert page.count("<script>") == 1 and "<b>" not in page and page.count("&lt;script&gt;") > 3


def test_an_exact_step_of_a_few_bytes_does_not_read_as_none() -> None:
    step = Step(3, 3, 3, 16 / 490_000, 16 / 490_000, 16 / 490_000, True, True)
    trend = replace(a_trend(490_000, 490_000, 490_000, 490_016, 490_016, steps=(step,)), metric="size_bytes")
    assert "+0.0033%, worse" in render_history("pi", [trend])


def test_peak_memory_is_drawn_in_the_unit_of_its_table() -> None:
    memory = replace(a_trend(6e7, 6.1e7), metric="peak_rss_bytes")
    assert ">MiB</text>" in trend_svg(memory) and "57.2 MiB" in render_history("pi", [memory])
    assert ">KiB</text>" in trend_svg(replace(a_trend(4e5, 4.1e5), metric="size_bytes"))
