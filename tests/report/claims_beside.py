"""What sentences say of one case beside another, and the records' own figures for it.

A claim is held against the very case that the sentence names, on the very host that it stands under.
"""

from __future__ import annotations

import re

from reading import INTERVAL, NAME, N, Reading
from record_book import POINTS, Book, ends, ratio
from saying import Sentence

from bench.core.record import Record

MS, MIB = 1e6, 2.0**20


def speed(reading: Reading, record: Record, within: tuple[int, int] | None = None) -> None:
    """Explain what a clause says of a case's speed beside its fp32."""
    value, low, high, level = ends(record.metric("latency_ratio"))
    rounds = metric.count if (metric := record.metric("latency_ratio")) else None
    turned = tuple(1 / x if x else None for x in (value, high, low))
    reading.says(rf"{N}× faster{INTERVAL}", *turned, level, within=within)
    reading.says(rf"{N}× slower{INTERVAL}", value, low, high, level, within=within)
    reading.says(
        rf"{N}× the latency{INTERVAL}(?:, {N} rounds?)?", value, low, high, level, rounds, within=within
    )
    reading.says(rf"{N} times the latency of fp32", value, within=within)


def beside(reading: Reading, record: Record, sibling: Record | None) -> None:
    """Explain what a sentence says of a case beside its fp32: speed, file, memory, accuracy."""
    speed(reading, record)
    size, memory = (ratio(record, sibling, name) for name in ("size_bytes", "peak_rss_bytes"))
    reading.says(rf"{N}× smaller file", 1 / size if size else None)
    reading.says(rf"{N}× larger file", size)
    reading.says(rf"peak memory {N}% lower", (1 - memory) * 100 if memory else None)
    reading.says(rf"peak memory {N}% higher", (memory - 1) * 100 if memory else None)
    reading.says(rf"{N}{INTERVAL} points mAP: ", *ends(record.metric("map_50_95_difference"), POINTS))


def answer(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain an answer's price: the case of its headline beside its fp32, and a faster fp32."""
    head = re.search(rf"[Ss]hip {NAME}", sentence.part)
    base = re.match(rf"Against {NAME}: ", sentence.text)
    if not head or not base:
        return
    record, sibling = (book.named(match[1], sentence.host) for match in (head, base))
    assert record is not None, sentence
    if sibling is None or sibling.case != record.sibling:
        reading.faults.append(f"{base[0]!r} is not the sibling of {record.case}")
        return
    fastest = re.search(rf"The fastest fp32 is {NAME}: .* for {NAME}", sentence.text)
    if fastest:
        both = [book.named(name, sentence.host) for name in fastest.groups()]
        units = (("latency_p50_ns", MS), ("peak_rss_bytes", MIB))
        told = [(one.value(name) or 0) / unit for one in both if one for name, unit in units]
        with_peak = rf"{N} ms and {N} MiB at the peak"
        reading.says(rf"{with_peak} against {with_peak}", *told)
        reading.says(rf"{N} ms against {N} ms", *told[::2])
    beside(reading, record, sibling)


def comparison(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain a case beside its fp32 in words."""
    compared = [r for r in book.of(sentence) if r.status == "ok" and book.by_case(r.sibling)]
    reading.says(rf"^{N} cases are compared with their fp32 siblings", len(compared))
    named = re.match(rf"{NAME}: ", sentence.text)
    if named and "beside its fp32" in sentence.part and sentence.tag == "li":
        record = book.named(named[1], sentence.host)
        if record:
            beside(reading, record, book.by_case(record.sibling))


def training(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain what training brought: beside INT8, and beside the control."""
    named = re.match(rf"{NAME}: .*points mAP", sentence.text)
    against = re.search(rf"against {NAME}", sentence.text)
    record = book.named(named[1], sentence.host) if named else None
    if not record or "points mAP" not in reading.left:
        return
    other = book.named(against[1], sentence.host) if against else None
    if other and against:
        words = rf"points mAP(?: \[{N}, {N}\])? against {re.escape(against[1])}"
        reading.says(rf"{N} {words}", *_difference(record, other))
    control = record.control or {}
    told = control.get("difference") or {}
    own, its = record.value("map_50_95"), control.get("map_50_95")
    gain = told.get("value", None if None in (own, its) else (own or 0) - (its or 0))
    values = [None if x is None else x * POINTS for x in (gain, told.get("low"), told.get("high"), its)]
    reading.says(
        rf"{N} points mAP(?: \[{N}, {N}\])? against its control, a float fine-tune of as many steps"
        rf"(?:, which scores {N} points)?",
        *values,
    )


def _difference(record: Record, other: Record) -> list[float | None]:
    told = record.differences.get(other.case)
    if told:
        return [told[key] * POINTS for key in ("value", "low", "high")]
    values = [one.value("map_50_95") for one in (record, other)]
    return [None if None in values else ((values[0] or 0) - (values[1] or 0)) * POINTS, None, None]


def across(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain findings over hosts: gains on each, and rankings that turn round."""
    gains = re.match(rf"{NAME} against its fp32 on the same host: ", sentence.text)
    turns = re.match(rf"The ranking turns round \((.+?)\): {NAME} is, against {NAME}, ", sentence.text)
    if gains:
        for clause in re.finditer(r"(?<=[:;] )[^;:]+ on (\w+)(?=[;.])", sentence.text):
            record = book.named(gains[1], clause[1])
            if record:
                speed(reading, record, clause.span())
    if turns:
        clock = {"inference": "latency_p50_ns", "end to end": "end_to_end_p50_ns"}[turns[1]]
        for clause in re.finditer(rf"{N}× (faster|slower) on (\w+)", sentence.text):
            pair = [book.named(name, clause[3]) for name in turns.groups()[1:]]
            value = ratio(*pair, clock)
            turned = 1 / value if value and clause[2] == "faster" else value
            reading.says(rf"{N}× {clause[2]} on {clause[3]}\b", turned, within=clause.span())
