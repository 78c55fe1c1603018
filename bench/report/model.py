"""ReportModel: everything a report says, as plain data. Renderers only lay it out; they compute nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bench.report.detail.model import CaseDetail
from bench.report.gallery.model import Gallery
from bench.report.table import Cell, Keys, Table


@dataclass(frozen=True)
class Point:
    """One case in a chart, in people's units. `standing` is `front`, `tied` or `dominated`.

    `label` leaves out the runtime, which the marker shows. `host` is empty in the charts of one host; others
    have a panel for each host, all with the same axes. `tip` says in words what the point shows.
    """

    label: str
    precision: str
    runtime: str
    x: float
    y: float
    x_ends: tuple[float, float] | None
    y_ends: tuple[float, float] | None
    standing: str
    host: str = ""
    keys: Keys | None = None
    tip: str = ""


@dataclass(frozen=True)
class Chart:
    """mAP against one cost."""

    key: str
    title: str
    x_title: str
    y_title: str
    caption: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class CourseLine:
    """One sustained run: latency over `minutes`; temperature, clock and throttling over `probe_minutes`.

    NaN where a value is not known.
    """

    label: str
    precision: str
    runtime: str
    minutes: tuple[float, ...]
    latency_ms: tuple[float, ...]
    probe_minutes: tuple[float, ...]
    temperature_c: tuple[float, ...]
    clock_mhz: tuple[float, ...]
    is_throttled: tuple[bool, ...]
    keys: Keys | None = None


@dataclass(frozen=True)
class CourseChart:
    """Sustained runs over time."""

    key: str
    title: str
    x_title: str
    caption: str
    lines: tuple[CourseLine, ...]


@dataclass(frozen=True)
class Figure:
    """One figure of the recommended case; `detail` is its interval, `cell` says which record it is from."""

    name: str
    value: str
    detail: str
    cell: Cell | None = None


@dataclass(frozen=True)
class Answer:
    """What to ship on one host: a headline, what it costs, its figures, and the rule behind it."""

    headline: str
    cost: str
    figures: tuple[Figure, ...]
    details: tuple[str, ...]
    rule: str


@dataclass(frozen=True)
class Remark:
    """Advice, and whom it is about."""

    cases: str
    text: str
    advice: str


@dataclass(frozen=True)
class Section:
    """One model group on one host; `findings` say what training and activation types brought.

    Attributes:
        machine: the machine in a line; empty where nothing is known of it.
        label: why no time of this host may be decided on; empty for a real machine.
        courses: sustained runs over time.
        cases: ids of its cases, in reading order.
    """

    title: str
    answer: Answer
    findings: tuple[str, ...]
    comparisons: tuple[str, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    remarks: tuple[Remark, ...]
    machine: str = ""
    label: str = ""
    courses: tuple[CourseChart, ...] = ()
    host: str = ""
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Across:
    """One model group over several hosts: what to ship where, and how hosts agree and differ.

    Attributes:
        warnings: what keeps figures of two hosts from being compared.
        findings: what turns round between hosts, what agrees, a sentence each.
    """

    title: str
    warnings: tuple[str, ...]
    findings: tuple[str, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Failure:
    """A case without figures."""

    case: str
    status: str
    reason: str
    last_lines: tuple[str, ...]
    keys: Keys | None = None


@dataclass(frozen=True)
class Facts:
    """A titled list of names and values."""

    title: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ReportModel:
    """A whole report.

    Attributes:
        summary: counts the cases.
        banner: empty for decision-grade figures.
        gallery: photos on which variants differ most; None where there is no variant, or none was asked for.
        details: each case alone, in reading order within its group and host.
    """

    title: str
    summary: str
    banner: str
    sections: tuple[Section, ...]
    failures: tuple[Failure, ...]
    reading: tuple[str, ...]
    provenance: tuple[Facts, ...]
    across: tuple[Across, ...] = ()
    gallery: Gallery | None = None
    details: tuple[CaseDetail, ...] = ()
