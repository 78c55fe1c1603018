"""Where the figures come from: run, machines, versions, data, settings, and what was overridden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.core.record import Record
from bench.report.feeding import description_facts
from bench.report.model import Facts
from bench.report.published import published_facts

# Longer values are cut: provenance is read by people, the records hold all of it.
LONGEST_VALUE = 200


def make_provenance(records: Sequence[Record], run_info: Mapping[str, Any]) -> tuple[Facts, ...]:
    """Collect the facts that a reader needs to judge and to repeat the run."""
    first = records[0] if records else None
    versions = run_info.get("versions") or (first.versions if first else {})
    parts = [
        ("Run", _run(records, run_info)),
        *((f"Machine {host}", environment) for host, environment in _machines(records).items()),
        ("Versions", versions),
        *((f"Versions on {host}", found) for host, found in _versions(records).items() if found != versions),
        ("Measured with", run_info.get("measure") or (first.measure if first else {})),
        ("Models as fed and read", description_facts(records)),
        ("Published accuracy, as the suite names it", published_facts(records)),
        ("Data and processing, sha256", _shared_hashes(records)),
    ]
    return tuple(Facts(title, tuple(_flatten(values))) for title, values in parts if values)


def overridden(records: Sequence[Record], run_info: Mapping[str, Any]) -> str:
    """Name what the command line changed: `limit=20, profile=smoke`; empty if nothing did."""
    overrides = run_info.get("overrides") or (records[0].overrides if records else {})
    given = {key: value for key, value in overrides.items() if value not in (None, [], (), "", {})}
    return ", ".join(f"{key}={_plain(value)}" for key, value in given.items())


def _run(records: Sequence[Record], run_info: Mapping[str, Any]) -> dict[str, Any]:
    first = records[0] if records else None
    git = run_info.get("git") or (first.git if first else {})
    commit = str(git.get("commit", ""))
    if commit and git.get("is_dirty"):
        commit += " with uncommitted changes"
    facts = {
        "suite": run_info.get("suite") or (first.suite if first else ""),
        "description": run_info.get("description"),
        "suite file": run_info.get("suite_path"),
        "run": run_info.get("run") or (first.run if first else ""),
        "started": run_info.get("started") or (first.started if first else ""),
        "finished": run_info.get("finished") or (records[-1].finished if records else ""),
        "git commit": commit,
        "overridden": overridden(records, run_info) or "nothing",
    }
    return {key: value for key, value in facts.items() if value}


def _machines(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    machines: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.environment:
            machines.setdefault(record.host, record.environment)
        for board, environment in record.boards.get("environments", {}).items():
            machines.setdefault(f"{record.host}, board {board}", environment)
    return machines


def _versions(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """Return by host what was installed where its cases ran."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        if record.versions:
            found.setdefault(record.host, record.versions)
    return found


def _shared_hashes(records: Sequence[Record]) -> dict[str, str]:
    """Return each hash that all cases share; one that varies says so."""
    names = dict.fromkeys(name for record in records for name in record.hashes)
    values = {name: {record.hashes[name] for record in records if name in record.hashes} for name in names}
    return {name: found.pop() if len(found) == 1 else "varies by case" for name, found in values.items()}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        elif value not in (None, "", [], ()):
            yield name, _plain(value)


def _plain(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
