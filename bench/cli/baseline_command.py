"""`bench baseline`: keep figures that later results are judged against; show and change what is kept."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.gating.sides import Side


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    actions = {"set": _set, "update": _update, "list": _list, "show": _show}
    actions[options.action](options)
    return EXIT_GOOD


def _set(options: argparse.Namespace) -> None:
    from bench.gating.baselines import find_baselines
    from bench.gating.sides import read_side

    side = read_side(options.results)
    existing = find_baselines(options.root, side.suite, options.name)
    if existing:
        raise UsageError(
            f"{existing[0].path}: baseline {options.name!r} is there already; `bench baseline update` shows "
            "what changes and replaces it"
        )
    _write(options, side)


def _update(options: argparse.Namespace) -> None:
    from bench.cli.screen import find_screen
    from bench.gating.baselines import baseline_side, read_baselines
    from bench.gating.deciding import Options, decide
    from bench.gating.rules import make_rules
    from bench.gating.sides import read_side
    from bench.report.verdicts import summary, text_table

    side = read_side(options.results)
    before = baseline_side(read_baselines(options.root, side.suite, options.name), side)
    verdicts = decide(before, side, make_rules(side.gate), Options())
    print(f"{text_table(verdicts, find_screen())}\n\n{summary(verdicts)}\n")
    _write(options, side)


def _write(options: argparse.Namespace, side: Side) -> None:
    from bench.gating.baselines import write_baseline

    for path in write_baseline(options.root, side, options.name):
        print(path)


def _list(options: argparse.Namespace) -> None:
    from bench.gating.baselines import read_baseline

    for path in sorted(options.root.glob("*/*/*.json")):
        found = read_baseline(path)
        print(
            f"{found.suite}  {found.name}  {found.machine}  {len(found.cases)} cases  {found.source['run']}"
        )


def _show(options: argparse.Namespace) -> None:
    from bench.gating.baselines import read_baselines
    from bench.report.verdicts import value_words

    for found in read_baselines(options.root, options.suite, options.name):
        print(f"{found.suite} {found.name} on {found.machine}, from {found.source['run']}")
        for case in found.cases.values():
            figures = (f"{metric} {value_words(metric, value)}" for metric, value in case.values.items())
            print(f"  {case.case}: {', '.join(figures)}")
