"""Makes sides of comparisons without measuring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.gating.sides import CaseSide, Side

SETTING: dict[str, Any] = {
    **dict.fromkeys(("data", "annotations", "preprocess", "decode", "suppression", "labels"), "a" * 64),
    **{
        "cpu": "Cortex-A76",
        "board": "Raspberry Pi 5",
        "architecture": "aarch64",
        "cpu_features": ["asimddp"],
    },
    **{"page_size": 16384, "kernel": "Linux 6.12", "governor": "performance", "runtime": "litert"},
    **{"runtime_version": "2.1.0", "threads": 4, "measure": {"calls": 200}},
}


def make_case(case: str = "m/int8/litert/t4@pi5", times: tuple[float, ...] = (), **changes: Any) -> CaseSide:
    """Make one measured case; `times` are its processes' medians in ns."""
    middle = sorted(times)[len(times) // 2] if times else 1e6
    side = CaseSide(
        case=case,
        status="ok",
        reason="",
        values={"size_bytes": 1000.0, "latency_p50_ns": middle},
        processes={"latency_p50_ns": times},
        rounds=(),
        matches=None,
        setting=SETTING,
    )
    return replace(side, **changes)


def make_side(*cases: CaseSide, name: str = "side") -> Side:
    """Make a side of these cases."""
    return Side(name, "suite", {case.case: case for case in cases})
