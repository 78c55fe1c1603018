"""What ran, how it was made, and under which conditions: lists of names and values of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.analysis.proof import delegated_share, fused_share, num_conversions, provider
from bench.core.record import Record
from bench.report.cells import field_cell
from bench.report.columns import WHAT_RAN
from bench.report.detail.model import Line
from bench.report.detail.strips import is_timed
from bench.report.table import Cell
from bench.report.units import kibibytes, number

Facts = tuple[tuple[str, str | Cell], ...]

# Operators by type: so many are named, the most frequent first.
MOST_OPERATORS = 10

# Bits 0 to 3 of `get_throttled` are of this moment, 16 to 19 since boot (Raspberry Pi documentation).
NOW_BITS = 0xF

# What a recipe's settings matter for: floats are not quantized, weights alone have no activations.
_QUANTIZED = ("precision", "io", "granularity", "activations", "equalize")
_SAYING = {"fp32": ("precision",), "fp16": ("precision",), "dynamic": ("precision", "granularity")}

# Digits of a hash that a reader compares by eye.
HASH_DIGITS = 12


def what_ran(record: Record) -> Facts:
    """Return the proof of the precision: the file's own tensors, and what the runtime took of it."""
    facts, proof = record.artifact, record.proof
    version = proof.get("runtime_version") or ""
    asked = f"{record.threads} asked for, {proof['threads']} in effect" if proof.get("threads") else ""
    return _known(
        ("Precision", _precision(record)),
        ("Weights", _weights(facts.get("weight_bytes"))),
        ("Inputs", "; ".join(map(str, facts.get("inputs") or ()))),
        ("Outputs", "; ".join(map(str, facts.get("outputs") or ()))),
        ("Operators in the file", _operators(facts.get("ops"))),
        ("Runtime", f"{record.runtime} {version}".strip() if version else ""),
        ("Delegate or provider", provider(record)),
        ("Operators taken", _taken(record)),
        ("Operators run", _operators(proof.get("ops")) if proof.get("ops") != facts.get("ops") else ""),
        ("Conversions left", _conversions(record)),
        ("Threads", asked),
        ("Notes", "; ".join(map(str, facts.get("notes") or ()))),
    )


def how_made(record: Record) -> Facts:
    """Return recipe, calibration and training, and what building the file reported."""
    recipe, facts = record.recipe or {}, record.artifact
    calibration, training = _part(recipe, "calibration"), _part(recipe, "training")
    is_trained = bool(recipe) and record.precision == "qat"
    is_calibrated = bool(record.hashes.get("calibration"))
    sha = str(facts.get("sha256") or "")
    return _known(
        ("Recipe", _named(recipe, _SAYING.get(record.precision, _QUANTIZED))),
        ("Calibration", _named(calibration, ("method", "images", "source")) if is_calibrated else ""),
        ("Calibration images", _short(record.hashes.get("calibration"))),
        ("Training", _named(training, tuple(training)) if is_trained else ""),
        ("Kept in float", ", ".join(map(str, recipe.get("keep_float") or ()))),
        ("Kept in 8 bits", ", ".join(map(str, recipe.get("keep_8bit") or ()))),
        ("Building said", "; ".join(map(str, facts.get("build_notes") or ()))),
        ("Model file", f"sha256 {_short(sha)}" if sha else ""),
    )


