"""Several hosts beside each other: what to ship where, the same variants on each, and how hosts agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.compare import Comparison
from bench.analysis.findings import Panel
from bench.analysis.hosts import Across as Beside
from bench.analysis.hosts import Flip, Unlike, Variant, compare_hosts
from bench.core.metric import Metric
from bench.report.answers import unfit_words
from bench.report.labels import case_labels
from bench.report.machines import NOT_VALID
from bench.report.model import Across, Chart, Point
from bench.report.parity import parity_sentences, parity_table
from bench.report.scatter import make_charts
from bench.report.sentences import speed_words
from bench.report.side_by_side import choices_table, machines_table, variants_table
from bench.report.units import ratio

# More than so many sentences of one kind are no summary.
MOST_SENTENCES = 4

# A chart of more hosts than this is no picture any more.
MOST_PANELS = 6

# The precision whose gain in speed is told host by host.
TOLD = "int8"

CLOCK_WORDS = {"latency_p50_ns": "inference", "end_to_end_p50_ns": "end to end"}


def make_across(panels: Sequence[Panel]) -> tuple[Across, ...]:
    """Build a part for each model group that has several hosts."""
    return tuple(_part(beside) for beside in compare_hosts(panels))


def _part(beside: Beside) -> Across:
    labels = variant_labels(beside.variants)
    tables = (
        choices_table(beside),
        variants_table(beside),
        parity_table(beside),
        machines_table(beside),
    )
    return Across(
        title=f"{beside.group} on {_listed(beside.hosts)}",
        warnings=(*_emulated(beside), *(_unlike_sentence(unlike) for unlike in beside.unlike)),
        findings=(
            *_choice_sentences(beside),
            *_gain_sentences(beside, labels),
            *_flip_sentences(beside, labels),
            *parity_sentences(beside),
        ),
        charts=_charts(beside),
        tables=tuple(table for table in tables if table),
    )


def variant_labels(variants: Sequence[Variant]) -> dict[str, str]:
    """Return a label for the first case of each variant."""
    return case_labels([variant.first for variant in variants])


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _emulated(beside: Beside) -> list[str]:
    return [
        f"{host} is an emulated machine: its times are {NOT_VALID} and are not compared with other hosts'."
        for host in beside.emulated
    ]


def _unlike_sentence(unlike: Unlike) -> str:
    values = ", ".join(f"{value or 'not recorded'} on {host}" for host, value in unlike.values.items())
    return (
        f"{unlike.subject}: {unlike.what} {values}. Latency ratios across these hosts mix this difference "
        "with that of the machines."
    )


def _choice_sentences(beside: Beside) -> list[str]:
    """Say whether hosts with valid times want the same variant."""
    chosen = {}
    for panel in beside.panels:
        case = panel.recommendation.case
        record = next((record for record in panel.records if record.case == case), None)
        if record is not None and not unfit_words(record, panel.recommendation.clock):
            chosen[panel.host] = case_labels(panel.records)[record.case]
    if len(chosen) < 2:
        return []
    if len(set(chosen.values())) == 1:
        return [f"The same variant is recommended on {_listed(list(chosen))}: {next(iter(chosen.values()))}."]
    return [f"What to ship differs: {', '.join(f'{name} on {host}' for host, name in chosen.items())}."]


def _gain_sentences(beside: Beside, labels: dict[str, str]) -> list[str]:
    """Say what INT8 gains over fp32 on each host, each within itself."""
    said = []
    for variant in beside.variants:
        gains = {
            host: speed_words(metric)
            for host in variant.records
            if host not in beside.emulated and (metric := _gain(beside, variant, host)) is not None
        }
        if variant.first.precision == TOLD and len(gains) > 1:
            words = "; ".join(f"{gain} on {host}" for host, gain in gains.items())
            said.append(f"{labels[variant.first.case]} against its fp32 on the same host: {words}.")
    return said[:MOST_SENTENCES]


def _gain(beside: Beside, variant: Variant, host: str) -> Metric | None:
    panel = next(panel for panel in beside.panels if panel.host == host)
    comparison: Comparison | None = panel.comparisons.get(variant.records[host].case)
    return comparison.latency_ratio if comparison else None


def _flip_sentences(beside: Beside, labels: dict[str, str]) -> list[str]:
    """Name the pairs of variants whose order turns round from host to host."""
    valid = [host for host in beside.hosts if host not in beside.emulated]
    shared = [v for v in beside.variants if len(set(v.records) - set(beside.emulated)) > 1]
    if len(valid) < 2 or len(shared) < 2:
        return []
    if not beside.num_ranked:
        return ["Whether rankings turn round is open: no two variants are clearly apart on two hosts."]
    if not beside.flips:
        return ["No ranking turns round: what is clearly faster on one host is nowhere clearly slower."]
    said = [_flip_sentence(flip, labels, beside.clock) for flip in beside.flips[:MOST_SENTENCES]]
    left = len(beside.flips) - len(said)
    return [*said, *([f"{left} more pairs of variants change places likewise."] if left > 0 else [])]


def _flip_sentence(flip: Flip, labels: dict[str, str], clock: str) -> str:
    words = ", ".join(
        f"{ratio(1 / value)}× faster on {host}" if value < 1 else f"{ratio(value)}× slower on {host}"
        for host, value in flip.ratios.items()
    )
    one, other = labels[flip.one.first.case], labels[flip.other.first.case]
    return f"The ranking turns round ({CLOCK_WORDS[clock]}): {one} is, against {other}, {words}."


def _charts(beside: Beside) -> tuple[Chart, ...]:
    """Put the latency charts of all hosts below each other, with the same axes."""
    found = [(panel, chart) for panel in beside.panels for chart in make_charts(panel)[:1]]
    shown = [(panel, chart) for panel, chart in found if chart.key == "latency"][:MOST_PANELS]
    if len(shown) < 2:
        return ()
    points: tuple[Point, ...] = tuple(
        replace(point, host=_facet(beside, panel.host), tip=f"{panel.host}, {point.tip}")
        for panel, chart in shown
        for point in chart.points
    )
    first = shown[0][1]
    caption = (
        f"One panel a host, all with the same axes. {first.caption} The Pareto front is that of its host."
    )
    # Each panel says by itself whether it is of an emulator.
    axis = first.x_title.partition("\nemulated")[0]
    return (
        replace(
            first, key="hosts", x_title=axis, title=f"{first.title}, by host", caption=caption, points=points
        ),
    )


def _facet(beside: Beside, host: str) -> str:
    return f"{host} (emulated: {NOT_VALID})" if host in beside.emulated else host


def across_lines(panels: Sequence[Panel]) -> list[str]:
    """Return warnings and findings over hosts as lines, for the terminal."""
    return [line for part in make_across(panels) for line in (*part.warnings, *part.findings)]
