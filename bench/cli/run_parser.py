"""The options of `bench plan` and `bench run`."""

from __future__ import annotations

import argparse
from pathlib import Path

# Units that a waiting time may have; suites know more, and are read by a package that is not loaded here.
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def add_overrides(command: argparse.ArgumentParser) -> None:
    """Add the suite, and what is changed of it."""
    command.add_argument("suite", type=Path, metavar="SUITE", help="suite file (YAML)")
    command.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="WHAT",
        help="cases to take: `precision=int8`, a case id or a pattern of one; may be repeated",
    )
    command.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="measure there instead of on the suite's hosts: `local`, a name of the hosts file or of your "
        "SSH configuration, or `tag:TAG`; may be repeated",
    )
    command.add_argument("--hosts-file", type=Path, metavar="FILE", help="hosts file (YAML)")
    command.add_argument("--limit", type=count, metavar="N", help="number of evaluation images")
    command.add_argument("--rounds", type=count, metavar="N", help="fresh processes a case is timed in")
    command.add_argument(
        "--profile",
        choices=["smoke"],
        help="smoke: 2 rounds of 5 calls, 20 images; figures not for decisions",
    )
    command.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="where runs are kept (results/)"
    )


def add_photos(command: argparse.ArgumentParser) -> None:
    """Add whether the report shows photos."""
    command.add_argument(
        "--no-photos",
        dest="photos",
        action="store_false",
        help="keep evaluation photos out of the report: without its gallery of those that differ most",
    )


def add_run_options(command: argparse.ArgumentParser) -> None:
    """Add how a run goes about it."""
    add_photos(command)
    command.add_argument(
        "--resume", action="store_true", help="go on with the newest unfinished run of this suite"
    )
    command.add_argument(
        "--wait",
        type=duration,
        default=0.0,
        metavar="TIME",
        help="wait so long, as in 30m, for hosts on which another run measures; refused otherwise",
    )
    command.add_argument(
        "--set-governor",
        default="",
        metavar="NAME",
        help="set this frequency governor on the hosts while they measure, such as performance, and give the "
        "old one back; needs root there, or sudo without a password",
    )
    command.add_argument("--quiet", action="store_true", help="no progress lines")
    _add_against(command)


def _add_against(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--against",
        metavar="WHAT",
        help="judge against results, a baseline's name or file, or a git revision (git:origin/main), and "
        "measure its model files again next to the new ones wherever that is not clear",
    )
    command.add_argument(
        "--pairs",
        choices=["suspects", "all"],
        default="suspects",
        help="which cases are measured next to their older file: those in doubt, or all",
    )
    command.add_argument(
        "--root",
        type=Path,
        default=Path("results/baselines"),
        metavar="DIR",
        help="where baselines are kept (results/baselines)",
    )
    command.add_argument("--junit", type=Path, metavar="FILE", help="write the verdicts as JUnit XML")
    command.add_argument(
        "--comment", type=Path, metavar="FILE", help="write the verdicts as a comment's body (Markdown)"
    )


def count(text: str) -> int:
    """Read a number of things, at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"got {value}, expected an integer of 1 or more")
    return value


def duration(text: str) -> float:
    """Read a time such as `90s`, `30m` or `2h` as seconds."""
    number = text.rstrip("smhin")
    unit = text[len(number) :]
    try:
        return float(number) * _SECONDS[unit]
    except (ValueError, KeyError) as problem:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, expected a time with its unit, such as 90s, 30m or 2h"
        ) from problem
