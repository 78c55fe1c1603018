"""The options of `bench host`: list, check, set up, clean and stop the hosts that suites name."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.actions import add_action

_LIST = """The hosts file is the first of: --hosts-file, $BENCH_HOSTS, hosts.yaml beside the suite, hosts.yaml
in this folder, ~/.config/detector-bench/hosts.yaml. `bench schema hosts` describes it for editors.

  pi5: {ssh: pi@raspberrypi.local}
  pis: {ssh: [pi-a, pi-b], tags: [arm], threads: [1, 4], target_temperature: 55, cooling: 10m, budget: 20m,
        environment: {OMP_NUM_THREADS: "1"}, wheels: auto, root: /mnt/ssd/bench}

example:
  bench host list
"""

_CHECK = """Looks at everything that decides whether hours of measuring are well spent, and says what to do.
Nothing is installed but the agent, a file of less than 200 kB in its user's cache folder.

example:
  bench host check pi5
"""

_SETUP = """Installs the runtimes in a private environment in its user's cache folder; every package is pinned
by its hash. A run does this by itself. Needs 64-bit Linux, Python 3.11 or later and SSH there; no root, no
pip.

example:
  bench host setup pi5 --wheels controller
"""

_CLEAN = """Removes everything that was ever made there: agent, environment, models, photos, jobs.

example:
  bench host clean pi5
"""

_STOP = """Ends every job there and frees the host for others. Finished results stay until a run fetches them
or `clean` removes them.

example:
  bench host stop pi5
"""


def add_actions(command: argparse.ArgumentParser) -> None:
    """Add the actions of `bench host` to its parser."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = add_action(actions, "list", "show the hosts that are known", _LIST)
    _add_common(listing)
    for name, help_, epilog in (
        ("check", "say whether a host can measure, and what would make it better", _CHECK),
        ("setup", "install what jobs need on a host", _SETUP),
        ("clean", "remove everything from a host", _CLEAN),
        ("stop", "end what runs on a host, and free it", _STOP),
    ):
        action = add_action(actions, name, help_, epilog)
        action.add_argument(
            "names", nargs="+", metavar="NAME", help="a host, or tag:TAG for all that have it"
        )
        _add_common(action)
        if name == "setup":
            action.add_argument(
                "--wheels",
                choices=["auto", "device", "controller"],
                help="packages by its own pip (device), downloaded here and sent (controller), or the first "
                "that works (auto); the hosts file's unless given",
            )
            action.add_argument("--quiet", action="store_true", help="no progress lines")


def _add_common(action: argparse.ArgumentParser) -> None:
    action.add_argument("--hosts-file", type=Path, metavar="FILE", help="hosts file (YAML)")
    action.add_argument("--json", action="store_true", help="print what was found as JSON")
