"""What a reader needs to know to read the details of a case, said once."""

from __future__ import annotations

INTRODUCTION = (
    "Where the time goes: from the photo in memory to final boxes. Each part is a median over processes, so "
    "they need not add up to the median of the whole. Invoke here follows a decoded photo; the inference "
    "clock of the table above runs in a loop of its own.",
    "Latency, process by process: a dot is the median of one process's inference calls, in the order of "
    "their start, with a line over the middle half of its calls. Dashed: the latency of the case; the band "
    "is its interval over processes. A cross is a round that does not count.",
    "Where the memory goes: resident memory of the runtime alone, and what loading and running the model "
    "adds; each is a median over probes by itself, so they need not add up to the peak's.",
    "Accuracy: AP at IoU .50:.95. The interval over all objects is paired over images; sizes and classes "
    "have none, as few objects stand behind each: small changes of theirs mean nothing.",
)
