"""The same variants side by side on several hosts: where rankings turn round, and what ran differently.

A cost of precision is always that within one host (`compare`); here hosts stand beside each other, and a
case of one is never the sibling of a case of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bench.analysis.findings import Panel
from bench.analysis.interval import bounds, known_value
from bench.analysis.proof import delegated_share, fused_share, is_emulated, provider
from bench.core.record import Record

# What a record must share with another one to be the same variant on another host.
Key = tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One model at one precision under one runtime; `records` by host, of measured cases only.

    Attributes:
        has_threads: several numbers of threads were measured, so this variant is one of them.
    """

    key: Key
    records: dict[str, Record]
    has_threads: bool

    @property
    def first(self) -> Record:
        """Its record on the first host that has one."""
        return next(iter(self.records.values()))


@dataclass(frozen=True)
class Flip:
    """Two variants of which one is clearly faster on some hosts and clearly slower on others.

    Attributes:
        ratios: host -> latency of `one` over that of `other`; only hosts where the intervals are apart.
    """

    one: Variant
    other: Variant
    ratios: dict[str, float]


@dataclass(frozen=True)
class Unlike:
    """Something that ran differently on hosts: `what` of `subject`, by host."""

    subject: str
    what: str
    values: dict[str, str]


@dataclass(frozen=True)
class Across:
    """One model group on several hosts.

    Attributes:
        clock: the metric that variants are ranked by.
        emulated: hosts whose times are an emulator's; they take no part in rankings.
        flips: the most marked first.
        num_ranked: pairs of variants that are clearly apart on more than one host, so that they could flip.
    """

    group: str
    panels: tuple[Panel, ...]
    variants: tuple[Variant, ...]
    clock: str
    emulated: tuple[str, ...]
    flips: tuple[Flip, ...]
    num_ranked: int
    unlike: tuple[Unlike, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts in the order of the suite; the first is the reference."""
        return tuple(panel.host for panel in self.panels)


def compare_hosts(panels: Sequence[Panel]) -> tuple[Across, ...]:
    """Put the panels of each model group beside each other; groups on one host only are left out."""
    groups = dict.fromkeys(panel.group for panel in panels)
    found = ([panel for panel in panels if panel.group == group] for group in groups)
    return tuple(_across(beside) for beside in found if len(beside) > 1)


def _across(panels: Sequence[Panel]) -> Across:
    variants = _variants(panels)
    clocks = {panel.recommendation.clock for panel in panels}
    clock = "end_to_end_p50_ns" if "end_to_end_p50_ns" in clocks else "latency_p50_ns"
    emulated = tuple(panel.host for panel in panels if any(map(is_emulated, panel.records)))
    ranked = _ranked(variants, clock, emulated)
    return Across(
        group=panels[0].group,
        panels=tuple(panels),
        variants=variants,
        clock=clock,
        emulated=emulated,
        flips=_flips(ranked),
        num_ranked=len(ranked),
        unlike=_unlike(variants),
    )


def _variants(panels: Sequence[Panel]) -> tuple[Variant, ...]:
    """Pair cases over hosts; threads tell them apart unless each host measured one number of them."""
    measured = [record for panel in panels for record in panel.records if record.status == "ok"]
    threads: dict[Key, dict[str, set[int]]] = {}
    for record in measured:
        threads.setdefault(_key(record), {}).setdefault(record.host, set()).add(record.threads)
    several = {key for key, hosts in threads.items() if any(len(found) > 1 for found in hosts.values())}
    paired: dict[Key, dict[str, Record]] = {}
    for record in measured:
        key = _key(record)
        full = (*key, str(record.threads)) if key in several else key
        paired.setdefault(full, {}).setdefault(record.host, record)
    return tuple(Variant(key, records, bool(several)) for key, records in paired.items())


def _key(record: Record) -> Key:
    recipe: dict[str, Any] = record.recipe or {}
    settings = sorted((name, value) for name, value in recipe.items())
    return (record.model, record.precision, record.runtime, str(settings))


# Of one variant, host -> latency and its bounds, where a host has both and its times may be ranked.
_Times = dict[str, tuple[float, tuple[float, float]]]


def _ranked(variants: Sequence[Variant], clock: str, emulated: Sequence[str]) -> list[Flip]:
    """Return the pairs of variants that are clearly apart on more than one host."""
    timed = [(variant, _times(variant, clock, emulated)) for variant in variants]
    return [
        Flip(one, other, ratios)
        for (one, left), (other, right) in combinations(timed, 2)
        if len(ratios := _clear_ratios(left, right)) > 1
    ]


def _times(variant: Variant, clock: str, emulated: Sequence[str]) -> _Times:
    return {
        host: (value, ends)
        for host, record in variant.records.items()
        if host not in emulated
        and (value := known_value(record, clock))
        and (ends := bounds(record.metric(clock)))
    }


def _flips(ranked: Sequence[Flip]) -> tuple[Flip, ...]:
    found = [flip for flip in ranked if min(flip.ratios.values()) < 1 < max(flip.ratios.values())]
    return tuple(sorted(found, key=lambda flip: min(flip.ratios.values()) / max(flip.ratios.values())))


def _clear_ratios(one: _Times, other: _Times) -> dict[str, float]:
    """Return by host the ratio of two latencies whose intervals are apart."""
    ratios = {}
    for host, (value, (low, high)) in one.items():
        if host not in other:
            continue
        base, (base_low, base_high) = other[host]
        if high < base_low or base_high < low:
            ratios[host] = value / base
    return ratios


def _unlike(variants: Sequence[Variant]) -> tuple[Unlike, ...]:
    """Find what ran differently; what several variants have in common is said once."""
    found = {
        (unlike.subject, unlike.what, str(unlike.values)): unlike
        for variant in variants
        for unlike in _unlike_of(variant)
    }
    return tuple(found.values())


def _unlike_of(variant: Variant) -> Iterator[Unlike]:
    first = variant.first
    case = first.case.partition("@")[0]
    for subject, what, values in (
        (first.runtime, "version", {h: _text(r, "runtime_version") for h, r in variant.records.items()}),
        (case, "threads", {h: str(r.proof.get("threads") or r.threads) for h, r in variant.records.items()}),
        ("agent", "sha256", {h: _text(r, "agent_sha256")[:12] for h, r in variant.records.items()}),
        (first.runtime, "delegate or provider", {h: provider(r) for h, r in variant.records.items()}),
        (case, "share in integers or delegated", {h: _share(r) for h, r in variant.records.items()}),
    ):
        if len({value for value in values.values() if value}) > 1:
            yield Unlike(subject, what, values)


def _text(record: Record, name: str) -> str:
    return str(record.proof.get(name) or "")


def _share(record: Record) -> str:
    share = fused_share(record) or delegated_share(record)
    return f"{share.count} of {share.total}" if share else ""
