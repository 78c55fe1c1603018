"""Records to a ReportModel: pure, so that the same records always give the same report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.analysis.findings import Panel, analyse
from bench.analysis.hints import name_suite
from bench.analysis.proof import is_emulated
from bench.core.record import Advice, Record
from bench.report.across import make_across
from bench.report.answers import make_answer
from bench.report.boards import board_sentences
from bench.report.courses import make_courses
from bench.report.endurance import sustained_sentences
from bench.report.failures import make_failures
from bench.report.labels import case_labels, in_reading_order
from bench.report.machines import machine_line, validity_label
from bench.report.model import Remark, ReportModel, Section
from bench.report.provenance import make_provenance, overridden
from bench.report.published import sentences_of
from bench.report.scatter import make_charts
from bench.report.sentences import activation_sentence, comparison_sentence, front_sentence, training_sentence
from bench.report.tables import make_tables

# More sentences than this are no summary: the table says the same.
MOST_SENTENCES = 16

# A remark about more cases than this names so many and counts the others.
MOST_NAMES = 4

READING = (
    "Latency: the statistical unit is the process. Each round is a fresh process, rounds are interleaved "
    "over the cases of a host, and intervals are over processes, not over calls. No sample is deleted.",
    "Accuracy: intervals of a difference are paired over images. “No difference seen” means that the "
    "interval contains zero, not that there is no difference.",
    "Pareto front: no other case is at least as good on both axes. A case ties with the front where another "
    "one is ahead by less than the intervals resolve (1% for memory, which has none).",
    "Memory: the high-water mark of resident memory of a process of its own that loads and runs the model; "
    "the model's share is that minus the runtime alone.",
    "Energy: read where a machine brings a meter (a Raspberry Pi 5's power chip, RAPL where it may be read), "
    "and unknown elsewhere: it is never estimated.",
    "Points are hundredths of AP or AR; KiB and MiB are powers of 1024; a ratio divides by the fp32 "
    "sibling's figure of the same runtime, threads and host.",
)


def build_report(records: Sequence[Record], run_info: Mapping[str, Any] | None = None) -> ReportModel:
    """Build the report of one run.

    Args:
        records: of all its cases, measured or not.
        run_info: `run.json`; anything may be missing from it.
    """
    info = run_info or {}
    panels = analyse(records)
    name = str(info.get("suite") or (records[0].suite if records else "no records"))
    return ReportModel(
        title=name,
        summary=_summary(records),
        banner=_banner(records, info),
        sections=tuple(_section(panel, str(info.get("suite_path") or "")) for panel in panels),
        across=make_across(panels),
        failures=make_failures(records),
        reading=READING,
        provenance=make_provenance(records, info),
    )


def _section(panel: Panel, suite_path: str) -> Section:
    labels = case_labels(panel.records)
    ordered = [record.case for record in in_reading_order(panel.records)]
    comparisons = [panel.comparisons[case] for case in ordered if case in panel.comparisons]
    sentences = [comparison_sentence(comparison, labels) for comparison in comparisons]
    if len(sentences) > MOST_SENTENCES:
        sentences = [f"{len(sentences)} cases are compared with their fp32 siblings in the table below."]
    findings = [front_sentence(front, labels) for front in panel.fronts if len(front.placed) > 1]
    findings += sentences_of(panel.published, labels)[:MOST_SENTENCES]
    findings += [training_sentence(finding, labels) for finding in panel.training[:MOST_SENTENCES]]
    findings += [activation_sentence(finding, labels) for finding in panel.activations[:MOST_SENTENCES]]
    findings += board_sentences(panel.records)
    findings += sustained_sentences(panel.records, labels)[:MOST_SENTENCES]
    return Section(
        title=f"{panel.group} on {panel.host}",
        machine=machine_line(panel.records),
        label=validity_label(panel.records),
        answer=make_answer(panel, labels),
        findings=tuple(findings),
        comparisons=tuple(sentences),
        charts=make_charts(panel),
        tables=make_tables(panel),
        remarks=_remarks(panel, labels, suite_path),
        courses=make_courses(panel.records, labels),
        host=panel.host,
        cases=tuple(ordered),
    )


def _remarks(panel: Panel, labels: dict[str, str], suite_path: str) -> tuple[Remark, ...]:
    """Gather equal advice of several cases into one remark."""
    cases: dict[Advice, list[str]] = {}
    for case, found in panel.advice.items():
        for advice in found:
            cases.setdefault(name_suite(advice, suite_path), []).append(labels[case])
    num_measured = sum(record.status == "ok" for record in panel.records)
    return tuple(
        Remark(_who(names, num_measured), advice.text.rstrip("."), _sentence(advice.advice))
        for advice, names in cases.items()
    )


def _who(names: Sequence[str], num_measured: int) -> str:
    if len(names) > 1 and len(names) == num_measured:
        return "All cases"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _summary(records: Sequence[Record]) -> str:
    if not records:
        return "No cases."
    counts: Counter[str] = Counter(record.status for record in records)
    words = {
        "ok": "measured",
        "failed": "failed",
        "unavailable": "not available",
        "invalid": "without valid rounds",
    }
    parts = [f"{counts[status]} {word}" for status, word in words.items() if counts[status]]
    rounds = sorted({record.rounds_valid for record in records if record.status == "ok"})
    span = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else f"{rounds[0]}" if rounds else ""
    images = {metric.count for record in records if (metric := record.metric("map_50_95")) and metric.count}
    taken = f", {span} rounds a case" if rounds else ""
    seen = f", mAP over {' or '.join(map(str, sorted(images)))} images" if images else ""
    plural = "case" if len(records) == 1 else "cases"
    return f"{len(records)} {plural}: {', '.join(parts)}{taken}{seen}."


def _banner(records: Sequence[Record], info: Mapping[str, Any]) -> str:
    is_cut = any(not record.decision_grade for record in records) or info.get("decision_grade") is False
    what = overridden(records, info)
    emulated = dict.fromkeys(record.host for record in records if is_emulated(record))
    reasons = [
        *([f"this run was cut short on the command line{f' ({what})' if what else ''}"] if is_cut else []),
        *(f"times on {host} are of an emulated machine" for host in emulated),
    ]
    return f"NOT FOR DECISIONS: {'; '.join(reasons)}." if reasons else ""
