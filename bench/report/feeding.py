"""How each model was fed and read, in a line: what a reader needs to repeat the run."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.record import Record


def description_facts(records: Sequence[Record]) -> dict[str, str]:
    """Return by model how it was fed and read, in a line, for the provenance."""
    return {record.model: _described(record) for record in records if record.description}


def _described(record: Record) -> str:
    description = record.description
    fed, decode = description.get("preprocess", {}), description.get("decode", {})
    size = f"{fed.get('width')} x {fed.get('height')}"
    options = ", ".join(f"{name} {value}" for name, value in decode.get("options", {}).items())
    parts = [
        f"family {decode.get('family')}" + (f" ({options})" if options else ""),
        f"{size} {fed.get('layout')} {fed.get('color')} {fed.get('resize')}",
        f"mean {_short(fed.get('mean'))} std {_short(fed.get('std'))}",
        f"{len(description.get('category_ids', ()))} classes",
    ]
    return "; ".join(parts)


def _short(values: object) -> str:
    if isinstance(values, (list, tuple)) and len(set(values)) == 1:
        return f"{values[0]:g}"
    return str(values)
