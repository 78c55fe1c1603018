"""Measure what a precision costs: COCO mAP, latency, memory and size of detectors, side by side.

The functions for notebooks are those of `bench.api`. Importing this package loads nothing heavy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api import (
        choose,
        compare_results,
        draw_charts,
        load_results,
        load_rounds,
        read_records,
    )

__version__ = "0.1.0"

# Importing ONNX Runtime 1.31 on Linux starts a thread that gathers usage data and keeps them below the user's
# cache folder: nothing that a measured process, or somebody's board, should do unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


# What `bench.api` has for notebooks stands here, too.
__all__ = ["choose", "compare_results", "draw_charts", "load_results", "load_rounds", "read_records"]


def __getattr__(name: str) -> Any:
    """Import a function of the API when it is first asked for: PEP 562."""
    if name not in __all__:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("bench.api"), name)
