"""Every number on the page is the record's: its value, its interval, and what is shown of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fake_hosts import on_boards, on_host
from fake_records import fake_record, quickstart_records
from test_report_endurance import with_energy, with_sustained
from tracing import read_figures, untraced, wrong

from bench.core.metric import make_metric
from bench.core.record import Record
from bench.report.building import build_report
from bench.report.detail.making import make_details
from bench.report.detail.model import Journal
from bench.report.html.page import render_page

STAGES = {
    "decode_p50_ns": 1.9e6,
    "preprocess_p50_ns": 0.81e6,
    "invoke_p50_ns": 1.234e6,
    "postprocess_p50_ns": 0.5e6,
}
MIB = 2**20
JOURNAL: list[dict[str, Any]] = [
    {
        "kind": "memory",
        "status": "ok",
        "result": {"baseline_rss_bytes": 40 * MIB, "loaded_rss_bytes": 41 * MIB, "peak_rss_bytes": 50 * MIB},
    },
    {"kind": "latency", "status": "ok", "started": "1", "result": {"inference_ns": [7_000_000, 9_000_000]}},
]


def with_stages(record: Record) -> Record:
    """Return the record with a split of its end-to-end time."""
    told = tuple(make_metric(name, value) for name, value in STAGES.items())
    return replace(record, metrics=(*(m for m in record.metrics if m.name not in STAGES), *told))


PUBLISHED = {"data": "val", "source": "a table", "map_50_95": 0.61, "map_50": None}

SUITES = {
    "published": [replace(record, expected=PUBLISHED) for record in quickstart_records()],
    "one host": [with_stages(record) for record in quickstart_records()],
    "two hosts": [*quickstart_records(), *on_host("pi5")],
    "boards": [*quickstart_records(), *on_boards("pis", 4)],
    "sustained": [
        with_energy(with_sustained(fake_record("litert", "fp32"), 1.5, 0.8)),
        with_energy(with_sustained(fake_record("litert", "int8"), 1.01, 0.0)),
    ],
}


def page_of(records: Sequence[Record]) -> str:
    """Return the page of some records that all have the same journal."""
    details = make_details(records, lambda _: Journal(JOURNAL))
    return render_page(replace(build_report(records), details=details), {})


@pytest.mark.parametrize("name", SUITES)
def test_every_number_is_that_of_the_record_it_names(name: str) -> None:
    records = SUITES[name]
    figures = read_figures(page_of(records))
    assert wrong(figures, records, JOURNAL) == []
    assert sum(bool(figure.source) for figure in figures) > 30 * len(records)


@pytest.mark.parametrize("name", SUITES)
def test_no_number_in_a_table_stands_without_its_record(name: str) -> None:
    assert untraced(read_figures(page_of(SUITES[name]))) == []


@pytest.mark.parametrize("name", SUITES)
def test_points_of_charts_are_the_records_figures(name: str) -> None:
    units = {
        "latency": ("latency_p50_ns", 1e6),
        "memory": ("peak_rss_bytes", MIB),
        "size": ("size_bytes", 1024),
    }
    by_case = {record.case: record for record in SUITES[name]}
    charts = [chart for section in build_report(SUITES[name]).sections for chart in section.charts]
    points = [(point, chart.key) for chart in charts for point in chart.points if chart.key in units]
    assert points
    for point, key in points:
        assert point.keys is not None
        metric, unit = units[key]
        record = by_case[point.keys.case]
        assert point.y == pytest.approx(100 * (record.value("map_50_95") or 0))
        assert point.x == pytest.approx((record.value(metric) or 0) / unit)


def test_a_number_that_is_not_the_records_would_be_found() -> None:
    records = quickstart_records()
    figures = read_figures(page_of(records))
    other = [replace(record, metrics=tuple(replace(m, value=(m.value or 0) * 1.5) for m in record.metrics))
             for record in records]  # fmt: skip
    assert len(wrong(figures, other, JOURNAL)) > 100
    shown = next(figure for figure in figures if figure.source.endswith("#latency_p50_ns"))
    shown.text = "12.3"
    assert len(wrong([shown], records)) == 1
    assert untraced(read_figures('<table><tr><td class="number">1.5</td></tr></table>')) == ["1.5"]
