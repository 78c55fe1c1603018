"""Options of the commands that judge and of those that keep what is judged against; imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.run_parser import count

FORMATS = ("text", "markdown", "json", "github")


def add_output_options(command: argparse.ArgumentParser) -> None:
    """Add the options that say how verdicts are told."""
    _add_accept(command)
    command.add_argument(
        "--format", choices=FORMATS, default="text", help="github: annotations, and the job's summary"
    )
    command.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, a case a test")
    command.add_argument(
        "--output", type=Path, metavar="DIR", help="write a page of the verdicts, Markdown and JSON there"
    )
    command.add_argument("--comment", type=Path, metavar="FILE", help="write a comment's body (Markdown)")


def add_root_option(command: argparse.ArgumentParser) -> None:
    """Add the option that says where baselines lie."""
    command.add_argument(
        "--root",
        type=Path,
        default=Path("results/baselines"),
        metavar="DIR",
        help="where baselines are kept, to be committed (results/baselines)",
    )


def add_baseline_actions(command: argparse.ArgumentParser) -> None:
    """Add what can be done with baselines."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    told = {
        "set": "keep the figures of results under a name",
        "update": "replace what is kept, and say what changed and by how much",
        "list": "list what is kept",
        "show": "show the figures that are kept",
    }
    for name, help_ in told.items():
        action = actions.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
        if name in ("set", "update"):
            action.add_argument("results", type=Path, metavar="RESULTS", help="run folder, or one above")
        if name == "show":
            action.add_argument("suite", metavar="SUITE", help="the suite's name")
        if name != "list":
            action.add_argument("--name", default="main", metavar="NAME", help="of the baseline (main)")
        add_root_option(action)


def add_history_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the history of a suite."""
    command.add_argument("suite", metavar="SUITE", help="the suite's name, or its file")
    command.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="may be repeated (those that the newest run's gate judges)",
    )
    command.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="where runs are kept (results/)"
    )
    _add_accept(command)
    command.add_argument("--json", action="store_true", help="print every run's figures as JSON")
    command.add_argument(
        "--output", type=Path, metavar="DIR", help="also write a page, its charts and the figures there"
    )


def _add_accept(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept",
        action="append",
        default=[],
        choices=["runtime_version", "kernel", "governor"],
        help="judge although this differs; may be repeated",
    )


def add_noise_options(command: argparse.ArgumentParser) -> None:
    """Add what can be asked of noise."""
    command.add_argument(
        "results", type=Path, nargs="*", metavar="RESULTS", help="run folders of one suite, or folders above"
    )
    command.add_argument("--json", action="store_true", help="print the noise as JSON")
    command.add_argument(
        "--simulate", action="store_true", help="try the gate on simulated runs: false alarms, power, rounds"
    )
    command.add_argument(
        "--trials", type=count, default=2000, metavar="N", help="simulated runs a line (2000, some minutes)"
    )
    add_root_option(command)
