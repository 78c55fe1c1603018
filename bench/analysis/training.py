"""What quantization-aware training brought: over plain INT8, and over its control. It promises nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.compare import Outcome, accuracy_order, difference_metric, paired_difference
from bench.core.metric import Metric, make_metric
from bench.core.record import Record


@dataclass(frozen=True)
class TrainingFinding:
    """One QAT case beside the INT8 case of the same settings.

    Attributes:
        int8: its case id; empty where none was measured.
        outcome: of QAT against INT8, by the paired interval of their own difference. Without one, paired
            differences to the shared sibling decide by disjoint intervals, which sees less.
        gain: mAP of QAT minus mAP of INT8.
        gain_low, gain_high, gain_level: its paired interval; None where it is not known.
        is_trained: False where the file holds post-training weights because training did not help; None
            where that was not recorded.
        has_labels: whether training used annotations; without them the float model is the teacher, and the
            control would be that model itself.
        control: mAP of the float fine-tune of as many steps; None where there is none.
        control_gain: mAP of QAT minus that of the control.
        control_low, control_high, control_level: its paired interval; None where it is not known.
        control_failure: why the control has no figures; empty where it did not fail.
    """

    case: str
    int8: str
    outcome: Outcome
    gain: float | None
    has_labels: bool
    control: float | None
    control_gain: float | None
    gain_low: float | None = None
    gain_high: float | None = None
    gain_level: float | None = None
    is_trained: bool | None = None
    control_low: float | None = None
    control_high: float | None = None
    control_level: float | None = None
    control_failure: str = ""


def judge_training(records: Sequence[Record]) -> tuple[TrainingFinding, ...]:
    """Judge the measured QAT cases of one model group on one host.

    Threads do not change what a model finds, so of cases that differ in them alone only the first is judged.
    """
    measured = [record for record in records if record.status == "ok"]
    trained = [record for record in measured if record.precision == "qat"]
    kinds = {
        (record.model, str(_option(record, "name")), record.runtime): record for record in reversed(trained)
    }
    return tuple(_judge(record, measured) for record in trained if record in kinds.values())


def control_accuracy(control: dict[str, Any] | None) -> float | None:
    """Read the control's mAP, whether it is stored as a number, a metric, or among a list of metrics."""
    if not control:
        return None
    listed = control.get("metrics")
    if isinstance(listed, (list, tuple)):
        named = {str(entry.get("name")): entry for entry in listed if isinstance(entry, dict)}
        return control_accuracy(named)
    found = control.get("map_50_95")
    if isinstance(found, dict):
        found = found.get("value")
    return float(found) if isinstance(found, (int, float)) and found >= 0 else None


def _judge(record: Record, measured: Sequence[Record]) -> TrainingFinding:
    int8 = _plain_int8(record, measured)
    control = control_accuracy(record.control)
    gain = _gain(record, int8) if int8 else None
    beside = _control_gain(record, control)
    outcomes: dict[int, Outcome] = {-1: "worse", 0: "tie", 1: "better"}
    return TrainingFinding(
        case=record.case,
        int8=int8.case if int8 else "",
        outcome=outcomes[accuracy_order(record, int8)] if int8 else "unknown",
        gain=gain.value if gain else None,
        has_labels=bool(_option(record, "training", {}).get("labels")),
        control=control,
        control_gain=beside.value if beside else None,
        gain_low=gain.low if gain else None,
        gain_high=gain.high if gain else None,
        gain_level=gain.level if gain else None,
        is_trained=record.artifact.get("is_trained"),
        control_low=beside.low if beside else None,
        control_high=beside.high if beside else None,
        control_level=beside.level if beside else None,
        control_failure=_control_failure(record.control),
    )


def _gain(record: Record, int8: Record) -> Metric | None:
    return paired_difference(record, int8) or _minus(record, int8.value("map_50_95"))


def _control_gain(record: Record, control: float | None) -> Metric | None:
    return difference_metric((record.control or {}).get("difference")) or _minus(record, control)


def _control_failure(control: dict[str, Any] | None) -> str:
    status = str((control or {}).get("status") or "ok")
    return "" if status == "ok" else str((control or {}).get("reason") or status)


def _plain_int8(record: Record, measured: Sequence[Record]) -> Record | None:
    """Find the INT8 case that differs in nothing but the training."""
    alike = [
        other
        for other in measured
        if other.precision == "int8"
        and (other.model, other.runtime, other.threads) == (record.model, record.runtime, record.threads)
    ]
    same = ("activations", "granularity", "io", "keep_float", "equalize")
    alike.sort(key=lambda other: sum(_option(other, key) != _option(record, key) for key in same))
    return alike[0] if alike else None


def _option(record: Record, key: str, default: Any = None) -> Any:
    return (record.recipe or {}).get(key, default)


def _minus(record: Record, other: float | None) -> Metric | None:
    """Subtract the values themselves, which gives no interval."""
    value = record.value("map_50_95")
    return None if value is None or other is None else make_metric("map_50_95_difference", value - other)
