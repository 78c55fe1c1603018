"""A machine in one line: board, processor, memory, system, clock, temperature, runtimes, threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.analysis.proof import find_governor, is_emulated
from bench.core.processor import part_name
from bench.core.record import Record
from bench.report.units import number

NOT_VALID = "not valid for decisions"


def machine_line(records: Sequence[Record]) -> str:
    """Describe the machine that the cases of one host ran on; empty where no record says.

    Of several boards the first is described, and how many there are.
    """
    told = [record for record in records if record.environment]
    if not told:
        return ""
    facts = told[0].environment
    governor, threads = governor_words(told), thread_words(told)
    parts = [
        _boards(told, facts),
        _processor(facts),
        _memory(facts),
        str(facts.get("kernel") or ""),
        f"governor {governor or 'unknown'}",
        clock_words(told),
        temperature_words(told),
        runtime_words(told),
        f"{threads} thread{'' if threads == '1' else 's'} in effect" if threads else "",
    ]
    return " · ".join(part for part in parts if part)


def emulation_words(records: Sequence[Record]) -> str:
    """Say that times are an emulator's; empty where they are a machine's own."""
    found = next((record for record in records if is_emulated(record)), None)
    if found is None:
        return ""
    emulator = found.environment.get("emulator")
    return f"an emulated machine{f' ({emulator})' if emulator else ''}"


def validity_label(records: Sequence[Record]) -> str:
    """Return the sentence that labels a host of which no time may be decided on; empty for a real one."""
    words = emulation_words(records)
    if not words:
        return ""
    return (
        f"Times and energy here are of {words}: {NOT_VALID}. Accuracy, parity and file sizes hold; memory as "
        "far as kernel and page size are those of the real machine."
    )


def processor_name(facts: Mapping[str, Any]) -> str:
    """Return the processor's name, of ARM part numbers what they stand for."""
    name = str(facts.get("cpu") or "")
    return part_name(name)


def _boards(records: Sequence[Record], facts: Mapping[str, Any]) -> str:
    board = str(facts.get("board") or "")
    num_boards = max((len(record.boards.get("values", {})) for record in records), default=0)
    return f"{num_boards} boards, {board or 'alike'}" if num_boards > 1 else board


def _processor(facts: Mapping[str, Any]) -> str:
    cores = facts.get("num_cores") or facts.get("num_threads")
    features = facts.get("cpu_features")
    inside = [f"{cores} core{'' if cores == 1 else 's'}"] if cores else []
    inside += [", ".join(map(str, features))] if isinstance(features, (list, tuple)) and features else []
    name = processor_name(facts)
    return f"{name} ({'; '.join(inside)})" if inside and name else name


def _memory(facts: Mapping[str, Any]) -> str:
    size = facts.get("ram_bytes") or facts.get("memory_bytes")
    is_number = isinstance(size, (int, float)) and not isinstance(size, bool)
    return f"{number(float(size or 0) / 2**30, 1)} GiB RAM" if is_number else ""


def governor_words(records: Sequence[Record]) -> str:
    """Name the governors that were seen in timed rounds, or the one that the machine told; empty if none."""
    seen = {str(name) for record in records for name in record.conditions.get("governors", ())}
    told = {name for record in records[:1] if (name := find_governor(record.environment))}
    return ", ".join(sorted(seen or told))


def clock_words(records: Sequence[Record]) -> str:
    """Return the clock over the timed rounds: `1.50 to 2.40 GHz`; empty where it was not read."""
    return _range(records, "frequency_hz", 1e-9, 2, "GHz")


def temperature_words(records: Sequence[Record]) -> str:
    """Return the temperature over the timed rounds: `48 to 66 °C`; empty where it was not read."""
    return _range(records, "temperature_c", 1.0, 0, "°C")


def runtime_words(records: Sequence[Record]) -> str:
    """Name the runtimes that ran, with their versions."""
    found = dict.fromkeys(
        f"{record.runtime} {record.proof['runtime_version']}"
        for record in records
        if record.proof.get("runtime_version")
    )
    return ", ".join(found)


def thread_words(records: Sequence[Record]) -> str:
    """Name the numbers of threads that runtimes had: `1 and 4`; empty where none ran."""
    found = {str(record.proof.get("threads") or record.threads) for record in records if record.proof}
    return " and ".join(sorted(found, key=lambda text: (len(text), text)))


def _range(records: Sequence[Record], name: str, scale: float, digits: int, unit: str) -> str:
    ends = [end for record in records for end in record.conditions.get(name, ())]
    known = [float(end) * scale for end in ends if isinstance(end, (int, float))]
    if not known:
        return ""
    low, high = number(min(known), digits), number(max(known), digits)
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
