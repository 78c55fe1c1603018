"""What a reader needs to know to read the details of a case, said once; and how advice is worded."""

from __future__ import annotations

from bench.core.record import Advice

_TIME = (
    "Where the time goes: from the photo in memory to final boxes. Each part is a median over processes, so "
    "they need not add up to the median of the whole. Invoke here follows a decoded photo; the inference "
    "clock of the table above runs in a loop of its own."
)
_DRAWN_PROCESSES = (
    "Latency, process by process: a dot is the median of one process's inference calls, in the order of "
    "their start, with a line over the middle half of its calls. Dashed: the latency of the case; the band "
    "is its interval over processes. A cross is a round that does not count."
)
_TOLD_PROCESSES = (
    "Latency, process by process: of each process the median of its inference calls. The latency of the case "
    "is the median of these, with its interval over processes; a round that does not count is told with its "
    "reason."
)
_MEMORY = (
    "Where the memory goes: resident memory of the runtime alone, and what loading and running the model "
    "adds; each is a median over probes by itself, so they need not add up to the peak's."
)
_ACCURACY = (
    "Accuracy: AP at IoU .50:.95. The interval over all objects is paired over images; sizes and classes "
    "have none, as few objects stand behind each: small changes of theirs mean nothing."
)

# For a page with charts, and for a form with their figures alone.
INTRODUCTION = (_TIME, _DRAWN_PROCESSES, _MEMORY, _ACCURACY)
IN_FIGURES = (_TIME, _TOLD_PROCESSES, _MEMORY, _ACCURACY)


def advice_words(one: Advice) -> str:
    """Return what was seen and what to do about it, a sentence each."""
    return f"{one.text.rstrip('.')}. {sentence(one.advice)}".rstrip()


def sentence(words: str) -> str:
    """Return words that begin and end as a sentence does; nothing for none."""
    return words[:1].upper() + words[1:].rstrip(".") + "." if words else ""
