"""The options that `bench plan` and `bench run` share: load a suite and apply them."""

from __future__ import annotations

import argparse
from dataclasses import replace

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
    from bench.suite import apply_overrides, find_hosts, load_suite

    overrides = read_overrides(options)
    hosts = find_hosts(options.hosts_file, options.suite)
    suite = load_suite(options.suite, hosts=hosts, chosen=overrides.hosts)
    # Hosts and tags are chosen among all that are known; what is left to change is among the suite's own.
    return complete_models(apply_overrides(suite, replace(overrides, hosts=()))), overrides