def conditions(record: Record, lines: Sequence[Line]) -> Facts:
    """Return how many rounds count, why others do not, and what the machine was like meanwhile."""
    seen = record.conditions
    causes = ", ".join(f"{cause} ({count})" for cause, count in record.invalid_reasons.items())
    timed = [line for line in lines if is_timed(line) and line.get("valid") is not False]
    facts = _known(
        ("Valid rounds", field_cell(record, "rounds_valid")),
        ("Invalid rounds", field_cell(record, "rounds_invalid")),
        ("Why they do not count", causes),
        ("Temperature", _range(seen.get("temperature_c"), 1, "°C")),
        ("Core clock", _range(seen.get("frequency_hz"), 1e6, "MHz")),
        ("Governor", ", ".join(map(str, seen.get("governors") or ()))),
        ("Throttling", _throttling(timed)),
        ("Load before a round", _spread([_load(line) for line in timed], 2)),
        ("Switched away from", _spread([_switches(line) for line in timed], 0, " times a round")),
    )
    unread = [
        name for name in ("Temperature", "Core clock", "Governor") if name not in {one[0] for one in facts}
    ]
    told = (("Not read on this machine", ", ".join(unread).lower()),) if unread else ()
    return (*facts, *told)


def _known(*items: tuple[str, str | Cell]) -> Facts:
    return tuple(item for item in items if item[1])


def _precision(record: Record) -> str:
    found = record.precision_found
    if not found:
        return f"{record.precision} as declared"
    return f"{record.precision}; the file's tensors say {found}"


def _weights(sizes: Any) -> str:
    if not isinstance(sizes, Mapping) or not sizes:
        return ""
    total = sum(sizes.values()) or 1
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {_bytes(size)} ({_share(size / total)})" for name, size in ordered)


def _bytes(size: int) -> str:
    return f"{kibibytes(size)} KiB" if size >= 1024 else f"{size} bytes"


def _share(share: float) -> str:
    return f"{number(100 * share, 0)}%" if share >= 0.005 else "below 1%"


def _operators(counts: Any) -> str:
    if not isinstance(counts, Mapping) or not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    names = ", ".join(f"{name} {count:,}" for name, count in ordered[:MOST_OPERATORS])
    left = len(ordered) - MOST_OPERATORS
    return f"{names}, {left} further type{'s' * (left > 1)}" if left > 0 else names


def _taken(record: Record) -> str:
    shares = [share for share in (fused_share(record), delegated_share(record)) if share]
    return "; ".join(
        f"{share.count} of {share.total} {WHAT_RAN[share.kind]} ({number(100 * share.value, 0)}%)"
        for share in shares
    )


def _conversions(record: Record) -> str:
    count = num_conversions(record)
    return "" if count is None else f"{count} between floats and integers"


def _named(values: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {_said(values[name])}"
        for name in names
        if values.get(name) not in (None, "", False)
    )


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _part(recipe: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = recipe.get(name)
    return part if isinstance(part, Mapping) else {}


def _short(digest: object) -> str:
    return str(digest)[:HASH_DIGITS] if digest else ""


def _range(ends: Any, unit: float, name: str) -> str:
    if not isinstance(ends, (list, tuple)) or len(ends) != 2:
        return ""
    low, high = (number(float(end) / unit, 0) for end in ends)
    return f"{low} {name}" if low == high else f"{low} to {high} {name}"


def _load(line: Line) -> Any:
    loads = (line.get("before") or {}).get("load_average")
    return loads[0] if isinstance(loads, (list, tuple)) and loads else None


def _switches(line: Line) -> Any:
    return ((line.get("after") or {}).get("disturbance") or {}).get("involuntary_switches")


def _throttling(lines: Sequence[Line]) -> str:
    """Say whether any look at the firmware saw the processor held back; nothing where none was possible."""
    looks = [(line.get(when) or {}).get("throttled") for line in lines for when in ("before", "after")]
    read = [look for look in looks if look is not None]
    if not read:
        return ""
    held = sum(bool(int(look) & NOW_BITS) for look in read if isinstance(look, int))
    return (
        f"seen at {held} of {len(read)} looks"
        if held
        else f"none at {len(read)} look{'s' if len(read) > 1 else ''}"
    )


def _spread(values: Sequence[Any], digits: int, unit: str = "") -> str:
    known = [float(value) for value in values if isinstance(value, (int, float))]
    if not known:
        return ""
    low, high = number(min(known), digits), number(max(known), digits)
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"
