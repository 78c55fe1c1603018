"""Measure what a precision costs: COCO mAP, latency, memory and size of detectors, side by side.

Importing this package loads nothing heavy; `load_results` imports pandas when it is called.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

__version__ = "0.1.0"

# Importing ONNX Runtime 1.31 on Linux starts a thread that gathers usage data and keeps them below the user's
# cache folder: nothing that a measured process, or somebody's board, should do unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def load_results(path: Any) -> DataFrame:
    """Read the records of one run, or of several below a folder, as a data frame.

    Args:
        path: a run folder, a `records.jsonl`, or a folder above runs (`results/quickstart`, `results`).

    Returns:
        One row a case: what was measured (`precision`, `runtime`, `host`, `status`, ...) and one column
        a metric by its name (`map_50_95`, `latency_p50_ns`), with `<name>_low` and `<name>_high` beside it
        where an interval is known.

    Raises:
        StoreError: there are no readable records at that path.
    """
    from bench.store.frame import load_results as load

    return load(path)
