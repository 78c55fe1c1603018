"""Reading a page's figures and finding each in the records again, without any code of the report's."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from statistics import median
from typing import Any

from bench.core.metric import METRICS
from bench.core.record import Record

VOID = {"meta", "br", "img", "input", "link"}
NUMBER = re.compile(r"[+−-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")

# People's units of base units: what one of them is. File sizes are in KiB, memory in MiB.
SCALES = {"ns": 1e6, "ap": 0.01, "ar": 0.01, "ratio": 1.0, "count": 1.0, "j": 1e-3, "w": 1.0, "c": 1.0}
SHARES = {"throttled_share": 0.01, "parity:share_equal": 0.01, "parity:share_matched": 0.01}
OTHERS = {
    "parity:difference": 0.01,
    "expected:map_50_95": 0.01,
    "sustained:seconds": 60.0,
    "sustained:first_throttled_s": 60.0,
    "sustained:lowest_frequency_hz": 1e6,
}


@dataclass
class Figure:
    """One element with digits: what it shows, and what it says of where that is from."""

    tag: str
    attributes: dict[str, str]
    case: str
    text: str = ""
    detail: str = ""
    depth: int = 0

    @property
    def source(self) -> str:
        """Return the whole source: what begins with `#` is of the case around it."""
        source = self.attributes.get("data-record", "")
        return self.case + source if source.startswith("#") else source


@dataclass
class PageReader(HTMLParser):
    """Collects every cell of a table, and every other element that says where its figure is from."""

    figures: list[Figure] = field(default_factory=list)
    stack: list[tuple[str, str]] = field(default_factory=list)
    open: list[Figure] = field(default_factory=list)
    details: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        values = {name: value or "" for name, value in attrs}
        if tag in VOID:
            return
        case = values.get("data-case") or (self.stack[-1][1] if self.stack else "")
        self.stack.append((tag, case))
        if tag == "td" or "data-record" in values:
            self.open.append(Figure(tag, values, case, depth=len(self.stack)))
        elif self.open and values.get("class") in ("detail", "mark"):
            self.details = len(self.stack)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element without content."""

    def handle_data(self, data: str) -> None:
        """Gather the text of the innermost open figure, its interval apart."""
        if not self.open:
            return
        if self.details:
            self.open[-1].detail += data
        else:
            self.open[-1].text += data

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if not self.stack:
            return
        if self.details == len(self.stack):
            self.details = 0
        if self.open and self.open[-1].depth == len(self.stack):
            self.figures.append(self.open.pop())
        self.stack.pop()


def read_figures(page: str) -> list[Figure]:
    """Return the figures of a page, and its cells without any."""
    reader = PageReader()
    reader.feed(page)
    assert not reader.stack, f"an element is not closed: {reader.stack}"
    return reader.figures


def untraced(figures: Sequence[Figure]) -> list[str]:
    """Return the texts of number cells that do not say where they are from."""
    return [
        figure.text
        for figure in figures
        if figure.tag == "td" and "number" in figure.attributes.get("class", "").split()
        if re.search(r"\d", figure.text) and not figure.source
    ]


def wrong(figures: Sequence[Figure], records: Sequence[Record], journal: Sequence[Any] = ()) -> list[str]:
    """Return what differs from the record in each figure: its value, its ends, or what is shown."""
    by_case = {record.case: record for record in records}
    return [
        f"{figure.source}: {fault}"
        for figure in figures
        if figure.source
        for fault in _faults(figure, by_case, journal)
    ]


def _faults(figure: Figure, records: dict[str, Record], journal: Sequence[Any]) -> list[str]:
    case, _, name = figure.source.rpartition("#")
    value, ends = find(records, case, name, journal)
    told = float(figure.attributes["data-value"])
    faults = [] if _same(told, value) else [f"data-value {told} where the record has {value}"]
    # A variance is shown as its square root, in percent.
    seen = 100 * math.sqrt(value) if name.startswith("boards:variance") else value
    if not shows(figure.text, seen, scale_of(name)):
        faults.append(f"shows {figure.text!r} where the record has {value}")
    if "data-low" in figure.attributes:
        low, high = float(figure.attributes["data-low"]), float(figure.attributes["data-high"])
        if ends is None or not (_same(low, ends[0]) and _same(high, ends[1])):
            faults.append(f"ends {low}, {high} where the record has {ends}")
        elif figure.detail:
            shown = figure.detail.strip().removeprefix("[").split("]")[0].split(", ")
            good = all(shows(text, end, scale_of(name)) for text, end in zip(shown, ends, strict=True))
            faults += [] if good else [f"interval {figure.detail!r} where the record has {ends}"]
    return faults


