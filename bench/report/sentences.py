"""Findings as sentences: what a case gains and costs beside fp32, and what training brought."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.activations import ActivationFinding
from bench.analysis.compare import Comparison
from bench.analysis.front import Front
from bench.analysis.interval import sign
from bench.analysis.proof import Share
from bench.analysis.training import TrainingFinding
from bench.core.metric import Metric, make_metric
from bench.report.cells import interval_text, weak_words
from bench.report.units import is_known, point_difference, points, ratio

Labels = dict[str, str]

NOT_TRAINED = (
    "training did not lower the loss on images set aside: this file holds post-training INT8 weights "
    "(channels may be balanced), not trained ones."
)

COSTS = {
    "latency_p50_ns": "inference latency",
    "peak_rss_bytes": "peak memory",
    "size_bytes": "file size",
    "energy_per_inference_j": "energy",
}

# A sentence that names more cases than this counts the others.
MOST_NAMES = 4


def comparison_sentence(comparison: Comparison, labels: Labels) -> str:
    """Say it all in one line: `int8 on litert: 1.70× faster [1.60, 1.80], 2.4× smaller file, ...`."""
    parts = [
        speed_words(comparison.latency_ratio),
        size_words(comparison.size_ratio),
        accuracy_words(comparison),
    ]
    return f"{labels.get(comparison.case, comparison.case)}: {', '.join(part for part in parts if part)}"


def speed_words(metric: Metric | None) -> str:
    """Say how much faster or slower a latency ratio is; its interval is turned round with it."""
    if metric is None or not is_known(metric) or not metric.value:
        return ""
    side = sign(metric, 1.0)
    if side == 0:
        return (
            f"no difference in speed seen ({ratio(metric.value)}× the latency {interval_text(metric, ratio)})"
        )
    if side is None:
        behind = f", {num_rounds(metric.count)}" if metric.count else ""
        return f"speed not decided ({ratio(metric.value)}× the latency{behind})"
    if metric.value <= 1:
        ends = (metric.high, metric.low)
        shown = (
            f" [{ratio(1 / ends[0])}, {ratio(1 / ends[1])}]{weak_words(metric)}"
            if ends[0] and ends[1]
            else ""
        )
        return f"{ratio(1 / metric.value)}× faster{shown}"
    interval = interval_text(metric, ratio)
    return f"{ratio(metric.value)}× slower{' ' + interval if interval else ''}"


def num_rounds(count: int) -> str:
    """Return `1 round`, `2 rounds`."""
    return f"{count} round{'' if count == 1 else 's'}"


def size_words(value: float | None) -> str:
    """Say how much smaller or larger the file is."""
    if not value:
        return ""
    if value == 1:
        return "the same file size"
    return f"{ratio(1 / value)}× smaller file" if value < 1 else f"{ratio(value)}× larger file"


def accuracy_words(comparison: Comparison) -> str:
    """Say what the paired interval of the mAP difference allows to say."""
    metric = comparison.difference
    if metric is None or not is_known(metric):
        return "mAP difference unknown"
    verdicts = {"tie": "no difference seen", "worse": "worse", "better": "better", "unknown": "not decided"}
    interval = interval_text(metric, point_difference)
    shown = " ".join(part for part in (point_difference(metric.value or 0.0), interval) if part)
    return f"{shown} points mAP: {verdicts[comparison.accuracy]}"


def front_sentence(front: Front, labels: Labels) -> str:
    """Name the Pareto front of one cost, and who is ahead on it by less than the intervals resolve."""
    leaders = [placed for placed in front.placed if placed.standing == "front"]
    tied = [placed for placed in front.placed if placed.standing == "tied"]
    text = f"Pareto front of mAP against {COSTS[front.cost]}: {_names([p.case for p in leaders], labels)}."
    if tied:
        text += f" Tied with it: {_names([placed.case for placed in tied], labels)}."
    noisy = [placed.case for placed in leaders if placed.by]
    if noisy and len(noisy) < len(leaders):
        text += f" No mAP difference to a clearly cheaper case was seen for {_names(noisy, labels)}."
    return text


def _names(cases: Sequence[str], labels: Labels) -> str:
    more = f" and {len(cases) - MOST_NAMES} more" if len(cases) > MOST_NAMES else ""
    return ", ".join(labels.get(case, case) for case in cases[:MOST_NAMES]) + more


def training_sentence(finding: TrainingFinding, labels: Labels) -> str:
    """Say what QAT brought over INT8, and beside its control; or that the file holds nothing trained."""
    name = labels.get(finding.case, finding.case)
    if finding.is_trained is False:
        return f"{name}: {NOT_TRAINED} {_difference_to_int8(finding, labels)}".rstrip()
    return f"{name}: {_over_int8(finding, labels)} {_beside_control(finding)}"


def activation_sentence(finding: ActivationFinding, labels: Labels) -> str:
    """Say which activation type is better on this host, with the share of the graph that runs in integers."""
    names = {case: labels.get(case, case) for case in (finding.uint8, finding.int8)}
    if finding.ratio is None:
        return f"Activation type: {names[finding.uint8]} and {names[finding.int8]} cannot be compared."
    fused = f"fused: uint8 {_share(finding.uint8_fused)}, int8 {_share(finding.int8_fused)}"
    if not finding.faster:
        return f"Activation type: uint8 and int8 activations are as fast here, by their intervals ({fused})."
    better = "uint8" if finding.faster == finding.uint8 else "int8"
    factor = finding.ratio if better == "uint8" else 1 / finding.ratio
    return f"Activation type: {better} is better on this host, {ratio(factor)}× faster ({fused})."


def _over_int8(finding: TrainingFinding, labels: Labels) -> str:
    if finding.gain is None:
        return "no INT8 case was measured beside it, so what training brought is unknown."
    if finding.gain_low is not None:
        return _difference_to_int8(finding, labels)
    gain = f"{point_difference(finding.gain)} points mAP against {labels.get(finding.int8, finding.int8)}"
    verdicts = {
        "better": "training brought something: their intervals are apart.",
        "worse": "training cost accuracy: their intervals are apart.",
        "tie": "training brought nothing that this run can see, their intervals overlap.",
        "unknown": "whether training brought something is unknown.",
    }
    return f"{gain}: {verdicts[finding.outcome]}"


def _difference_to_int8(finding: TrainingFinding, labels: Labels) -> str:
    """Say the difference to INT8 alone: `−0.02 points mAP [−0.30, +0.31] against int8 on litert: ...`."""
    if finding.gain is None:
        return ""
    gain = _difference_metric(finding.gain, finding.gain_low, finding.gain_high, finding.gain_level)
    return f"{_difference_words(gain, f'against {labels.get(finding.int8, finding.int8)}')}."


def _beside_control(finding: TrainingFinding) -> str:
    if finding.control_failure:
        return f"Its control failed: {finding.control_failure.rstrip('.')}."
    if finding.control_gain is not None:
        ends = (finding.control_low, finding.control_high, finding.control_level)
        gain = _difference_metric(finding.control_gain, *ends)
        score = "" if finding.control is None else f", which scores {points(finding.control)} points"
        return (
            f"{_difference_words(gain, f'against its control, a float fine-tune of as many steps{score}')}."
        )
    if not finding.has_labels:
        return (
            "It learnt from the float model's own outputs, without labels, so its control is the float "
            "model itself."
        )
    return "Its control, a float fine-tune of as many steps, was not scored."


def _difference_metric(value: float, low: float | None, high: float | None, level: float | None) -> Metric:
    return make_metric("map_50_95_difference", value, low=low, high=high, level=level)


def _difference_words(metric: Metric, against: str) -> str:
    """Say a difference of mAP in points with its interval, and what the interval allows to say."""
    verdicts = {-1: "worse", 0: "no difference seen", 1: "better", None: "not decided, no interval is known"}
    side = sign(metric)
    interval = interval_text(metric, point_difference)
    verdict = "not decided, its interval is too weak" if side is None and interval else verdicts[side]
    words = [f"{point_difference(metric.value or 0.0)} points mAP", interval, against]
    return f"{' '.join(word for word in words if word)}: {verdict}"


def _share(share: Share | None) -> str:
    return f"{share.count} of {share.total}" if share else "unknown"
