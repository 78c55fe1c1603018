"""Memory metrics of one case from its memory probes, each a fresh process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.core.metric import Metric, make_metric
from bench.metrics.estimate import joined

# How the agent read the peak, and what that means for the figure.
_METHODS = {
    "clear_refs": "high-water mark, reset after importing the runtime",
    "whole_life": "high-water mark of the whole process life, the reset was refused",
    "psutil": "peak as psutil reports it",
}


def memory_metrics(probes: Sequence[Mapping[str, Any]]) -> tuple[Metric, ...]:
    """Summarise memory by medians over probes; swapped-out pages count as memory of the peak.

    The model's share is the median of each probe's peak minus its own baseline.

    Args:
        probes: the agent's `memory` results, see `bench.wire`; sizes in bytes.
    """
    peaks = [probe["peak_rss_bytes"] + (probe.get("swap_bytes") or 0) for probe in probes]
    baselines = [probe["baseline_rss_bytes"] for probe in probes]
    shares = [peak - baseline for peak, baseline in zip(peaks, baselines, strict=True)]
    note = _note(probes)
    return (
        _metric("peak_rss_bytes", peaks, note),
        _metric("baseline_rss_bytes", baselines, ""),
        _metric("model_rss_bytes", shares, note),
    )


def _metric(name: str, values: Sequence[float], note: str) -> Metric:
    if not values:
        return make_metric(name, None, note="not measured: no memory probe")
    spread = f"{min(values):,} to {max(values):,} bytes over {len(values)} probes" if len(values) > 1 else ""
    return make_metric(name, float(median(values)), count=len(values), note=joined(note, spread))


def _note(probes: Sequence[Mapping[str, Any]]) -> str:
    methods = sorted({str(probe.get("method", "unknown")) for probe in probes})
    pages = sorted({int(probe["page_size"]) for probe in probes if probe.get("page_size")})
    swapped = max((probe.get("swap_bytes") or 0 for probe in probes), default=0)
    return joined(
        *(_METHODS.get(method, method) for method in methods),
        *(f"pages of {page:,} bytes" for page in pages),
        f"up to {swapped:,} bytes of it swapped out" if swapped else "",
    )
