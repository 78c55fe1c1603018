"""Elements and tables of the page: texts are escaped, figures keep their true values, ties are marked."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path

from fake_records import quickstart_records
from hypothesis import given
from hypothesis import strategies as st

from bench.report.building import build_report
from bench.report.html import frame
from bench.report.html.elements import attributes, bullets, element, facts, figure_text, folded, keyed
from bench.report.html.tables import open_table
from bench.report.naming import _along
from bench.report.palette import COLORS, OTHER_COLOR, color_of, colors_of
from bench.report.placement import place_labels
from bench.report.table import Cell, Column, Keys, Row, Table
from bench.report.texts import printable


class Found(HTMLParser):
    """Collects elements with their attributes, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parse(html: str) -> Found:
    found = Found()
    found.feed(html)
    found.close()
    return found


@given(st.text(max_size=60))
def test_whatever_a_text_says_it_stays_one_text(words: str) -> None:
    keys = Keys(words, words, words, words, words)
    found = parse(folded(words, bullets([words]) + facts([(words, Cell(words, note=words))]), keys))
    assert {tag for tag, _ in found.elements} <= {"details", "summary", "ul", "li", "dl", "dt", "dd", "span"}
    assert not [name for _, given_ in found.elements for name in given_ if name.startswith("on")]
    assert not printable(words) or found.text.count(printable(words)) >= 4


@given(st.floats())
def test_a_value_reads_back_the_same_or_is_left_out(value: float) -> None:
    found = parse(element("b", "x", data_value=value)).elements[0][1]
    if math.isfinite(value):
        assert float(str(found["data-value"])) == value
    else:
        assert "data-value" not in found


def test_nothing_is_an_attribute_of_nothing_but_zero_is() -> None:
    values = {"a": None, "b": False, "c": "", "d": True, "e": 0, "f": 0.0}
    assert attributes(values) == ' d e="0" f="0.0"'
    assert keyed(None) == "" and keyed(Keys(host="pi5")) == ' data-keyed="" data-host="pi5"'


def test_a_figure_says_its_record_and_value_and_leaves_out_the_case_around_it() -> None:
    cell = Cell("1.20", "[1.1, 1.3]", value=1.2e6, record="m/int8#latency_p50_ns", ends=(1.1e6, 1.3e6))
    (span, _) = parse(figure_text(cell)).elements
    assert span[1]["data-record"] == "m/int8#latency_p50_ns" and span[1]["data-value"] == "1200000.0"
    assert (span[1]["data-low"], span[1]["data-high"]) == ("1100000.0", "1300000.0")
    assert 'data-record="#latency_p50_ns"' in figure_text(cell, "m/int8")
    assert 'data-record="m/int8#latency_p50_ns"' in figure_text(cell, "m/int")


def test_a_row_carries_its_keys_its_mark_and_the_colour_of_its_precision() -> None:
    columns = (Column("Host", "", False), Column("Precision", "", False), Column("File"))
    cells = (Cell("pi5"), Cell("int4"), Cell("7", value=7168.0, record="m#size_bytes"))
    html = open_table(Table("T", "", columns, (Row(cells, "tie", Keys("m", precision="int4"), "tie <b>"),)))
    assert '<td>pi5<span class="mark">tie &lt;b&gt;</span></td>' in html
    assert '<td><i class="swatch" aria-hidden="true" data-color="int4"></i>int4</td>' in html
    assert '<td data-value="7168.0" data-record="#size_bytes">7</td>' in html


def test_ties_with_the_recommended_case_are_marked_in_the_main_table_only() -> None:
    (section,) = build_report(quickstart_records()).sections
    main, *others = section.tables
    marked = {row.keys.case: row.mark for row in main.rows if row.mark and row.keys}
    assert marked == {
        "shapes/int8/litert/t1@local": "recommended",
        "shapes/qat/litert/t1@local": "tie in speed",
    }
    assert not [row for table in others for row in table.rows if row.mark == "tie in speed"]


def test_every_precision_has_a_colour_of_its_own() -> None:
    assert len(set(COLORS.values()) | {OTHER_COLOR}) == len(COLORS) + 1
    assert color_of("a suite's own") == OTHER_COLOR
    assert list(colors_of(["x", "int8", "fp32"])) == ["fp32", "int8", "x"]
    page = frame.page("t", "")
    assert all(f'data-color="{name}"] {{ background: {color}' in page for name, color in COLORS.items())


def test_the_shipped_script_and_style_cannot_end_their_elements_or_load_anything() -> None:
    folder = Path(frame.__file__).parent
    script, style = ((folder / name).read_text(encoding="utf-8") for name in ("page.js", "page.css"))
    assert "</" not in script and "</" not in style and "<!--" not in script
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval", "fetch", "http"):
        assert word not in script, word
    assert not re.search(r"url\(|@import", style)


def test_script_and_style_are_package_data() -> None:
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"bench.report.html" = ["page.css", "page.js"]' in settings


def test_names_of_points_keep_off_the_line_of_the_front() -> None:
    boxes = _along([(0.0, 0.0), (100.0, 0.0), (100.0, 50.0)])
    assert len(boxes) == 15
    label = [(50.0, 0.0)]
    # Beside the point a label would lie on the line, above it it is free.
    assert place_labels(label, [(30.0, 12.0)], boxes, (-200, -200, 200, 200))[0][1] != 0
    assert place_labels(label, [(30.0, 12.0)], [], (-200, -200, 200, 200))[0][1] == 0
