"""What was published for a model, beside what was measured: cell, sentence, and when they compare."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.published import PublishedFinding, beside_published
from bench.core.record import Record
from bench.report.cells import NO_CELL
from bench.report.table import Cell
from bench.report.units import point_difference, points


def has_published(records: Sequence[Record]) -> bool:
    """Whether any case has a published figure to stand beside its own."""
    return any(beside_published(record) for record in records)


def published_cell(record: Record) -> Cell:
    """Show the published map_50_95 and the data set it is of; the note says why it may differ."""
    found = beside_published(record)
    if found is None:
        return NO_CELL
    text = points(found.published) + ("" if found.is_given else " (float model)")
    source = f"{record.case}#expected:map_50_95"
    return Cell(text, found.data, note=comparability(found), value=found.published, record=source)


def published_sentence(finding: PublishedFinding, labels: dict[str, str]) -> str:
    """Say both figures, their difference where it means something, and where the published one stands."""
    name = labels.get(finding.case, finding.case)
    said = f"{name}: {points(finding.measured)} points measured, {points(finding.published)} published"
    place = f"on {finding.data} ({finding.source})"
    if finding.is_same_data and finding.is_given:
        return f"{said} {place}: {point_difference(finding.gap)}."
    return f"{said} {place}. {comparability(finding)}"


def sentences_of(findings: Sequence[PublishedFinding], labels: dict[str, str]) -> list[str]:
    """Return a sentence for each case that the published figure is meant for."""
    return [published_sentence(finding, labels) for finding in findings if finding.is_given]


def short_lines(findings: Sequence[PublishedFinding], labels: dict[str, str]) -> list[str]:
    """Return a short line for each case that the published figure is meant for; the report has it whole."""
    lines = []
    for finding in findings:
        if finding.is_given:
            end = comparability(finding) or f"{point_difference(finding.gap)} measured against published."
            lines.append(f"published for {labels.get(finding.case, finding.case)}: {end}")
    return lines


def comparability(finding: PublishedFinding) -> str:
    """Say why the two figures need not agree; empty where they should."""
    reasons = []
    if not finding.is_same_data:
        reasons.append(_data_words(finding))
    if not finding.is_given:
        reasons.append("The published figure is that of the float model.")
    return " ".join(reasons)


def _data_words(finding: PublishedFinding) -> str:
    measured = f"{finding.num_images:,} images" if finding.num_images else "an unknown number of images"
    if not finding.num_published_images:
        return (
            f"Measured on {measured}, published on {finding.data}: whether these are the same is not known."
        )
    if finding.num_images < finding.num_published_images:
        return (
            f"Measured on {measured}, published on the {finding.num_published_images:,} of {finding.data}: a "
            "subset cannot be expected to match."
        )
    return f"Measured on {measured}, {finding.data} has {finding.num_published_images:,}: not the same data."


def published_facts(records: Sequence[Record]) -> dict[str, str]:
    """Return by model what was published and where, for the provenance."""
    facts = {}
    for record in records:
        if record.expected:
            value, expected = record.expected.get("map_50_95"), record.expected
            facts[record.model] = f"map_50_95 {value} on {expected.get('data')}, {expected.get('source')}"
    return facts
