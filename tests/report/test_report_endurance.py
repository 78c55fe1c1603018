"""Sustained runs and energy in the report: sentences, tables, and a chart over time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fake_records import fake_record

from bench.core.metric import make_metric
from bench.core.record import Record
from bench.report.building import build_report
from bench.report.course_drawing import _thinned
from bench.report.courses import make_courses
from bench.report.labels import case_labels
from bench.report.markdown import render_markdown
from bench.report.rendering import render_all

MS = 1_000_000


def with_sustained(record: Record, slow: float, share: float | None, **changes: Any) -> Record:
    """Return a record of half an hour that ends `slow` times as slow as it began."""
    metrics = (
        make_metric("latency_burst_p50_ns", 10.0 * MS, count=600),
        make_metric("latency_steady_p50_ns", 10.0 * MS * slow, count=600, note="the last third"),
        make_metric("latency_steady_ratio", slow, count=600),
        make_metric("peak_temperature_c", None if share is None else 84.6),
        make_metric("throttled_share", share, note="" if share is not None else "unknown: no bits"),
    )
    minutes = [float(60 * minute) for minute in range(30)]
    series = {
        "board": "",
        "seconds": 1800.0,
        "num_calls": 120_000,
        "at_s": minutes,
        "latency_p50_ns": [10.0 * MS * (slow if at > 300 else 1) for at in minutes],
        "probe_s": minutes,
        "temperature_c": [None if share is None else 50 + at / 60 for at in minutes],
        "frequency_hz": [
            None if share is None else 1_500_000_000 if at > 300 else 2_400_000_000 for at in minutes
        ],
        "is_throttled": [None if share is None else at > 300 for at in minutes],
        "first_throttled_s": 360.0 if share else None,
        "causes": {"throttled": share, "soft temperature limit": 0.1} if share else {},
        "lowest_frequency_hz": None if share is None else 1_500_000_000,
        **changes,
    }
    return replace(record, metrics=(*record.metrics, *metrics), sustained=(series,))


def with_energy(record: Record) -> Record:
    values = {"energy_per_inference_j": 0.0123, "energy_per_inference_gross_j": 0.034}
    values |= {"load_power_w": 5.61, "idle_power_w": 2.9}
    return replace(record, metrics=(*record.metrics, *(make_metric(n, v) for n, v in values.items())))


@pytest.fixture
def records() -> list[Record]:
    return [
        with_sustained(fake_record("litert", "fp32"), 1.5, 0.8),
        with_sustained(fake_record("litert", "int8"), 1.01, 0.0),
        with_sustained(fake_record("onnxruntime", "fp32"), 0.8, None),
    ]


def test_each_case_says_how_its_speed_lasts_and_what_held_it_back(records: list[Record]) -> None:
    (section,) = build_report(records).sections
    told = [text for text in section.findings if " over 30.0 min" in text]
    assert told == [
        "fp32 on litert: gets 1.50× slower over 30.0 min (10.0 ms in the first minute, 15.0 ms in the last "
        "third), 85 °C at the most; held back at 80% of the looks, first after 6.0 min (throttled, soft "
        "temperature limit).",
        "int8 on litert: keeps its speed over 30.0 min (10.0 ms in the first minute, 10.1 ms in the last "
        "third), 85 °C at the most; the processor was never held back.",
        "fp32 on onnxruntime: gets 1.25× faster over 30.0 min (10.0 ms in the first minute, 8.00 ms in the "
        "last third); whether the processor was held back is unknown.",
    ]


def test_the_table_has_both_speeds_the_heat_and_the_clock(records: list[Record]) -> None:
    (section,) = build_report(records).sections
    table = next(table for table in section.tables if table.title == "Sustained runs")
    shown = {column.title: cell for column, cell in zip(table.columns, table.rows[0].cells, strict=True)}
    assert (shown["Burst"].text, shown["Steady"].text, shown["Ratio"].text) == ("10.0", "15.0", "1.50×")
    assert (shown["Hottest"].text, shown["Lowest clock"].text, shown["Since"].text) == ("84.6", "1500", "6.0")
    assert (shown["Held back"].text, shown["Held back"].detail) == (
        "80%",
        "throttled, soft temperature limit",
    )
    assert "Held back: unknown: no bits" in table.notes


def test_energy_stands_in_millijoules_above_rest_and_with_it(records: list[Record]) -> None:
    (section,) = build_report([with_energy(records[0])]).sections
    table = next(table for table in section.tables if table.title == "Energy")
    texts = [cell.text for cell in table.rows[0].cells]
    assert texts[2:6] == ["12.3", "34.0", "5.61", "2.90"]


def test_runs_without_either_have_neither() -> None:
    (section,) = build_report([fake_record("litert", "fp32")]).sections
    assert not {"Energy", "Sustained runs"} & {table.title for table in section.tables}
    assert section.courses == ()


def test_the_chart_is_drawn_for_page_and_markdown(records: list[Record], tmp_path: Path) -> None:
    paths = render_all(records, tmp_path)
    assert (tmp_path / "chart-sustained.png") in paths
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    assert 'aria-label="Sustained runs: Minutes"' in page and "chart-sustained.png" in text
    assert "Clock, MHz" in page and "fp32 on litert" in page


def test_unknown_temperature_and_clock_leave_their_plots_out(records: list[Record], tmp_path: Path) -> None:
    render_all([records[2]], tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert 'aria-label="Sustained runs: Minutes"' in page and "Clock, MHz" not in page


def test_more_runs_than_can_be_told_apart_are_cut_and_counted(records: list[Record]) -> None:
    many = [replace(records[0], case=f"{records[0].case}{i}", threads=i) for i in range(1, 12)]
    (section,) = build_report(many).sections
    (chart,) = section.courses
    assert len(chart.lines) == 8 and chart.caption.endswith("The first 8 of 11 runs.")


def test_boards_of_one_host_have_a_line_each(records: list[Record]) -> None:
    (run,) = records[0].sustained
    both = replace(records[0], sustained=({**run, "board": "pi-a"}, {**run, "board": "pi-b"}))
    (section,) = build_report([both]).sections
    assert [line.label for line in section.courses[0].lines] == [
        "fp32 on litert (pi-a)",
        "fp32 on litert (pi-b)",
    ]
    assert "pi-b" not in render_markdown(build_report([records[0]]), {})


def test_mean_accuracy_is_drawn_against_energy_where_two_cases_have_it(records: list[Record]) -> None:
    costs = [chart.key for section in build_report(records).sections for chart in section.charts]
    assert "energy" not in costs
    (section,) = build_report([with_energy(record) for record in records]).sections
    chart = next(chart for chart in section.charts if chart.key == "energy")
    assert {point.x for point in chart.points} == {12.3} and len(chart.points) == len(records)
    assert "12.3 mJ" in chart.points[0].tip
    assert any(said.startswith("Pareto front of mAP against energy") for said in section.findings)


def test_curves_go_with_their_case_when_it_is_filtered(records: list[Record], tmp_path: Path) -> None:
    render_all(records, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    drawing = page[page.index('aria-label="Sustained runs') :]
    drawing = drawing[: drawing.index("</svg>")]
    for record in records:
        assert f'data-with="{record.case}"' in drawing


def test_crosses_of_a_long_run_do_not_run_together(records: list[Record]) -> None:
    held = [(float(minute), 80.0) for minute in range(400, 600)]
    line = make_courses(records, case_labels(records))[0].lines[0]
    kept = _thinned(held, replace(line, probe_minutes=tuple(float(minute) for minute in range(600))))
    assert kept[0] == held[0] and len(kept) <= 14
    assert all(later[0] - sooner[0] >= 15 for sooner, later in pairwise(kept))
