"""`bench host`: list, check, set up, clean and stop the hosts that suites name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.cli.host_text import Lines, show_findings, show_hosts
from bench.core.host import HostSettings
from bench.errors import HostError, UsageError
from bench.hosts import HOSTS
from bench.hosts.ssh.host import SshHost


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    actions = {"list": _list, "check": _check, "setup": _setup, "clean": _clean, "stop": _stop}
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    from bench.suite import find_hosts

    declared = find_hosts(options.hosts_file)
    hosts = {"local": HostSettings("local"), **declared.hosts}
    places = {name: f"{declared.file}:{line}" for name, line in declared.lines.items()}
    if options.json:
        rows = [{**asdict(host), "declared": places.get(name, "built in")} for name, host in hosts.items()]
        print(json.dumps(rows, indent=2))
    else:
        print(show_hosts(list(hosts.values()), places))
    return EXIT_GOOD


def _check(options: argparse.Namespace) -> int:
    from bench.hosts.provision.check import check_board

    found = []
    for board in _boards(options):
        with _closing(board):
            found.append((board, check_board(board, board.settings)))
    if options.json:
        rows = [{**_named(board), "findings": [asdict(one) for one in findings]} for board, findings in found]
        print(json.dumps(rows, indent=2))
    else:
        print("\n\n".join(show_findings(_title(board), findings) for board, findings in found))
    is_good = all(one.status != "problem" for _, findings in found for one in findings)
    return EXIT_GOOD if is_good else EXIT_NOT_MEASURED


def _setup(options: argparse.Namespace) -> int:
    from bench.hosts.provision import find_installed, set_up, wanted_environment

    rows = []
    lines = Lines(options.quiet or options.json)
    for board in _boards(options):
        with _closing(board):
            # What is ready needs no lease: nothing is done there.
            found = find_installed(board, wanted_environment(board))
            if found is None:
                with _leased(board):
                    found = set_up(board, options.wheels or board.settings.wheels, lines.tell)
                lines.close()
        rows.append({**_named(board), **asdict(found)})
        if not options.json:
            versions = [
                f"{name} {one.get('version', one.get('error'))}" for name, one in found.packages.items()
            ]
            state = "is set up" if found.is_new else "was ready, nothing was sent"
            print(f"{_title(board)} {state}: {', '.join(versions)}")
    if options.json:
        print(json.dumps(rows, indent=2))
    return EXIT_GOOD


def _clean(options: argparse.Namespace) -> int:
    rows = []
    for board in _boards(options):
        with _closing(board):
            _require_idle(board)
            answer, _ = board.call("uninstall")
        rows.append({**_named(board), **{key: answer[key] for key in ("root", "bytes", "left")}})
        if not options.json:
            what = f"all of ours in {answer['root']}" if answer["left"] else answer["root"]
            print(f"{_title(board)}: {what} is removed ({answer['bytes'] / 1e6:.0f} MB)")
    if options.json:
        print(json.dumps(rows, indent=2))
    return EXIT_GOOD


def _stop(options: argparse.Namespace) -> int:
    rows = []
    for board in _boards(options):
        with _closing(board):
            stopped = board.call("stop", all=True)[0]["stopped"]
            holder = _free(board)
        rows.append({**_named(board), "stopped": stopped, "holder": holder})
        if not options.json:
            state = f"is still held: {holder}; end that run, too" if holder else "is free"
            print(f"{_title(board)} {state}; jobs that were stopped: {len(stopped)}")
    if options.json:
        print(json.dumps(rows, indent=2))
    return EXIT_NOT_MEASURED if any(row["holder"] for row in rows) else EXIT_GOOD


def _free(board: SshHost) -> str:
    """Take the lease from whoever has it; returns who has it still, because his run is connected."""
    from bench.hosts.provision.check import describe_holder

    lease = board.lease("show")
    if lease["owner"]:
        lease = board.lease("release", lease["owner"], lease["run"])
    return describe_holder(lease)


def _boards(options: argparse.Namespace) -> list[SshHost]:
    """Return the boards that the command names; none is connected to yet."""
    from bench.suite import resolve_hosts

    hosts = resolve_hosts(options.names, options.hosts_file)
    for settings in hosts:
        if settings.name in HOSTS:
            raise UsageError(
                f"{settings.name}: is this machine, expected a host behind SSH; it needs no setup, and its "
                "state is recorded with each run"
            )
    return [SshHost(settings, board) for settings in hosts for board in settings.boards]


@contextmanager
def _closing(board: SshHost) -> Iterator[None]:
    try:
        yield
    finally:
        board.close()


@contextmanager
def _leased(board: SshHost) -> Iterator[None]:
    """Hold the board while something is installed there: whoever measures is not to be disturbed.

    Raises:
        HostError: somebody measures there.
    """
    from bench.running.leasing import owner_name

    board.lease("take", owner_name(), "setup")
    try:
        yield
    finally:
        board.lease("release", owner_name(), "setup")


def _require_idle(board: SshHost) -> None:
    answer, _ = board.call("jobs")
    waiting = [name for name in answer["jobs"] if name not in answer["ended"]]
    if waiting:
        raise HostError(
            f"{_title(board)}: {len(waiting)} jobs run or wait there, expected none; let them end, or stop "
            f"them: bench host stop {board.name}"
        )


def _named(board: SshHost) -> dict[str, Any]:
    return {"host": board.name, "board": board.destination}


def _title(board: SshHost) -> str:
    return board.name if board.destination == board.name else f"{board.name} ({board.destination})"
