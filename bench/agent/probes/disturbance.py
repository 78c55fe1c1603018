"""What disturbed this process between two looks: waiting for pages, losing its core, the machine swapping."""

from __future__ import annotations

import resource

from bench.agent.probes.files import read_text

_VMSTAT = "/proc/vmstat"
_SWAP_NAMES = {"pswpin": "swapped_in_pages", "pswpout": "swapped_out_pages"}

Counters = dict[str, int | None]


def read_counters() -> Counters:
    """Return counters that only grow: three of this process, and the machine's swapping (None if untold)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "major_faults": usage.ru_majflt,
        "involuntary_switches": usage.ru_nivcsw,
        "cpu_ns": round((usage.ru_utime + usage.ru_stime) * 1e9),
        **_swapping(),
    }


def difference(before: Counters, after: Counters) -> Counters:
    """Return by how much each counter grew; None where either look could not tell."""
    return {name: _minus(after.get(name), value) for name, value in before.items()}


def _minus(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def _swapping() -> Counters:
    lines = (line.split() for line in (read_text(_VMSTAT) or "").splitlines())
    values = {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[0] in _SWAP_NAMES}
    return {ours: values.get(theirs) for theirs, ours in _SWAP_NAMES.items()}
