"""The hosts file: its format, where it is looked for, and what it declares.

A host is what a suite and `--host` name; the file says where it is and what is special about it. No secrets
stand in it: keys, ports and jump hosts are the user's own SSH configuration's business. Which hosts a run
means is left to `hosts`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.host import DESTINATION_PATTERN, HostSettings
from bench.errors import UsageError
from bench.suite.containers import ByKind, Key, ListOf, MapOf, Table
from bench.suite.forms import Choice, Form, Integer, Name, Number, Quantity, Text
from bench.suite.nodes import read_nodes
from bench.suite.quantities import SECONDS
from bench.suite.reading import Reading
from bench.suite.yaml_text import read_text

# Hosts that need no entry, which may only tune them: this machine, and one for trials that runs nothing.
BUILT_IN = ("local", "fake")
FILE_NAME = "hosts.yaml"

_DESTINATION = Text(
    "a destination of ssh: an alias, a host name, user@name or ssh://user@name:port", DESTINATION_PATTERN
)
_ROOT = Text(
    "an absolute folder on the host, or one that begins with ~/",
    r"^(/|~/)[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]$",
)
# Python's and the project's own variables decide what is run there.
_VARIABLE = Text(
    "a name of an environment variable, none that begins with PYTHON or BENCH_",
    r"^(?!PYTHON|BENCH_)[A-Za-z_][A-Za-z0-9_]*$",
)
_VALUE = ByKind({"text": Text("text", r"^[^\x00]*$"), "integer": Integer(-(10**15), 10**15)})
_DURATION = Quantity(SECONDS, "90s or 20m")

HOST = Table(
    "a host",
    {
        "ssh": Key(
            ListOf(_DESTINATION, takes_one=True),
            "Where ssh finds it; the host's name, as an alias of your SSH configuration, unless given. "
            "Several are identical boards.",
        ),
        "tags": Key(ListOf(Name, takes_one=True), "Words that choose hosts together: --host tag:arm."),
        "threads": Key(
            ListOf(Integer(1, 1024), takes_one=True), "Threads of its cases, where the suite names none."
        ),
        "target_temperature": Key(
            Number(20, 100),
            "A board is let cool to it before a bad round is repeated, in Celsius; 60 unless given.",
        ),
        "cooling": Key(_DURATION, "How long cooling may take; 10m unless given."),
        "budget": Key(_DURATION, "Time for all its timed rounds, where the suite names none."),
        "environment": Key(
            MapOf(_VARIABLE, _VALUE, "a mapping of variables to values"), "Variables of the jobs there."
        ),
        "wheels": Key(
            Choice(("auto", "device", "controller")),
            "Where its packages come from: its own pip, this machine, or the first that works (auto).",
        ),
        "root": Key(_ROOT, "Folder for everything there; detector-bench in its user's cache unless given."),
    },
)  # fmt: skip
HOSTS: Form = MapOf(Name, HOST, "a mapping of host names to what is known of them")

_FIELDS = {
    "ssh": "boards",
    "target_temperature": "target_temperature_c",
    "cooling": "cooling_seconds",
    "budget": "budget_seconds",
}


@dataclass(frozen=True)
class DeclaredHosts:
    """What a hosts file says; nothing where there is no such file.

    Attributes:
        file: as it was found; empty where there is none.
        hosts: by name, in the file's order.
        lines: on which each begins.
    """

    file: str
    hosts: Mapping[str, HostSettings]
    lines: Mapping[str, int]


def find_hosts(
    given: Path | None = None, suite: Path | None = None, environ: Mapping[str, str] | None = None
) -> DeclaredHosts:
    """Read the hosts file that applies: the first there is, as `hosts_places` lists them.

    Args:
        given: of `--hosts-file`.
        suite: the suite file that is run, if any.

    Raises:
        SuiteError: the file says something that cannot be meant.
        UsageError: the file that was given, or that `BENCH_HOSTS` names, is not there.
    """
    environ = os.environ if environ is None else environ
    for what, place in (("--hosts-file", given), ("BENCH_HOSTS", environ.get("BENCH_HOSTS"))):
        if place:
            if not Path(place).expanduser().is_file():
                raise UsageError(f"{what}: there is no file {place}, expected a hosts file in YAML")
            return read_hosts(Path(place).expanduser())
    found = next((place for place in hosts_places(suite, environ) if place.is_file()), None)
    return read_hosts(found) if found else DeclaredHosts("", {}, {})


def hosts_places(suite: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Return where a hosts file is looked for: beside the suite, in this folder, in the user's settings."""
    base = environ.get("XDG_CONFIG_HOME", "").strip()
    settings = Path(base) if base else Path.home() / ".config"
    beside = [suite.parent / FILE_NAME] if suite is not None else []
    return [*beside, Path(FILE_NAME), settings / "detector-bench" / FILE_NAME]


def read_hosts(path: Path) -> DeclaredHosts:
    """Read a hosts file and check all of it.

    Raises:
        SuiteError: everything that is wrong, a line each, as
            `hosts.yaml:3 pi5.threads: got 0, expected an integer from 1 to 1024`.
    """
    reading = Reading(str(path), (path.absolute().parent,), os.environ)
    reading.root = read_nodes(read_text(path, "hosts file"), str(path), reading.complain, "a hosts file")
    values = HOSTS.read(reading.root, (), reading)
    hosts = {}
    for name, entry in values.items() if isinstance(values, dict) else ():
        _check_built_in(name, entry, reading)
        hosts[name] = _settings(name, entry)
    reading.raise_complaints()
    return DeclaredHosts(str(path), hosts, {name: reading.root.key_lines[name] for name in hosts})


def _check_built_in(name: str, entry: Mapping[str, Any], reading: Reading) -> None:
    for key in ("ssh", "wheels", "root"):
        if name in BUILT_IN and key in entry:
            reading.complain(
                (name, key), f"means nothing for {name!r}, which is this machine: give the other another name"
            )


def _settings(name: str, entry: Mapping[str, Any]) -> HostSettings:
    values = {_FIELDS.get(key, key): value for key, value in entry.items()}
    values["environment"] = {key: str(value) for key, value in entry.get("environment", {}).items()}
    if name not in BUILT_IN:
        values.setdefault("boards", (name,))
    return HostSettings(name, **values)
