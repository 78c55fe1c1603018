"""Which activation type an ONNX integer model should have on this host, where both were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.interval import clearly_less
from bench.analysis.proof import Share, fused_share
from bench.core.record import Record


@dataclass(frozen=True)
class ActivationFinding:
    """Two ONNX cases that differ in the activation type alone.

    Attributes:
        faster: case id of the one whose latency interval lies below the other's; empty for a tie.
        ratio: median of the int8 variant over that of the uint8 variant.
    """

    uint8: str
    int8: str
    faster: str
    ratio: float | None
    uint8_fused: Share | None
    int8_fused: Share | None


def compare_activations(records: Sequence[Record]) -> tuple[ActivationFinding, ...]:
    """Pair the measured ONNX cases of one model group on one host by everything but the activation type."""
    measured = [
        record
        for record in records
        if record.status == "ok" and record.runtime == "onnxruntime" and record.recipe
    ]
    unsigned = [record for record in measured if _activations(record) == "uint8"]
    signed = {_key(record): record for record in measured if _activations(record) == "int8"}
    return tuple(_pair(record, signed[_key(record)]) for record in unsigned if _key(record) in signed)


def _pair(unsigned: Record, signed: Record) -> ActivationFinding:
    one, two = unsigned.metric("latency_p50_ns"), signed.metric("latency_p50_ns")
    faster = ""
    if clearly_less(one, two):
        faster = unsigned.case
    elif clearly_less(two, one):
        faster = signed.case
    has_both = one and two and one.value and two.value is not None
    return ActivationFinding(
        uint8=unsigned.case,
        int8=signed.case,
        faster=faster,
        ratio=two.value / one.value if has_both and one and two and one.value and two.value else None,
        uint8_fused=fused_share(unsigned),
        int8_fused=fused_share(signed),
    )


def _activations(record: Record) -> str:
    """Only static integer recipes quantize activations by a declared type."""
    is_static = record.precision in ("int8", "qat")
    return str((record.recipe or {}).get("activations", "")) if is_static else ""


def _key(record: Record) -> tuple[str, ...]:
    recipe = record.recipe or {}
    rest = {key: value for key, value in recipe.items() if key not in ("name", "activations")}
    return (record.model, record.precision, str(record.threads), str(sorted(rest.items(), key=str)))
