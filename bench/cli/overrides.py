"""The options that `bench plan` and `bench run` share: load a suite and apply them."""

from __future__ import annotations

import argparse

from bench.core.suite import Overrides, Suite


def read_overrides(options: argparse.Namespace) -> Overrides:
    """Collect what the command line changes of the suite."""
    return Overrides(
        only=tuple(options.only),
        hosts=tuple(options.host),
        limit=options.limit,
        rounds=options.rounds,
        profile=options.profile,
    )


def load(options: argparse.Namespace) -> tuple[Suite, Overrides]:
    """Read the suite that the command line names, with its overrides applied and all of it known."""
    from bench.running.completing import complete_models
    from bench.suite import apply_overrides, load_suite

    overrides = read_overrides(options)
    return complete_models(apply_overrides(load_suite(options.suite), overrides)), overrides
