"""What variants are called in a gallery, and what it says of those that it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

from bench.core.record import Record
from bench.report.labels import case_labels, keys_of, precision_name
from bench.report.table import Keys

# A sentence that names more variants than this counts the others.
MOST_NAMES = 4


def label_all(records: Sequence[Record]) -> dict[str, str]:
    """Return labels that tell the cases of all hosts and groups apart."""
    several = len({record.host for record in records}) > 1
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.group, record.host), []).append(record)
    has_groups = len({record.group for record in records}) > 1
    return {
        case: (f"{group}: " if has_groups else "") + label + (f", {host}" if several else "")
        for (group, host), members in groups.items()
        for case, label in case_labels(members).items()
    }


def title_of(records: Sequence[Record], base: Record, labels: Mapping[str, str]) -> str:
    """Return what an exhibit is called: all cases that found the same, and whom they stand beside."""
    same = [labels[record.case] for record in records]
    return f"{' = '.join(same)}, beside {precision_name(base)}"


def common_keys(records: Sequence[Record]) -> Keys:
    """Return what all cases share: an empty field fits every filter."""
    keys = [keys_of(record) for record in records]
    varying = [field.name for field in fields(Keys) if len({getattr(one, field.name) for one in keys}) > 1]
    return replace(keys[0], **dict.fromkeys(varying, ""))


def notes_on(
    untold: Mapping[str, Sequence[str]], num_left: int, problems: Mapping[int, str]
) -> Iterator[str]:
    """Yield a sentence on each thing that is missing.

    Args:
        untold: why nothing can be shown -> the variants of which that is so.
        num_left: variants that were not looked at.
        problems: image id -> why the photo cannot be shown.
    """
    for reason, names in untold.items():
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield f"Nothing can be shown of {', '.join(names[:MOST_NAMES])}{more}: {reason}."
    if num_left > 0:
        yield f"Variants whose mAP differs less are not looked at: {num_left} of them."
    if problems:
        yield f"Photos that cannot be shown: {len(problems)}; the first: {next(iter(problems.values()))}."
