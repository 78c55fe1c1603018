"""Whether two measurements answer the same question, judged metric by metric; pure.

Model, recipe, calibration and artifact may differ: they are what is compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, Protocol

from bench.core.metric import METRICS
from bench.gating.sides import ENVIRONMENT, HASHES

Kind = Literal["size", "accuracy", "machine"]


class Measured(Protocol):
    """Whatever was measured in a setting: what must agree for a comparison, by name."""

    @property
    def setting(self) -> dict[str, Any]:
        """See `bench.gating.sides.setting_of`."""
        ...


# What must agree, by kind of metric. A file's size depends on nothing that is measured; accuracy on the
# photos and on how they are fed and read; times and memory on the machine as well.
_MUST_AGREE: dict[Kind, tuple[str, ...]] = {
    "size": (),
    "accuracy": HASHES,
    "machine": (*HASHES, *ENVIRONMENT, "boards", "runtime", "runtime_version", "threads", "measure"),
}
_PEOPLE_NAMES = {
    "data": "evaluation photos",
    "annotations": "annotations",
    "preprocess": "preprocessing",
    "decode": "decoding of boxes",
    "suppression": "suppression",
    "labels": "labels",
    "boards": "boards that repeated the rounds",
    "cpu_features": "processor features",
    "page_size": "page size",
    "runtime_version": "runtime version",
    "measure": "calls, warm-up or photos a round",
}


def kind_of(metric: str) -> Kind:
    """Return what a metric depends on."""
    unit = METRICS[metric][0]
    if unit in ("ap", "ar"):
        return "accuracy"
    return "size" if metric in ("size_bytes", "compressed_bytes") else "machine"


def differences(metric: str, before: Measured, after: Measured, accepted: Collection[str] = ()) -> list[str]:
    """Name what differs and keeps a metric from being compared; empty where it can be.

    Args:
        accepted: settings whose difference is to be judged like any other change (`runtime_version`).
    """
    return [
        f"{_PEOPLE_NAMES.get(name, name)}: {_shown(before.setting.get(name), after.setting.get(name))}"
        for name in _MUST_AGREE[kind_of(metric)]
        if name not in accepted and before.setting.get(name) != after.setting.get(name)
    ]


def emulation_reason(metric: str, *settings: Mapping[str, Any]) -> str:
    """Say that a time or an energy is an emulator's, by which nothing can be decided; empty where it is not.

    Sizes and accuracy hold there, and memory where kernel and page size agree.
    """
    is_cost = kind_of(metric) == "machine" and METRICS[metric][0] != "bytes"
    if not is_cost or not any(setting.get("is_emulated") for setting in settings):
        return ""
    return "measured on an emulated machine: times and energy there are not valid for decisions"


def _shown(before: Any, after: Any) -> str:
    """Show two values that differ; hashes and long ones by the fact alone."""
    texts = [
        ", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in (before, after)
    ]
    is_short = all(len(text) <= 60 for text in texts) and not isinstance(before, dict)
    is_hash = all(len(text) == 64 and text.isalnum() for text in texts if text)
    return f"{texts[0]} then, {texts[1]} now" if is_short and not is_hash else "not the same"
