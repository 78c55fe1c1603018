"""What lists and cells say of a case's file, its machine and its rounds: the records' own fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reading import N, Reading, leaves
from record_book import Book
from saying import Sentence

from bench.core.record import Record

MIB, GIB = 2.0**20, 2.0**30

# Folded lists of facts: what they are titled, and the field that they show.
FIELDS = {"Machine": "environment", "Versions": "versions", "Measured with": "measure", "Data and": "hashes"}

UNITS = (("temperature_c", "°C", 1.0), ("frequency_hz", "GHz", 1e9), ("frequency_hz", "MHz", 1e6))
SHARES = (("delegated", "num_delegated", "num_ops"), ("in integers", "num_fused", "num_fusable"))


def machine(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain a line about a machine, or what a case says of it."""
    records = book.of(sentence)
    told = next((r.environment for r in records if r.environment), {})
    memory = told.get("ram_bytes") or told.get("memory_bytes")
    reading.says(rf"{N} GiB RAM", memory / GIB if memory else None)
    reading.says(rf"\({N} cores?", told.get("num_cores"))
    counts = {r.boards["variance"]["num_boards"] for r in records if r.boards}
    reading.says(rf"^{N} boards", *(counts if len(counts) == 1 else [None]))
    threads = {r.proof["threads"] for r in records if r.proof.get("threads")}
    asked = {r.threads for r in records}
    reading.says(rf"^{N} asked for, {N} in effect", *(min(asked), min(threads)) if threads else [None])
    reading.says(rf"{N} threads? in effect", *(threads if len(threads) == 1 else [None]))
    if sentence.tag in ("p", "dd", "td"):
        _conditions(reading, [r for r in book.of(sentence) if r.conditions])


def _conditions(reading: Reading, records: Sequence[Record]) -> None:
    for key, unit, scale in UNITS:
        read = [value / scale for r in records for value in r.conditions.get(key) or () if value is not None]
        if read:
            reading.says(rf"{N} to {N} {unit}", min(read), max(read))
            reading.says(rf"{N} {unit}", min(read))


def shares(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how much of a graph ran where, and how a case was made, where it speaks of one case."""
    records = book.of(sentence)
    if len(records) != 1 or not sentence.case or sentence.tag not in ("td", "dd"):
        return
    proof, made = records[0].proof, records[0].recipe or {}
    for words, part, whole in SHARES:
        count, total = proof.get(part), proof.get(whole)
        share = 100 * count / total if count is not None and total else None
        reading.says(rf"^{N} of {N} {words}(?: \({N}%\))?", count, total, share)
    reading.says(rf"^{N} between floats and integers", proof.get("num_quantize_ops"))
    for name, value in made.get(
        {"Calibration": "calibration", "Training": "training"}.get(sentence.term, ""), {}
    ).items():
        if isinstance(value, (int, float)):
            reading.says(rf"\b{name.replace('_', ' ')} {N}", value)
    _file(reading, records[0].artifact)
    ops = {"Operators in the file": records[0].artifact.get("ops"), "Operators run": proof.get("ops")}
    _ops(reading, ops.get(sentence.term) or {}, sentence)
    for cause, count in records[0].invalid_reasons.items():
        reading.says(rf"{re.escape(cause)} \({N}\)", count)


def classes(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how many classes a case does not list: all that have an AP but the few that are listed."""
    records = [r for r in book.of(sentence) if r.case == sentence.case]
    if records:
        known = sum(ap is not None for ap in records[0].per_class.values())
        shown = 12 if book.num_cases <= 30 else 5
        reading.says(rf"^{N} of {N} classes, which", known - shown, known)


def _file(reading: Reading, artifact: dict[str, Any]) -> None:
    sizes = artifact.get("weight_bytes") or {}
    for name, size in sizes.items():
        share = 100 * size / sum(sizes.values())
        reading.says(rf"\b{name} {N} KiB(?: \({N}%\))?", size / 1024, share)
        reading.says(rf"\b{name} {N} bytes(?: \({N}%\))?", size, share)
        if share < 0.5:
            reading.knows(["(below 1%)"])


def _ops(reading: Reading, counts: dict[str, int], sentence: Sentence) -> None:
    if not counts or any(name not in counts for name in re.findall(r"(\w+) \d+,", sentence.text)):
        return
    left = len(counts) - len(re.findall(r"\w+ \d+\b", sentence.text))
    reading.says(rf"{N} further types?", left)
    for name, count in counts.items():
        reading.says(rf"(?<!\w){name} {N}(?=,|$)", count)


def fed(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how a model was fed and read."""
    told = [r.description for r in book.records if r.model == sentence.term and r.description]
    if not told or sentence.part != "Models as fed and read":
        return
    decode, given = told[0]["decode"], told[0]["preprocess"]
    reading.knows([f"family {decode['family']}", *(f"{k} {v}" for k, v in decode["options"].items())])
    reading.says(rf"; {N} x {N} ", given["width"], given["height"])
    reading.knows(f"{name} {given[name]}" for name in ("mean", "std"))
    for name in ("mean", "std"):
        reading.says(rf"{name} {N}", given[name][0] if len(set(given[name])) == 1 else None)
    reading.says(rf"{N} classes", len(told[0]["category_ids"]))


def is_field(sentence: Sentence, book: Book) -> bool:
    """Whether a value in a list or in the table of machines is a record's field, as it is written there."""
    if sentence.tag == "td" and sentence.part == "The machines":
        facts = [(r.environment, r.proof.get("threads")) for r in book.on(sentence.term)[:1]]
        sizes = {f"{leaf / MIB:.1f}" for leaf in leaves(facts) if isinstance(leaf, int)}
        return sentence.text in sizes | _written(facts)
    if sentence.tag != "dd":
        return False
    if sentence.part == "Run":
        records = book.records
        told = [(r.run, r.started, r.finished, r.git.get("commit"), r.schema) for r in records]
        return sentence.text in _written(told)
    for title, field in FIELDS.items():
        if sentence.part.startswith(title):
            host = sentence.part.removeprefix("Machine ") if title == "Machine" else ""
            values = [getattr(r, field).get(sentence.term) for r in book.on(host.partition(",")[0])]
            return sentence.text in _written(values)
    return False


def _written(values: Any) -> set[str]:
    found = {str(leaf) for leaf in leaves(values)}
    return found | {f"{text} with uncommitted changes" for text in found}
