"""From a suite file to a Suite: read, check everything, complete with defaults, expand to cases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.model import ModelSource
from bench.core.suite import Suite
from bench.errors import SuiteError
from bench.suite.data_format import build_data
from bench.suite.format import SUITE
from bench.suite.gate import check_gate
from bench.suite.matrix import Declared, build_cases
from bench.suite.models import build_models
from bench.suite.nodes import Node, read_nodes
from bench.suite.reading import Reading
from bench.suite.recipes import build_recipes

# Far more than any suite; a data file given by mistake is refused before it is parsed.
MAX_BYTES = 1_000_000


def load_suite(path: Path, environ: Mapping[str, str] | None = None) -> Suite:
    """Read a suite file and check all of it.

    Relative paths in the file begin at its folder; `${NAME}` in them is taken from the environment.

    Args:
        environ: the environment; the process' own unless given.

    Raises:
        SuiteError: everything that is wrong, a line each, as
            `suites/pi.yaml:14 matrix.threads[1]: got 0, expected an integer from 1 to 1024`.
    """
    path = Path(path)
    text = _read_text(path)
    reading = Reading(str(path), path.absolute().parent, os.environ if environ is None else environ)
    reading.root = read_nodes(text, str(path), reading.complain)
    values = SUITE.read(reading.root, (), reading)
    if not isinstance(values, dict):
        reading.raise_complaints()
    suite = _build(values, path, text, reading)
    reading.raise_complaints()
    return suite


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SuiteError(f"{path}: larger than {MAX_BYTES} bytes, expected a suite in YAML")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        beside = path.parent if path.parent.is_dir() else Path()
        names = sorted(str(item) for item in beside.glob("*.y*ml"))
        found = f"suites in {beside}: {', '.join(names)}" if names else f"no suite lies in {beside}"
        raise SuiteError(f"{path}: there is no such file, expected a suite in YAML; {found}") from problem
    except IsADirectoryError as problem:
        raise SuiteError(f"{path}: is a folder, expected a suite file in it") from problem
    except UnicodeDecodeError as problem:
        raise SuiteError(
            f"{path}: not text in UTF-8 (byte {problem.start}), expected a suite in YAML"
        ) from problem
    except OSError as problem:
        raise SuiteError(
            f"{path}: cannot be read ({problem.strerror}), expected a suite in YAML"
        ) from problem


def _build(values: dict[str, Any], path: Path, text: str, reading: Reading) -> Suite:
    models = build_models(values, reading)
    hosts = values.get("hosts", ("local",))
    data = build_data(values.get("data"))
    _require_data(models, reading)
    recipes = build_recipes(values.get("recipes", {}), reading)
    measure = _build_measure(values.get("measure", {}), reading)
    return Suite(
        name=values.get("name", ""),
        path=str(path),
        text=text,
        models=models,
        data=data,
        hosts=hosts,
        measure=measure,
        cases=build_cases(values.get("matrix", {}), Declared(models, recipes, hosts, data), reading),
        gate=check_gate(reading.root.fields.get("gate", Node({}, 1)), reading),
        description=values.get("description", "").strip(),
    )


def _require_data(models: tuple[ModelSource, ...], reading: Reading) -> None:
    if "data" in reading.root.fields or all(model.kind == "builtin" for model in models):
        return
    expected = "as in data: {coco: {images: FOLDER, annotations: FILE}}"
    default = "rendered ones suit the built-in model unless you name them"
    reading.complain(
        ("data",), f"missing, expected the images that the models are made for, {expected}; {default}"
    )


def _build_measure(values: dict[str, Any], reading: Reading) -> MeasureOptions:
    names = {"warmup_time": "warmup_seconds", "budget": "budget_seconds", "timeout": "timeout_seconds"}
    changes = {names.get(name, name): value for name, value in values.items() if name != "memory_limit"}
    calls = values.get("calls", MeasureOptions.calls)
    changes.setdefault("min_calls", min(MeasureOptions.min_calls, calls))
    if changes["min_calls"] > calls:
        text = f"got {changes['min_calls']}, expected no more than the {calls} calls of a round"
        reading.complain(("measure", "min_calls"), text)
    if values.get("timeout") == 0:
        reading.complain(
            ("measure", "timeout"), "got 0, expected a time after which a job counts as hung, such as 10m"
        )
    return MeasureOptions(memory_limit_bytes=int(values.get("memory_limit", 0)), **changes)
