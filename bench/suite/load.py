"""From a suite file to a Suite: read, check everything, complete with defaults, expand to cases."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.core.host import HostSettings
from bench.core.measure import MeasureOptions
from bench.core.model import ModelSource
from bench.core.suite import Suite
from bench.errors import UsageError
from bench.suite.data_format import build_data
from bench.suite.format import SUITE
from bench.suite.gate import check_gate
from bench.suite.goals import check_goals
from bench.suite.hosts import choose_hosts
from bench.suite.hosts_file import DeclaredHosts
from bench.suite.matrix import Declared, build_cases
from bench.suite.models import build_models
from bench.suite.nodes import Node, read_nodes
from bench.suite.reading import Reading
from bench.suite.recipes import build_recipes
from bench.suite.ssh_config import is_configured
from bench.suite.yaml_text import read_text


def load_suite(
    path: Path,
    environ: Mapping[str, str] | None = None,
    hosts: DeclaredHosts | None = None,
    chosen: Sequence[str] = (),
    folders: Sequence[Path] = (),
) -> Suite:
    """Read a suite file and check all of it.

    Relative paths in the file begin at its folder; `${NAME}` in them is taken from the environment.

    Args:
        environ: the environment; the process' own unless given.
        hosts: of the hosts file. Where it is given, every host that is named must be known, and the suite
            gets the hosts' settings; else names of hosts are taken as they are.
        chosen: hosts and tags to measure on instead of the suite's.
        folders: where relative paths begin instead of the file's folder: the first in which there is
            something of that name.

    Raises:
        UsageError: nobody knows one of `chosen`.
        SuiteError: everything that is wrong, a line each, as
            `suites/pi.yaml:14 matrix.threads[1]: got 0, expected an integer from 1 to 1024`.
    """
    path = Path(path)
    text = read_text(path)
    places = tuple(folder.absolute() for folder in folders) or (path.absolute().parent,)
    reading = Reading(str(path), places, os.environ if environ is None else environ)
    reading.root = read_nodes(text, str(path), reading.complain)
    values = SUITE.read(reading.root, (), reading)
    if not isinstance(values, dict):
        reading.raise_complaints()
    settings: tuple[HostSettings, ...] = ()
    if hosts is not None:
        settings = _settings_of_hosts(values.get("hosts", ("local",)), hosts, chosen, reading)
    suite = _on_hosts(_build(values, path, text, reading, settings), settings)
    reading.raise_complaints()
    return suite


def _settings_of_hosts(
    names: Sequence[str], declared: DeclaredHosts, chosen: Sequence[str], reading: Reading
) -> tuple[HostSettings, ...]:
    """Return the settings of the chosen hosts, or of the suite's own; complain of its unknown ones."""
    if chosen:
        return tuple(choose_hosts(chosen, declared, lambda name: is_configured(name, reading.environ)))
    settings: dict[str, HostSettings] = {}
    for i, name in enumerate(names):
        try:
            found = choose_hosts([name], declared, lambda name: is_configured(name, reading.environ))
        except UsageError as problem:
            is_list = reading.find(("hosts", i)) is not None
            reading.complain(("hosts", i) if is_list else ("hosts",), str(problem))
        else:
            settings.update({item.name: item for item in found})
    return tuple(settings.values())


def _build(
    values: dict[str, Any], path: Path, text: str, reading: Reading, settings: tuple[HostSettings, ...]
) -> Suite:
    models = build_models(values, reading)
    # Rows of the matrix may name hosts of the suite that are not measured on this time.
    hosts = tuple(dict.fromkeys([*values.get("hosts", ("local",)), *(item.name for item in settings)]))
    data = build_data(values.get("data"))
    _require_data(models, reading)
    recipes = build_recipes(values.get("recipes", {}), reading)
    measure = _build_measure(values.get("measure", {}), reading)
    threads_of = {item.name: item.threads for item in settings if item.threads}
    gate = reading.root.fields.get("gate", Node({}, 1))
    declared = Declared(models, recipes, hosts, data, threads_of)
    return Suite(
        name=values.get("name", ""),
        path=str(path),
        text=text,
        models=models,
        data=data,
        hosts=hosts,
        measure=measure,
        cases=build_cases(values.get("matrix", {}), declared, reading),
        gate={**check_gate(gate, reading), **check_goals(gate, reading)},
        description=values.get("description", "").strip(),
    )


def _on_hosts(suite: Suite, settings: tuple[HostSettings, ...]) -> Suite:
    """Keep the cases of these hosts; of all where none is given."""
    if not settings:
        return suite
    hosts = tuple(item.name for item in settings)
    cases = tuple(case for case in suite.cases if case.host in hosts)
    return replace(suite, hosts=hosts, hosts_settings=settings, cases=cases)


def _require_data(models: tuple[ModelSource, ...], reading: Reading) -> None:
    if "data" in reading.root.fields or all(model.kind == "builtin" for model in models):
        return
    expected = "as in data: {coco: {images: FOLDER, annotations: FILE}}"
    default = "rendered ones suit the built-in model unless you name them"
    reading.complain(
        ("data",), f"missing, expected the images that the models are made for, {expected}; {default}"
    )


def _build_measure(values: dict[str, Any], reading: Reading) -> MeasureOptions:
    timed = ("budget", "timeout", "sustained", "energy")
    names = {"warmup_time": "warmup_seconds", **{name: f"{name}_seconds" for name in timed}}
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
