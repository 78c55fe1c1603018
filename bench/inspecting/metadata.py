"""What an exporter noted in a file beside the graph: producer, notes, class names. Texts of unknown origin.

TFLite files carry notes in a zip archive behind the model (TFLite metadata's `labelmap.txt` and the like,
Ultralytics' `temp_meta.txt` or `metadata.json`), ONNX files in `metadata_props`.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# More and longer than this is no note.
_MOST_NOTES, _LONGEST_NOTE, _LONGEST_LIST, _MOST_CLASSES = 40, 200, 16, 10_000

# Members of an archive that are read; a larger one is no text for people.
_LARGEST_MEMBER = 1_000_000

_CLASS_KEYS = ("names", "classes", "labels")


@dataclass(frozen=True)
class Metadata:
    """Notes of an exporter."""

    producer: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()


def read_metadata(path: Path, kind: str) -> Metadata:
    """Return what a .tflite or .onnx file notes; nothing where it notes nothing that can be read."""
    return _of_onnx(path) if kind == "onnx" else _of_archive(path)


def _of_onnx(path: Path) -> Metadata:
    import onnx

    model = onnx.load_model(path, load_external_data=False)
    values = {str(item.key): str(item.value) for item in model.metadata_props}
    names = next((_names(_parsed(values[key])) for key in _CLASS_KEYS if key in values), ())
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return Metadata(_short(producer), _notes(values), names)


def _of_archive(path: Path) -> Metadata:
    """Read the archive behind a TFLite model, if there is one."""
    if not zipfile.is_zipfile(path):
        return Metadata()
    notes: dict[str, str] = {}
    names: tuple[str, ...] = ()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:_MOST_NOTES]:
                if member.is_dir() or member.file_size > _LARGEST_MEMBER:
                    continue
                with archive.open(member) as file:
                    text = file.read(_LARGEST_MEMBER).decode("utf-8", errors="replace")
                values = _parsed(text) if member.filename.endswith((".txt", ".json", ".yaml")) else None
                if isinstance(values, dict):
                    notes |= _notes(values)
                    names = names or next((_names(values[key]) for key in _CLASS_KEYS if key in values), ())
                elif "label" in member.filename.lower() and member.filename.endswith(".txt"):
                    names = names or _names(text.splitlines())
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError):
        return Metadata(notes=notes, class_names=names)
    return Metadata(notes=notes, class_names=names)


def _parsed(text: str) -> Any:
    """Return JSON, YAML or a written-out Python mapping as data; None where it is none of these."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _names(value: Any) -> tuple[str, ...]:
    """Return class names from a list, or from a mapping whose keys are 0, 1, 2 ..."""
    if isinstance(value, dict):
        if sorted(value, key=str) != sorted(range(len(value)), key=str):
            return ()
        value = [value[index] for index in range(len(value))]
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_CLASSES:
        return ()
    return tuple(_short(str(name)) for name in value) if all(map(_is_plain, value)) else ()


def _notes(values: dict[Any, Any]) -> dict[str, str]:
    """Return short notes; what is nested deeper is left out, for it may grow beyond all measure in words."""
    plain = {
        _short(str(key)): _short(str(value))
        for key, value in list(values.items())[:_MOST_NOTES]
        if _is_plain(key) and key not in _CLASS_KEYS and _is_short(value)
    }
    return plain


def _is_short(value: Any) -> bool:
    """Whether a value is plain, or a list of a few plain ones."""
    is_list = isinstance(value, list) and len(value) <= _LONGEST_LIST
    return _is_plain(value) or (is_list and all(map(_is_plain, value)))


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def _short(text: str) -> str:
    one_line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return one_line if len(one_line) <= _LONGEST_NOTE else one_line[: _LONGEST_NOTE - 1] + "…"
