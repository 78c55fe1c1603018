"""Figures as JSON that every reader takes: JSON has neither NaN nor infinity, so these become null."""

from __future__ import annotations

import json
import math
from typing import Any

from bench.wire.codec import to_json


def figures_json(value: Any) -> str:
    """Return dataclasses, lists and mappings of them as indented JSON text."""
    return json.dumps(_finite(to_json(value)), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
