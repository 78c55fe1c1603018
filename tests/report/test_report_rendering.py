"""The files of a report: the same every time, safe whatever the names say, and complete by themselves."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_records import (
    failed_record,
    fake_record,
    hostile_records,
    many_records,
    quickstart_records,
    unavailable_record,
    with_metric,
)

from bench.core.metric import METRICS, make_metric
from bench.core.record import Record
from bench.errors import StoreError
from bench.report import render_all, terminal_table
from bench.report.building import build_report
from bench.report.detail.making import make_details
from bench.report.drawing import draw_chart
from bench.report.markdown import escape, render_markdown
from bench.report.placement import place_labels
from bench.report.rows import render_csv
from bench.report.svg import INK

GOLDEN = Path(__file__).parent / "golden_quickstart.md"
VOID = {"meta", "br", "img", "hr", "link"}


class Balance(HTMLParser):
    """Collects tags and ids, and fails on a tag that is closed in the wrong place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_page(folder: Path) -> tuple[str, Balance]:
    text = (folder / "report.html").read_text(encoding="utf-8")
    parsed = Balance()
    parsed.feed(text)
    assert parsed.open == []
    return text, parsed


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    render_all(quickstart_records(), folder, {"suite": "quickstart", "versions": {"bench": "0.1.0"}})
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    render_all(hostile_records(), folder, {"description": "<img src=http://x.example/y>"})
    return folder


def test_the_markdown_is_the_golden_file() -> None:
    """Set BENCH_UPDATE_GOLDEN=1 to write the file anew after a wanted change, and read the difference."""
    records = [*quickstart_records()[:8], failed_record("onnxruntime"), unavailable_record()]
    report = build_report(records, {"started": "2026-11-21T10:15:00+00:00"})
    text = render_markdown(replace(report, details=make_details(records)), {})
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_all_files_are_written_and_named(good: Path, tmp_path: Path) -> None:
    pictures = {"chart-latency.png", "chart-memory.png", "chart-size.png"}
    assert {path.name for path in good.iterdir()} == {"report.html", "report.md", "records.csv", *pictures}
    assert all(f"({name})" in (good / "report.md").read_text(encoding="utf-8") for name in pictures)
    assert [path.name for path in render_all([failed_record()], tmp_path)] == [
        "report.html",
        "report.md",
        "records.csv",
    ]


def own_script(text: str) -> str:
    """Return the page's only script, which its policy names by its hash."""
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in text and text.count("<script") == 1
    return str(script)


def test_the_page_needs_no_network_and_runs_its_own_script_only(good: Path) -> None:
    text, parsed = read_page(good)
    assert "link" not in parsed.tags and "img" not in parsed.tags and own_script(text)
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert addresses <= {"http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_ids_are_unique_over_all_charts_and_every_reference_is_answered(good: Path) -> None:
    text, parsed = read_page(good)
    assert len(parsed.ids) == len(set(parsed.ids)) > 20
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert references and references <= set(parsed.ids)


def test_the_page_answers_before_it_shows_charts_tables_and_origins(good: Path) -> None:
    text, _ = read_page(good)
    order = [
        "Ship int8 on litert",
        "<svg",
        "The trade-off</h3>",
        "How to read this</h2>",
        "Where the figures come from</h2>",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_charts_are_readable_in_the_dark_and_keep_their_text(good: Path) -> None:
    text, _ = read_page(good)
    assert "prefers-color-scheme: dark" in text
    assert INK not in text and "currentColor" in text
    assert ">dynamic</text>" in text


def test_rendering_twice_gives_the_same_bytes(good: Path, tmp_path: Path) -> None:
    render_all(quickstart_records(), tmp_path, {"suite": "quickstart", "versions": {"bench": "0.1.0"}})
    for path in good.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_chart_is_well_formed_whatever_the_names_say(tmp_path: Path) -> None:
    for chart in build_report(hostile_records()).sections[0].charts:
        root = ElementTree.fromstring(draw_chart(chart, "c1", tmp_path / "c.png"))
        said = "".join(root.itertext())
        assert "<script>alert" in said, "the name is shown as text, with its dollar signs"


def test_hostile_names_stay_text_on_the_page(hostile: Path) -> None:
    text, parsed = read_page(hostile)
    assert own_script(text) and "\x1b" not in text
    assert not {"img", "iframe"} & parsed.tags
    assert all(value.startswith("#") for name, value in parsed.attributes if "href" in name)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert "&lt;script&gt;" in text


def test_hostile_names_stay_text_in_markdown(hostile: Path) -> None:
    text = (hostile / "report.md").read_text(encoding="utf-8")
    assert "<" not in re.sub("</?(details|summary)>", "", text)
    assert not re.search(r"(?<!\\)\[a\]", text) and "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    header = next(line for line in rows if "mAP difference" in line)
    width = len(re.findall(r"(?<!\\)\|", header))
    table = rows[rows.index(header) : rows.index(header) + 11]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {width}


def test_escaped_text_is_one_line_without_markup() -> None:
    assert escape("a|b\n# *c* <d>") == r"a\|b \# \*c\* &lt;d&gt;"


def test_sixty_cases_stay_below_two_megabytes(tmp_path: Path) -> None:
    render_all(many_records(60), tmp_path)
    text, parsed = read_page(tmp_path)
    assert len(text.encode()) < 2_000_000
    assert text.count("<tr") > 60
    assert len(parsed.ids) == len(set(parsed.ids))


def test_an_unwritable_folder_is_an_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "report.md").mkdir()
    with pytest.raises(StoreError, match="cannot write the report .*records themselves are safe"):
        render_all([failed_record()], tmp_path)


def test_the_csv_has_a_row_a_case_in_base_units() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv([*quickstart_records(), failed_record()]))))
    assert len(rows) == 11
    assert float(rows[3]["latency_p50_ns"]) == pytest.approx(441_000)
    assert rows[3]["map_large"] == "" and float(rows[3]["map_50_95_low"]) == pytest.approx(0.581)
    assert rows[10]["status"] == "failed" and rows[10]["latency_p50_ns"] == ""
    measured = {metric.name for record in quickstart_records() for metric in record.metrics}
    assert {name for name in rows[0] if name in METRICS} == measured