def find(
    records: dict[str, Record], case: str, name: str, journal: Sequence[Any] = ()
) -> tuple[float, tuple[float, float] | None]:
    """Return the value that a source names, and the ends of its interval where it has one."""
    record = records[case]
    base, _, how = name.partition(":")
    sibling = records.get(record.sibling)
    if base in ("rounds_valid", "rounds_invalid", "threads"):
        return float(getattr(record, base)), None
    if base == "expected":
        return float((record.expected or {})[how]), None
    if base == "proof":
        return float(record.proof[how]), None
    if base == "journal":
        return _loaded(journal), None
    if base == "boards":
        return _of_boards(record, how), None
    if base == "parity":
        return _of_parity(record, how)
    if base == "sustained":
        return (max if how == "seconds" else min)(
            run[how] for run in record.sustained if run[how] is not None
        ), None
    if base == "per_class":
        label, _, is_difference = how.partition(":difference")
        value = record.per_class[label]
        assert value is not None
        return (
            value - (sibling.per_class[label] or 0.0) if sibling and ":difference" in how else value
        ), None
    metric = record.metric(base)
    if metric is None and base == "map_50_95_difference":
        told = record.differences[record.sibling]
        return told["value"], (told["low"], told["high"])
    assert metric is not None, f"{case} has no {base}"
    # A figure that few calls do not bear has none, and yet their number.
    if how == "count":
        return float(metric.count), None
    assert metric.value is not None, f"{case} has no figure of {base}"
    ends = None if metric.low is None or metric.high is None else (metric.low, metric.high)
    if how == "inverse":
        return 1 / metric.value, (1 / ends[1], 1 / ends[0]) if ends else None
    if how == "running":
        return metric.value - _loaded(journal), None
    if how.startswith("over:"):
        return metric.value / value_of(records[how.removeprefix("over:")], base), None
    if how in ("ratio", "difference"):
        assert sibling is not None
        other = value_of(sibling, base)
        return (metric.value / other if how == "ratio" else metric.value - other), None
    assert not how, f"unknown source {name}"
    return metric.value, ends


def scale_of(name: str) -> float:
    """Return what one unit of the shown figure is in base units."""
    base, _, how = name.partition(":")
    if name in SHARES or name in OTHERS:
        return SHARES.get(name) or OTHERS[name]
    if how in ("count", "ratio", "inverse") or how.startswith("over:"):
        return 1.0
    if base == "boards":
        return 1.0 if how.startswith("variance") else 1e6
    if base == "journal":
        return 2.0**20
    if base == "per_class":
        return 0.01
    unit = METRICS[base][0] if base in METRICS else "count"
    if unit == "bytes":
        return 2.0**20 if "rss" in base else 1024.0
    return SCALES[unit]


def shows(text: str, value: float, scale: float) -> bool:
    """Whether the first number in a text is the value, rounded to the digits that are shown."""
    found = NUMBER.search(text)
    if found is None:
        return False
    shown = found[0].replace(",", "").replace("−", "-")
    decimals = len(shown.split("e")[0].partition(".")[2])
    step = 10.0**-decimals * (10.0 ** int(shown.split("e")[1]) if "e" in shown else 1)
    # Only a whole share reads as 100%; what is next to it is cut, not rounded.
    if text.startswith("99.99") and 0.9999 <= value / scale / 100 < 1:
        return True
    return abs(float(shown) - value / scale) <= step * 0.5001 + 1e-12


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15)


def value_of(record: Record, name: str) -> float:
    value = record.value(name)
    assert value is not None
    return value


def _loaded(journal: Sequence[Any]) -> float:
    probes = [line["result"] for line in journal if line["kind"] == "memory"]
    return float(median(probe["loaded_rss_bytes"] - probe["baseline_rss_bytes"] for probe in probes))


def _of_boards(record: Record, how: str) -> float:
    if how == "any_board":
        return float(record.boards["any_board"]["value"])
    if how.startswith("variance:"):
        return float(record.boards["variance"][how.removeprefix("variance:")])
    return float(record.boards["values"][how]["latency_p50_ns"])


def _of_parity(record: Record, how: str) -> tuple[float, tuple[float, float] | None]:
    assert record.parity is not None
    if how != "difference":
        return float(record.parity[how]), None
    told = record.parity["difference"]
    return told["value"], (told["low"], told["high"])
