"""The answer of a comparison in words: a headline, and what to do about each kind of answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.core.verdict import Answer, Verdict

# Worst first, as exit codes have it.
_HEADLINES: tuple[tuple[Answer, str], ...] = (
    ("fail", "Worse than is tolerated: {count} of {total}"),
    ("missing", "Without figures: {count} of {total}"),
    ("not_comparable", "Cannot be compared: {count} of {total}"),
    ("inconclusive", "Not decided: {count} of {total}"),
)
_WHAT_TO_DO: dict[Answer, str] = {
    "fail": "Find the change that did it, or, where it is wanted, keep the new figures as the baseline.",
    "missing": "See why in the run's report, then go on with the run by --resume.",
    "not_comparable": "Measure both sides alike: bench run --against times the older files next to the new.",
    "inconclusive": "Measure more rounds or images, or let bench run --against time the older files too.",
    "new": "Keep new cases as part of the baseline, so that they are judged the next time.",
}


def headline(verdicts: Sequence[Verdict]) -> str:
    """Say in one line what came out; of several answers the worst."""
    if not verdicts:
        return "Nothing was compared"
    counts = Counter(verdict.answer for verdict in verdicts)
    for answer, words in _HEADLINES:
        if counts[answer]:
            return words.format(count=counts[answer], total=_comparisons(len(verdicts)))
    judged = counts["pass"]
    if not judged:
        return f"Nothing to judge against: {_comparisons(counts['new'])} new"
    return f"Nothing is worse than is tolerated, in {_comparisons(judged)}"


def advice(verdicts: Sequence[Verdict]) -> list[str]:
    """Return what to do about what did not pass, the worst first."""
    found = {verdict.answer for verdict in verdicts}
    return [words for answer, words in _WHAT_TO_DO.items() if answer in found]


def is_good(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing stands against the newer side."""
    return bool(verdicts) and all(verdict.answer in ("pass", "new") for verdict in verdicts)


def _comparisons(count: int) -> str:
    return f"{count} comparison{'' if count == 1 else 's'}"


READING = (
    "Each bar is the interval of a change on the scale of its table: no change at the thin line, worse to "
    "the right of it, the tolerance at the dashed line. A bar that ends in an arrow goes on.",
    "Pass: the whole interval lies below what must be found. Fail: worse by more than is tolerated, and not "
    "by chance. Inconclusive: neither can be said yet, which is no pass.",
    "All verdicts of a comparison share one error, so that many cases raise no false alarms.",
    "Times are judged by processes, accuracy by the same images on both sides; sizes are exact.",
)
