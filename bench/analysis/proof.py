"""What the runtime said it ran, read tolerantly: shares of a graph that run fused or delegated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.core.record import Record


@dataclass(frozen=True)
class Share:
    """`count` of `total` operators; what they have in common is in `kind`: `fused` or `delegated`."""

    kind: str
    count: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.total


def fused_share(record: Record) -> Share | None:
    """Return how many convolutions and matrix products run as integer operators (ONNX Runtime), if known."""
    total = _count(record, "num_fusable")
    return _share("fused", _count(record, "num_fused"), _count(record, "num_ops") if total is None else total)


def delegated_share(record: Record) -> Share | None:
    """Return how many operators a delegate took over (LiteRT's XNNPACK), if known."""
    return _share("delegated", _count(record, "num_delegated"), _count(record, "num_ops"))


def num_conversions(record: Record) -> int | None:
    """Return how many conversions between floats and integers are left in the graph, if known."""
    return _count(record, "num_quantize_ops")


def find_governor(environment: dict[str, Any]) -> str:
    """Return the processor's frequency governor wherever the machine's facts name it; empty if nowhere."""
    for key, value in environment.items():
        if "governor" in str(key) and isinstance(value, str):
            return value
        found = find_governor(value) if isinstance(value, dict) else ""
        if found:
            return found
    return ""


def _share(kind: str, count: int | None, total: int | None) -> Share | None:
    return None if count is None or not total else Share(kind, count, total)


def _count(record: Record, key: str) -> int | None:
    value = record.proof.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def provider(record: Record) -> str:
    """Return what ran the graph: LiteRT's delegate or ONNX Runtime's providers; empty if not recorded."""
    if record.proof.get("delegate"):
        return str(record.proof["delegate"])
    providers = record.proof.get("providers")
    if isinstance(providers, (list, tuple)):
        return ", ".join(map(str, providers))
    return "no delegate" if "delegate" in record.proof else ""


def is_emulated(record: Record) -> bool:
    """Whether the case ran on an emulated machine: its times say nothing of any real one."""
    return record.environment.get("is_emulated") is True
