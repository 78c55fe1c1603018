"""The JSON Schema of a record, generated from the dataclasses so that the two cannot drift apart."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bench.core.metric import METRICS
from bench.core.record import RECORD_SCHEMA, Record

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one line of `records.jsonl`.

    Fields with a default may be absent, and unknown ones are allowed: that is how the reader treats records
    of an older or a newer writer of the same schema version.
    """
    definitions: dict[str, Any] = {}
    schema = _object_schema(Record, definitions)
    schema["properties"]["schema"] |= {"minimum": 1, "maximum": RECORD_SCHEMA}
    definitions["Metric"]["properties"]["name"]["enum"] = list(METRICS)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Record"}
    return {**head, **schema, "$defs": definitions}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind is Any:
        return {}
    if kind is type(None):
        return {"type": "null"}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = _object_schema(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return _generic_schema(kind, definitions)


def _generic_schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(choice, definitions) for choice in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if origin in (tuple, list):
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    raise TypeError(f"no JSON Schema for {kind!r}")


def _object_schema(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    texts = _attribute_texts(inspect.getdoc(kind) or "")
    properties = {}
    required = []
    for field in dataclasses.fields(kind):
        described = {"description": texts[field.name]} if field.name in texts else {}
        properties[field.name] = {**_schema(hints[field.name], definitions), **described}
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    summary = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
    return {"type": "object", "description": summary, "properties": properties, "required": required}


def _attribute_texts(doc: str) -> dict[str, str]:
    """Read the `Attributes:` section of a docstring: name -> text. `a, b: text` describes both."""
    section = doc.partition("Attributes:\n")[2]
    texts: dict[str, str] = {}
    for entry in re.split(r"\n(?=    \S)", "\n" + section):
        found = re.match(r"    (\w+(?:, \w+)*): (.*)", entry, re.DOTALL)
        if found:
            text = " ".join(found[2].split())
            texts |= dict.fromkeys(found[1].split(", "), text)
    return texts