def test_the_csv_holds_no_formula() -> None:
    evil = fake_record("litert", "fp32", model="=cmd()", reason="+1\n-2")
    row = next(csv.DictReader(io.StringIO(render_csv([evil]))))
    assert row["model"] == "'=cmd()" and row["reason"] == "'+1\n-2"


def test_the_terminal_table_lines_up() -> None:
    lines = terminal_table(quickstart_records()).splitlines()
    assert lines[0] == "shapes on local (NMS outside the graph; p50)"
    assert len({len(line) for line in lines[1:12]}) == 1
    assert "  -> Ship int8 on litert" in lines


def test_the_terminal_shows_failures_and_no_control_characters() -> None:
    text = terminal_table([*hostile_records(), failed_record("litert", "qat")])
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
    assert "failed, the process was killed by SIGKILL" in text


@pytest.mark.parametrize(
    "records",
    [
        [],
        [failed_record()],
        [fake_record("litert", "int8", sibling="")],
        [with_metric(r, make_metric("map_50_95", -1.0)) for r in quickstart_records()],
        [with_metric(r, make_metric("latency_p50_ns", None)) for r in quickstart_records()],
        [fake_record("litert", p, recipe=None, proof={}, environment={}) for p in ("fp32", "int8")],
        [fake_record("litert", p, metrics=()) for p in ("fp32", "int8")],
    ],
    ids=["none", "all failed", "no sibling", "no mAP", "no latency", "bare", "no metrics"],
)
def test_every_lack_still_gives_a_report(records: list[Record], tmp_path: Path) -> None:
    render_all(records, tmp_path)
    text, _ = read_page(tmp_path)
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    terminal_table(records)


def test_labels_cover_neither_points_nor_each_other() -> None:
    anchors = [(100.0 + 6 * index, 100.0) for index in range(8)]
    sizes = [(40.0, 12.0)] * 8
    points = [(x - 5, y - 5, x + 5, y + 5) for x, y in anchors]
    centres = place_labels(anchors, sizes, points, (0.0, 0.0, 400.0, 300.0))
    boxes = [(x - 20, y - 6, x + 20, y + 6) for x, y in centres]
    for index, box in enumerate(boxes):
        for other in [*points, *boxes[index + 1 :]]:
            assert box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]


def test_importing_the_report_loads_neither_matplotlib_nor_pandas() -> None:
    code = "import sys, bench.report, bench.store.frame, bench.store.schema; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"matplotlib", "pandas", "numpy"} & set(loaded.split())
