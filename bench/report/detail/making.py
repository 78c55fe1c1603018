"""Records and their journals to the details of each case: pure, apart from asking for a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bench.analysis.advice import advise
from bench.analysis.compare import compare
from bench.analysis.hints import name_suite
from bench.core.record import Record
from bench.report.detail.accuracies import make_accuracy, most_classes
from bench.report.detail.model import CaseDetail, Journal, Line
from bench.report.detail.proofs import conditions, how_made, what_ran
from bench.report.detail.stacks import make_memory, make_stages
from bench.report.detail.strips import make_strip
from bench.report.labels import case_labels, in_reading_order, keys_of

# Asked once a case, and its answer not kept: the journals of a large run do not fit into memory together.
JournalOf = Callable[[str], Journal]


def make_details(
    records: Sequence[Record], journal_of: JournalOf | None = None, suite_path: str = ""
) -> tuple[CaseDetail, ...]:
    """Build the details of every case with something to show, in reading order within its group and host.

    Args:
        journal_of: case id -> its journal. Without it what needs raw data is left out, with a sentence.
        suite_path: for advice that names a command.
    """
    ask = journal_of or (lambda _: Journal(trouble="the run folder is not at hand"))
    most = most_classes(len(records))
    places = dict.fromkeys((record.group, record.host) for record in records)
    return tuple(
        detail
        for group, host in places
        for detail in _details(
            [r for r in records if (r.group, r.host) == (group, host)], ask, suite_path, most
        )
    )


def _details(records: Sequence[Record], ask: JournalOf, suite_path: str, most: int) -> Iterable[CaseDetail]:
    labels, comparisons = case_labels(records), compare(records)
    measured = {record.case: record for record in records if record.status == "ok"}
    rungs: dict[str, list[Line]] = {}
    for record in in_reading_order(records):
        if record.status == "unavailable":
            continue
        journal = ask(record.case)
        rungs[record.case] = [line for line in journal.latest if line.get("kind") == "memory"]
        sibling = measured.get(record.sibling)
        detail = _detail(record, sibling, journal, labels[record.case])
        if record.status != "ok" and not detail.strip:
            continue
        lines = (rungs[record.case], rungs.get(record.sibling, []))
        yield replace(
            detail,
            memory=make_memory(record, sibling, labels[record.case], *lines),
            accuracy=make_accuracy(record, sibling, comparisons.get(record.case), most),
            advice=tuple(name_suite(one, suite_path) for one in advise(record, sibling)),
        )


def _detail(record: Record, sibling: Record | None, journal: Journal, label: str) -> CaseDetail:
    parts = (
        ("What ran", what_ran(record)),
        ("How the file was made", how_made(record)),
        ("Conditions while it was timed", conditions(record, journal.latest)),
    )
    strip = make_strip(record, journal.latest)
    return CaseDetail(
        keys=keys_of(record),
        group=record.group,
        title=label if record.status == "ok" else f"{label} ({record.status})",
        stages=make_stages(record, sibling, label),
        memory=None,
        strip=strip,
        accuracy=None,
        facts=tuple((title, items) for title, items in parts if items),
        absent=_absent(record, sibling, journal, strip is not None),
    )


def _absent(record: Record, sibling: Record | None, journal: Journal, has_strip: bool) -> tuple[str, ...]:
    """Say what a reader would look for and does not find."""
    why = journal.trouble or "its journal holds no timed round"
    said = [] if has_strip else [f"The spread over processes is not shown: {why}."]
    if sibling is None and record.precision != "fp32":
        said.append("There is no measured fp32 sibling to compare with.")
    return tuple(said)
