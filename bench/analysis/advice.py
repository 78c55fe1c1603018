"""Warnings that fit what was measured: what looks wrong in a case, the probable cause, and what to do.

Each check reads one record and its fp32 sibling and gives advice or nothing; `advise` joins them with what
the record brought along.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.analysis.hints import silent_classes, with_command
from bench.analysis.interval import known_value, sign
from bench.analysis.proof import find_governor, fused_share, num_conversions
from bench.analysis.published import beside_published
from bench.analysis.suppressing import unsuppressed
from bench.core.record import Advice, Record

# Below this AP a detector finds nothing of use.
NOTHING_FOUND = 0.005

# AP lost beyond which something is broken rather than rounded: healthy 8-bit models lose a tenth of it.
COLLAPSE = 0.1

# Likewise as a share of the AP of fp32, for models of low AP.
COLLAPSE_SHARE = 0.25

# A class that had this AP in fp32 and lost nine tenths of it is dead.
LIVING_CLASS = 0.1

# measuring.md's floor of rounds, and the number below which no comparison can be decided.
FEW_ROUNDS = 5
DECIDING_ROUNDS = 8

# Fewer images than this leave mAP intervals too wide to tell precisions apart.
FEW_IMAGES = 100

Check = Callable[[Record, Record | None], Advice | None]


def advise(record: Record, sibling: Record | None) -> tuple[Advice, ...]:
    """Return the record's own warnings and what the checks add; of one code, the record's own wins."""
    if record.status != "ok":
        return record.warnings
    found = (*record.warnings, *(advice for check in CHECKS if (advice := check(record, sibling))))
    unique = tuple({advice.code: advice for advice in reversed(found)}.values())[::-1]
    return with_command(unique, record)


def _nothing_found(record: Record, sibling: Record | None) -> Advice | None:
    value = known_value(record, "map_50_95")
    is_said = any(advice.code == "no_detections" for advice in record.warnings)
    if value is None or value >= NOTHING_FOUND or is_said:
        return None
    if record.precision == "fp32":
        cure = "check preprocessing, box order, class offset and category ids of the model's description"
    else:
        cure = "look at the detections file, the scale of the score output, and the calibration images"
    return Advice("no_accuracy", f"AP is {value:.3f}: the model finds nothing of use", cure)


def _collapse(record: Record, sibling: Record | None) -> Advice | None:
    change = known_value(record, "map_50_95_difference")
    if change is None:
        return None
    share = COLLAPSE_SHARE * (known_value(sibling, "map_50_95") or 1.0) if sibling else COLLAPSE
    if change > -min(COLLAPSE, share):
        return None
    return Advice(
        "accuracy_collapse",
        f"AP fell by {-change:.3f} against fp32: more than rounding explains",
        "calibrate on images like those of the task; give boxes and scores outputs of their own, so that "
        "they share no scale; quantize per channel; or use QAT",
    )


def _dead_classes(record: Record, sibling: Record | None) -> Advice | None:
    before = sibling.per_class if sibling else {}
    dead = [
        name
        for name, value in record.per_class.items()
        if value is not None
        and (before.get(name) or 0.0) >= LIVING_CLASS
        and value < 0.1 * (before[name] or 0.0)
    ]
    if not dead:
        return None
    shown = ", ".join(dead[:5]) + (f" and {len(dead) - 5} more" if len(dead) > 5 else "")
    return Advice(
        "dead_class",
        f"these classes lost nine tenths of their AP or more: {shown}",
        "look whether calibration images contain them, and at the score output's range",
    )


def _slower(record: Record, sibling: Record | None) -> Advice | None:
    if sign(record.metric("latency_ratio"), 1.0) != 1:
        return None
    ratio = record.value("latency_ratio") or 0.0
    text = f"{ratio:.2f} times the latency of fp32"
    if record.precision == "dynamic":
        cause = "dynamic range quantizes activations anew in every call"
        return Advice("slower_than_fp32", f"{text}: {cause}", "use int8 where speed counts")
    if record.precision == "fp16":
        cause = "most processors compute in float32 and convert fp16 values on the way"
        return Advice("slower_than_fp32", f"{text}: {cause}", "fp16 saves bytes here, not time")
    share = fused_share(record)
    if share is not None and share.value < 0.9:
        left = num_conversions(record)
        conversions = f" and {left} conversions are left in the graph" if left else ""
        text += f": {share.count} of {share.total} convolutions and products run in integers{conversions}"
        return Advice("slower_than_fp32", text, "try uint8 activations, or another exporter")
    return Advice(
        "slower_than_fp32", text, "look which operators run without integer kernels on this processor"
    )


def _no_gain_of_fp16(record: Record, sibling: Record | None) -> Advice | None:
    if record.precision != "fp16" or sign(record.metric("latency_ratio"), 1.0) != 0:
        return None
    return Advice(
        "fp16_not_faster",
        "fp16 is no faster than fp32 here: its weights are widened to float32 when the model is loaded",
        "choose fp16 for the smaller file only",
    )


def _few_rounds(record: Record, sibling: Record | None) -> Advice | None:
    if record.rounds_valid >= DECIDING_ROUNDS:
        return None
    least = FEW_ROUNDS if record.rounds_valid < FEW_ROUNDS else DECIDING_ROUNDS
    return Advice(
        "few_rounds",
        f"{record.rounds_valid} valid {'round stands' if record.rounds_valid == 1 else 'rounds stand'} "
        "behind the latency: processes differ more than calls do",
        f"take {least} rounds or more",
    )


def _invalid_rounds(record: Record, sibling: Record | None) -> Advice | None:
    if not record.rounds_invalid:
        return None
    is_one = record.rounds_invalid == 1
    return Advice(
        "invalid_rounds",
        f"{record.rounds_invalid} {'round was' if is_one else 'rounds were'} invalid "
        f"({cause_words(record) or 'throttled, or disturbed'}) "
        f"and {'is' if is_one else 'are'} not in the figures",
        "cool the machine, look at its power supply, close other programs",
    )


def cause_words(record: Record) -> str:
    """Name the causes of invalid rounds with their counts: `throttled 3 times, under-voltage once`."""
    counts = record.invalid_reasons.items()
    return ", ".join(f"{cause} {'once' if count == 1 else f'{count} times'}" for cause, count in counts)


def _few_images(record: Record, sibling: Record | None) -> Advice | None:
    metric = record.metric("map_50_95")
    if metric is None or metric.value is None or not 0 < metric.count < FEW_IMAGES:
        return None
    return Advice("few_images", f"mAP of {metric.count} images only", f"evaluate {FEW_IMAGES} images or more")


def _governor(record: Record, sibling: Record | None) -> Advice | None:
    governor = find_governor(record.environment)
    if governor not in ("powersave", "ondemand", "conservative"):
        return None
    return Advice(
        "governor",
        f"the processor's governor is {governor}: its clock follows the load, and latency follows the clock",
        "measure with --set-governor performance, which puts it back afterwards",
    )


def _also_right(record: Record) -> tuple[str, ...]:
    """Return what a file may be too whose recipe leaves layers out; those layers may hold no weights."""
    recipe = record.recipe or {}
    if not recipe.get("keep_float") and not recipe.get("keep_8bit"):
        return ()
    return ("mixed", "int8") if record.precision == "mixed" else ("mixed",)


def _wrong_precision(record: Record, sibling: Record | None) -> Advice | None:
    expected = "int8" if record.precision == "qat" else record.precision
    if not record.precision_found or record.precision_found in (expected, *_also_right(record)):
        return None
    return Advice(
        "precision_mismatch",
        f"declared {record.precision}, but the file's tensors say {record.precision_found}",
        "correct the declaration, or the export",
    )


def _unlike_published(record: Record, sibling: Record | None) -> Advice | None:
    found = beside_published(record)
    if found is None or not found.is_far_off:
        return None
    return Advice(
        "unlike_published",
        f"AP is {found.measured:.3f}, and {found.published:.3f} was published on the same data set "
        f"({found.data}; {found.source})",
        "run `bench diagnose` on this suite: a wrong channel order, value range, class offset or resizing is "
        "likelier than a wrong publication",
    )


CHECKS: tuple[Check, ...] = (
    _nothing_found,
    _collapse,
    _dead_classes,
    silent_classes,
    unsuppressed,
    _unlike_published,
    _wrong_precision,
    _slower,
    _no_gain_of_fp16,
    _invalid_rounds,
    _few_rounds,
    _few_images,
    _governor,
)
