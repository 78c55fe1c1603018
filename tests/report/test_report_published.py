"""What was published stands beside what was measured, with what can be concluded and what cannot."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fake_records import fake_record, quickstart_records, with_metric

from bench.analysis.advice import advise
from bench.analysis.published import beside_published, num_images_of
from bench.core.metric import make_metric
from bench.core.record import Record
from bench.report import terminal_table
from bench.report.building import build_report
from bench.report.html.page import render_page
from bench.report.markdown import render_markdown
from bench.report.published import published_cell, published_sentence
from bench.report.rows import render_csv

PUBLISHED = {"map_50_95": 0.373, "map_50": None, "data": "COCO val2017", "source": "the authors' table"}


def measured(value: float, count: int, **changes: Any) -> Record:
    """Return a case with an AP over so many images, and a published figure beside it."""
    record = fake_record("litert", "fp32", expected=PUBLISHED, **changes)
    return with_metric(record, make_metric("map_50_95", value, count=count))


def codes(record: Record) -> set[str]:
    return {advice.code for advice in advise(record, None)}


def test_the_table_shows_the_published_figure_beside_the_measured_one() -> None:
    main = build_report([measured(0.371, 5000)]).sections[0].tables[0]
    titles = [column.title for column in main.columns]
    assert titles.index("Published") == titles.index("mAP") + 1
    cell = main.rows[0].cells[titles.index("Published")]
    assert (cell.text, cell.detail, cell.note) == ("37.3", "COCO val2017", "")


def test_a_subset_is_not_expected_to_match_and_that_is_said() -> None:
    section = build_report([measured(0.25, 80)]).sections[0]
    assert (
        "fp32 on litert: 25.0 points measured, 37.3 published on COCO val2017 (the authors' table). Measured "
        "on 80 images, published on the 5,000 of COCO val2017: a subset cannot be expected to match."
    ) in section.findings
    assert any("a subset cannot be expected to match" in note for note in section.tables[0].notes)
    assert "unlike_published" not in codes(measured(0.25, 80))


def test_on_the_same_data_the_difference_is_told() -> None:
    finding = beside_published(measured(0.371, 5000))
    assert finding is not None
    assert published_sentence(finding, {}) == (
        f"{finding.case}: 37.1 points measured, 37.3 published on COCO val2017 (the authors' table): −0.20."
    )


@pytest.mark.parametrize("value", [0.30, 0.45])
def test_a_large_gap_on_the_same_data_becomes_advice_to_diagnose(value: float) -> None:
    found = next(a for a in advise(measured(value, 5000), None) if a.code == "unlike_published")
    assert f"AP is {value:.3f}, and 0.373 was published on the same data set" in found.text
    assert "bench diagnose" in found.advice


def test_a_small_gap_is_no_reason_for_advice() -> None:
    assert "unlike_published" not in codes(measured(0.36, 5000))


def test_a_data_set_of_unknown_name_gives_no_verdict() -> None:
    other = fake_record("litert", "fp32", expected={**PUBLISHED, "data": "our own photos"})
    other = with_metric(other, make_metric("map_50_95", 0.1, count=5000))
    assert "unlike_published" not in codes(other)
    finding = beside_published(other)
    assert finding is not None and "whether these are the same is not known" in published_sentence(
        finding, {}
    )


def test_a_variant_that_was_made_here_is_not_blamed_for_the_float_model_s_figure() -> None:
    record = fake_record("litert", "int8", expected=PUBLISHED)
    record = with_metric(record, make_metric("map_50_95", 0.2, count=5000))
    assert "unlike_published" not in codes(record)
    assert build_report([record]).sections[0].tables[0].notes == (
        "Published: The published figure is that of the float model.",
    )


def test_the_float_model_s_figure_is_marked_beside_what_was_made_of_it() -> None:
    record = fake_record("litert", "int8", expected=PUBLISHED)
    assert published_cell(record).text == "37.3 (float model)"
    assert published_cell(measured(0.371, 5000)).text == "37.3"


@pytest.mark.parametrize(
    "name",
    [
        "coco val2017",
        "COCO val2017, 5000 images",
        "MS COCO 2017 validation set (5,000 images)",
        "COCO-val-2017",
    ],
)
def test_coco_val2017_is_known_however_it_is_written(name: str) -> None:
    assert num_images_of(name) == 5000


@pytest.mark.parametrize(
    "name", ["", "COCO", "COCO test-dev2017", "COCO train2017", "500 images of COCO val2017"]
)
def test_other_data_sets_are_not_taken_for_coco_val2017(name: str) -> None:
    assert num_images_of(name) == 0


def test_page_markdown_terminal_and_csv_all_show_it() -> None:
    record = measured(0.371, 5000, description=DESCRIPTION)
    report = build_report([record])
    for text in (render_page(report, {}), render_markdown(report, {}), terminal_table([record])):
        assert "37.3" in text and "ublished" in text
    assert "map_50_95 0.373 on COCO val2017, the authors' table" in render_page(report, {}).replace(
        "&#x27;", "'"
    )
    row = next(csv.DictReader(io.StringIO(render_csv([record]))))
    assert (row["expected_map_50_95"], row["expected_data"]) == ("0.373", "COCO val2017")


def test_without_a_published_figure_nothing_is_said_of_one() -> None:
    records = quickstart_records()
    assert "ublished" not in render_page(build_report(records), {}) + terminal_table(records)
    assert "expected" not in render_csv(records)


def test_the_report_says_how_a_model_was_fed_and_read() -> None:
    facts = {
        fact.title: fact.items
        for fact in build_report([measured(0.3, 80, description=DESCRIPTION)]).provenance
    }
    assert facts["Models as fed and read"] == (
        (
            "shapes",
            "family yolov8 (normalized True); 640 x 640 nchw rgb letterbox; mean 0 std 255; 80 classes",
        ),
    )


DESCRIPTION = {
    "preprocess": {
        "width": 640,
        "height": 640,
        "layout": "nchw",
        "color": "rgb",
        "resize": "letterbox",
        "mean": [0.0, 0.0, 0.0],
        "std": [255.0, 255.0, 255.0],
    },
    "decode": {"family": "yolov8", "options": {"normalized": True}},
    "category_ids": list(range(80)),
}
