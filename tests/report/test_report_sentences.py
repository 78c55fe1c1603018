"""Every number in a sentence of the page is the record's that the sentence speaks of, or a fixed word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from claims import check, find_faults
from fake_hosts import EMULATED, broken_host, on_host, throttled_host
from fake_records import (
    failed_record,
    fake_record,
    many_records,
    quickstart_records,
    unavailable_record,
    with_metric,
)
from record_book import Book
from saying import read_sentences
from test_report_trace import SUITES, page_of

from bench.core.metric import Metric, make_metric
from bench.core.record import Advice, Record


def is_timed(metric: Metric) -> bool:
    """Whether a metric is of rounds, and so of few where they are few."""
    return metric.unit == "ns" or metric.name == "latency_ratio"


def of_one_round(record: Record) -> Record:
    """Return the record as one round leaves it: without an interval of any time."""
    metrics = (replace(m, low=None, high=None, count=1) if is_timed(m) else m for m in record.metrics)
    return replace(record, rounds_valid=1, metrics=tuple(metrics), measure={**record.measure, "rounds": 1})


def of_five_rounds(record: Record) -> Record:
    """Return the record with intervals of a lower level, as five rounds bear."""
    metrics = (replace(m, level=0.9375, count=5) if is_timed(m) else m for m in record.metrics)
    return replace(record, rounds_valid=5, metrics=tuple(metrics))


def with_control(record: Record) -> Record:
    """Return a trained case beside INT8 and its control, both paired over images."""
    if record.precision != "qat":
        return record
    paired = {"value": 0.0013, "low": -0.0021, "high": 0.0047, "level": 0.95}
    int8 = record.case.replace("/qat/", "/int8/")
    control = {"map_50_95": 0.6088, "difference": {**paired, "value": -0.0017}}
    return replace(record, control=control, differences={int8: paired})


def with_advice(record: Record) -> Record:
    """Return a case of few images and many classes, of which an 8-bit one lost most."""
    loss = 0.05 if record.precision == "int8" else 1.0
    metrics = [replace(m, count=80) if m.unit == "ap" else m for m in record.metrics]
    if loss < 1:
        fallen = make_metric("map_50_95_difference", -0.121, low=-0.13, high=-0.11, level=0.95, count=80)
        metrics = [fallen if metric.name == fallen.name else metric for metric in metrics]
    return replace(
        record,
        metrics=tuple(metrics),
        per_class={f"class-{index}": 0.5 * (loss if index < 7 else 1) for index in range(20)},
        expected={"data": "COCO val2017", "source": "a table", "map_50_95": 0.61, "map_50": None},
        rounds_invalid=3,
        invalid_reasons={"throttled": 2, "under-voltage": 1},
        overrides={"rounds": 3},
        decision_grade=False,
        warnings=(
            Advice("load", "load average was 8.3 while 1 thread(s) were timed", "close what else runs"),
        ),
    )


BROKEN = (failed_record(), unavailable_record())
PAGES: dict[str, Sequence[Record]] = {
    **SUITES,
    "hosts that broke": [*quickstart_records(), *broken_host("pi5"), *throttled_host("pi4")],
    "cases that broke": [
        *(r for r in quickstart_records() if r.case not in {one.case for one in BROKEN}),
        *BROKEN,
    ],
    "one round": [of_one_round(record) for record in quickstart_records()],
    "five rounds": [of_five_rounds(record) for record in quickstart_records()],
    "controls": [with_control(record) for record in quickstart_records()],
    "advice": [with_advice(record) for record in quickstart_records()],
    "many threads": [
        replace(record, rounds_invalid=1 + (record.threads == 2), invalid_reasons={"throttled": 1})
        for record in many_records(40)
    ],
    "an emulator": [*quickstart_records(), *on_host("virt", EMULATED), *on_host("pi5")],
}


@cache
def page(name: str) -> str:
    """Return the page of a suite; made once for all tests."""
    return page_of(PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_every_number_in_a_sentence_is_that_of_the_case_it_names(name: str) -> None:
    assert find_faults(page(name), PAGES[name]) == []
    assert sum(bool(re.search(r"\d", one.text)) for one in read_sentences(page(name))) > 20


# A metric of a LiteRT case that changes behind the page's back, by a factor; a sentence that is then wrong.
CHANGES = {
    "the answer's gain": ("int8", "latency_ratio", 1.4, "Against fp32 on litert: "),
    "the answer's file": ("int8", "size_bytes", 1.1, "Against fp32 on litert: "),
    "the answer's memory": ("int8", "peak_rss_bytes", 0.8, "Against fp32 on litert: "),
    "the answer's accuracy": ("int8", "map_50_95_difference", 1.5, "Against fp32 on litert: "),
    "a comparison": ("dynamic", "latency_ratio", 1.1, "dynamic on litert: 2.16× slower"),
    "a remark": ("dynamic", "latency_ratio", 1.1, "dynamic on litert: 2.16 times the latency"),
    "what training brought": ("qat", "map_50_95", 1.01, "qat on litert: "),
    "a gain over hosts": ("int8", "latency_ratio", 1.1, "int8 on litert against its fp32 on the same host"),
    "a ranking over hosts": ("int8", "latency_p50_ns", 1.1, "The ranking turns round"),
    "the fastest fp32": ("fp32", "latency_p50_ns", 1.1, "Against fp32 on onnxruntime: "),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_sentence_that_is_not_of_its_record_is_found(what: str) -> None:
    precision, name, factor, words = CHANGES[what]
    records = SUITES["two hosts"]
    host = "pi5" if what == "the fastest fp32" else "local"
    changed = [
        with_metric(record, replace(metric, value=(metric.value or 0) * factor))
        if (record.precision, record.runtime, record.host) == (precision, "litert", host)
        and (metric := record.metric(name))
        else record
        for record in records
    ]
    said = [one for one in read_sentences(page("two hosts")) if one.text.startswith(words)]
    assert said
    assert not any(check(one, Book(records)) for one in said)
    assert any(check(one, Book(changed)) for one in said)


def test_a_sentence_under_another_cases_name_is_found() -> None:
    records = SUITES["two hosts"]
    book = Book(records)
    said = [one for one in read_sentences(page("two hosts")) if "dynamic on litert: 2.16" in one.text]
    assert len(said) == 4  # In words and as a remark, on each host.
    for one in said:
        assert not check(one, book)
        assert check(replace(one, text=one.text.replace("dynamic on litert", "int8 on litert")), book)
        assert check(replace(one, text=one.text.replace("litert", "onnxruntime")), book)


def test_a_sentence_under_another_host_is_found() -> None:
    records = SUITES["two hosts"]
    book = Book(records)
    said = next(one for one in read_sentences(page("two hosts")) if one.text.startswith("Against fp32"))
    assert check(replace(said, host="pi5", section="shapes on pi5"), book)
    gains = next(one for one in read_sentences(page("two hosts")) if "on the same host: " in one.text)
    turned = re.sub(r"(on local)(.*)(on pi5)", r"\3\2\1", gains.text)
    assert check(replace(gains, text=turned), book)


def test_any_changed_digit_of_a_finding_is_found() -> None:
    records = [fake_record("litert", precision) for precision in ("fp32", "dynamic", "int8", "qat")]
    book = Book(records)
    said = [one for one in read_sentences(page_of(records)) if one.tag in ("p", "li", "h3", "summary")]
    missed = []
    for one in dict.fromkeys(said):
        for match in re.finditer(r"\d", one.text):
            digit = str((int(match[0]) + 3) % 10)
            text = one.text[: match.start()] + digit + one.text[match.end() :]
            missed += [] if check(replace(one, text=text), book) else [text]
    assert missed == []
