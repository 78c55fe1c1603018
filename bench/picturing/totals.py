"""What changed over all images, in sentences: so that the worst photos are seen in proportion."""

from __future__ import annotations

import numpy as np

from bench.picturing.comparing import Compared

# A threshold that was tuned for fp32 is spoken of if it costs this share of the objects found, and so many.
MATTERS, MATTERS_FROM = 0.01, 3


def findings_of(compared: Compared, base: str, variant: str) -> tuple[str, ...]:
    """Return sentences on one variant.

    Args:
        base, variant: what the two are called.
    """
    first, second = compared.base.standing, compared.variant.standing
    matches, changes = compared.variant.matches, compared.changes
    num_objects = int(np.count_nonzero(~matches.truth_ignored[:, 0]))
    lost, gained = int(changes.lost.sum()), int(changes.gained.sum())
    num_equal = int(np.count_nonzero(changes.lost + changes.gained == 0))
    sentences = [
        f"Of {num_objects:,} objects, {base} finds {first.is_found.sum():,} and {variant} "
        f"{second.is_found.sum():,}: {lost:,} lost, {gained:,} gained.",
        f"False alarms: {len(first.false_rows):,} with {base}, {len(second.false_rows):,} with {variant}.",
        f"On {num_equal:,} of {len(matches.image_ids):,} photos no object is lost or gained.",
        f"Boxes count from score {first.threshold:.2f} on with {base}, from {second.threshold:.2f} on "
        f"with {variant}.",
    ]
    return (*sentences, *_tuning(compared, base, variant))


def brief_of(compared: Compared) -> str:
    """Return what changed in a few words."""
    changes = compared.changes
    return (
        f"{changes.lost.sum():,} lost, {changes.gained.sum():,} gained, "
        f"{changes.new.sum():,} new false alarm{'' if changes.new.sum() == 1 else 's'}, "
        f"{changes.gone.sum():,} gone"
    )


def _tuning(compared: Compared, base: str, variant: str) -> tuple[str, ...]:
    """Say what the sibling's threshold would cost the variant, where that matters."""
    first, second = compared.base.standing, compared.variant.standing
    kept = compared.variant.at(first.threshold)
    objects = int(kept.is_found.sum() - second.is_found.sum())
    alarms = len(kept.false_rows) - len(second.false_rows)
    if abs(objects) < max(MATTERS_FROM, MATTERS * second.is_found.sum()):
        return ()
    return (
        f"With {base}'s threshold of {first.threshold:.2f}, {variant} would find "
        f"{_more(objects, 'object')} and raise {_more(alarms, 'false alarm')}: its scores are "
        f"{'lower' if objects < 0 else 'higher'}, so tune the threshold anew.",
    )


def _more(count: int, noun: str) -> str:
    if count == 0:
        return f"as many {noun}s"
    plural = "" if abs(count) == 1 else "s"
    return f"{abs(count):,} {noun}{plural} {'fewer' if count < 0 else 'more'}"
