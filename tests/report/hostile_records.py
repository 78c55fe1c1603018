"""Records that try to break whatever shows them: texts that are markup, figures that are none."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from fake_records import failed_record, fake_record, many_records, quickstart_records

from bench.core.metric import Metric
from bench.core.record import Advice, Record

# By what they attack. All of them could stand in a suite, in a file's metadata, or in what a process wrote.
STRINGS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>&amp;</td></table></svg>",
    "closing": "</style></script><!--]]>--><base href=//x.example>",
    "markdown": "|`x`|\n# title\n[a](javascript:alert(1)) ![b](http://x.example/i.png) <b>~~_*",
    "latex": "\\input{/etc/passwd} $x^2$ 100% a_b #1 ~ ^ & } \\end{tabular}",
    "formula": '=HYPERLINK("http://x.example","x")',
    "terminal": "\x1b[31mred\x1b]0;title\x07\x00\x08\r\n\x9b2J",
    "direction": "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645 \u2066x",
    "combining": "e" + "\u0301\u0323\u0334" * 40 + "\u200d\u200b\ufeff",
    "surrogate": "half \ud83d pair \udfff \ufffe",
    "wide": "\u6a21\u578b\u540d\u79f0 \U0001f600\U0001f1e9\U0001f1ea",
    "long": "n" * 400,
    "words": "word " * 80,
    "empty": "",
    "blank": " \t ",
}


def named(text: str) -> list[Record]:
    """Return the quickstart with a text in the place of every name and every sentence; two cases broke."""
    records = [_named(record, text, number) for number, record in enumerate(quickstart_records())]
    broken = {"reason": text, "stderr_tail": (text, text), "metrics": (), "per_class": {}, "rounds_valid": 0}
    records[1] = replace(records[1], status="failed", **broken)
    records[2] = replace(records[2], status="unavailable", **broken)
    return records


def _named(record: Record, text: str, number: int) -> Record:
    # Ids stay distinct, as suites make them, and siblings stay found.
    return replace(
        record,
        suite=text,
        run=text,
        model=text,
        group=text,
        host=text,
        precision=record.precision if number % 2 else text,
        runtime=record.runtime if number % 3 else text,
        case=f"{text}{number}",
        sibling=f"{text}{0 if number < 5 else 5}" if record.sibling else "",
        recipe={**(record.recipe or {}), "name": text},
        per_class={text: 0.5, f"{text}2": None},
        environment={**record.environment, text: text, "cpu": text, "board": text, "governor": text},
        versions={text: text},
        proof={**record.proof, "runtime_version": text, "operators": {text: 3}},
        warnings=(Advice("x", text, text),),
        hashes={name: text for name in record.hashes},
        artifact={**record.artifact, "path": text},
        description={"family": text, "labels": [text]},
        metrics=tuple(replace(metric, note=text) for metric in record.metrics),
        git={"commit": text, "is_dirty": True},
        overrides={text: text},
        expected={"data": text, "source": text, "map_50_95": 0.5, "map_50": None},
    )


def valued(value: float | None) -> list[Record]:
    """Return the quickstart with one value in the place of every other case's figures."""
    return [
        replace(
            record,
            metrics=tuple(_valued(metric, value) for metric in record.metrics),
            per_class={name: value for name in record.per_class},
        )
        if number % 2
        else record
        for number, record in enumerate(quickstart_records())
    ]


def _valued(metric: Metric, value: float | None) -> Metric:
    ends: dict[str, Any] = {} if metric.low is None else {"low": value, "high": value}
    return replace(metric, value=value, **ends)


def mixed_ends() -> list[Record]:
    """Return the quickstart with intervals that have one end, no end, or ends the wrong way round."""
    changes: list[dict[str, float | None]] = [
        {"low": -math.inf}, {"high": math.inf}, {"low": None}, {"high": math.nan}, {"low": 1e300},
        {"low": None, "high": None, "level": None},
    ]  # fmt: skip
    return [
        replace(
            record,
            metrics=tuple(
                replace(m, **changes[(number + place) % 6]) for place, m in enumerate(record.metrics)
            ),  # type: ignore[arg-type]
        )
        for number, record in enumerate(quickstart_records())
    ]


FIGURES: dict[str, list[Record]] = {
    "nan": valued(math.nan),
    "infinity": valued(math.inf),
    "minus infinity": valued(-math.inf),
    "none": valued(None),
    "minus one": valued(-1.0),
    "zero": valued(0.0),
    "huge": valued(1e300),
    "tiny": valued(1e-300),
    "odd ends": mixed_ends(),
    "no metrics": [replace(record, metrics=(), per_class={}) for record in quickstart_records()],
    "no provenance": [
        replace(
            record, environment={}, versions={}, proof={}, hashes={}, git={}, measure={}, artifact={},
            recipe=None, started="", finished="", sibling="",
        )
        for record in quickstart_records()
    ],
    "one case": [fake_record("litert", "fp32")],
    "one variant alone": [fake_record("litert", "int8")],
    "no case": [],
    "all failed": [failed_record(record.runtime, record.precision) for record in quickstart_records()],
    "one of each status": [
        replace(fake_record("litert", "int8"), case=status, status=status)
        for status in ("ok", "failed", "unavailable", "invalid")
    ],
    "60 cases": many_records(60),
}  # fmt: skip
