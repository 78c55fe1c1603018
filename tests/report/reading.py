"""Digits of one sentence, explained claim by claim: what no claim explains is left, and found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracing import shows

from bench.core.record import Record

# A number as people's eyes read it, and the interval behind it.
N = r"([+−]?\d[\d,]*(?:\.\d+)?)"
INTERVAL = rf"(?: \[{N}, {N}\](?: at {N}%)?)?"
NAME = r"([\w-]+ on \w+(?:, \d+ threads?)?)"

# Words with digits that are no figures of a run; each belongs to a text that the report always says so.
FIXED = (
    "IoU .50:.95",
    "AP50 IoU .50",
    "AP75 IoU .75",
    "< 32² px",
    "32² to 96² px",
    "> 96² px",
    "AR1 1 detection",
    "AR10 10 detections",
    "AR100 100 detections",
    "KiB, zlib 9",
    "ratio to fp32, < 1 is faster",
    "above 1 is faster",
    "Points (0 to 100)",
    "powers of 1024",
    "(1% for memory, which has none)",
    "a Raspberry Pi 5's power chip",
    "lose at most 1 point of mAP",
    "Evaluate 100 images or more",
    "needs 3 boards",
    "published on the 5,000 of",
    *(f"p{share}" for share in (50, 90, 95, 99)),
    *("sha256", "fp32", "fp16", "Fp16", "float32", "float16", "int8", "INT8", "uint8", "int4", "int16x8"),
)

# A part number that the kernel tells, and the name by which people know it: Arm's list.
CORES = {"0xd0b": "Cortex-A76"}


@dataclass
class Reading:
    """A sentence while it is checked: `left` has a blank where a claim explained a digit."""

    text: str
    left: str = ""
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.left or self.text

    def says(self, pattern: str, *values: float | None, within: tuple[int, int] | None = None) -> None:
        """Hold every match's groups against values of the records, in their order; None is unknown there."""
        start, end = within or (0, len(self.left))
        for match in re.compile(pattern).finditer(self.left, start, end):
            groups = match.groups()
            for shown, value in zip(groups, values[: len(groups)], strict=True):
                if shown is not None and (value is None or not shows(shown, value, 1.0)):
                    self.faults.append(f"{match[0]!r} where the records have {value}: {self.text}")
            self._blank(*match.span())

    def knows(self, words: Iterable[str]) -> None:
        """Pass over words that stand by themselves: names, versions, texts of a record."""
        for word in sorted({" ".join(word.split()) for word in words}, key=len, reverse=True):
            if re.search(r"\d", word) and word in self.left:
                bounded = rf"(?<![\w.]){re.escape(word)}(?![\w]|\.\d)"
                for match in re.finditer(bounded, self.left):
                    self._blank(*match.span())

    def _blank(self, start: int, end: int) -> None:
        kept = re.sub(r"\d", " ", self.left[start:end])
        self.left = self.left[:start] + kept + self.left[end:]

    def unexplained(self) -> list[str]:
        """Return what is wrong, and what digits nobody explained."""
        rest = re.findall(r"\S*\d\S*", self.left)
        return [*self.faults, *([f"{rest} of no record: {self.text}"] if rest else [])]


def leaves(value: Any) -> Iterable[Any]:
    """Return what stands at the ends of nested fields."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def words_of(records: Sequence[Record]) -> set[str]:
    """Return texts of records that are names or versions, never a bare number."""
    found: set[str] = set()
    for record in records:
        told = (record.environment, record.versions, record.proof, record.recipe, record.conditions)
        named = (record.model, record.group, record.host, record.runtime, record.suite, record.run)
        texts = {leaf for leaf in leaves((told, named)) if isinstance(leaf, str)}
        texts |= {leaf for leaf in leaves(record.artifact) if isinstance(leaf, str)}
        texts |= {text for note in record.warnings for one in (note.text, note.advice)
                  for text in (one.rstrip("."), one[:1].upper() + one[1:].rstrip("."))}  # fmt: skip
        texts |= {str(name) for name in leaves(list((record.artifact.get("weight_bytes") or {}).keys()))}
        texts |= set(record.artifact.get("ops") or ()) | set(record.proof.get("ops") or ())
        texts |= {leaf for leaf in leaves(record.expected) if isinstance(leaf, str)}
        texts |= {f"{key}={leaf}" for key, leaf in record.overrides.items()}
        texts |= {(record.recipe or {}).get("name", ""), *record.versions}
        texts |= {metric.note for metric in record.metrics}
        texts |= {record.case, record.reason, *record.stderr_tail, *record.per_class, *record.invalid_reasons}
        digests = leaves((record.hashes, record.artifact, record.proof))
        texts |= {digest[:12] for digest in digests if isinstance(digest, str)}
        texts |= {CORES[cpu] for cpu in (record.environment.get("cpu"),) if cpu in CORES}
        found |= {text for text in texts if not re.fullmatch(r"[\d.,+−-]*", text) or text.count(".") > 1}
    return found
