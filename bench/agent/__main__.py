"""`python -m bench.agent JOBFOLDER` runs one job; `python -m bench.agent --facts` describes the machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.agent.entry import run_folder
from bench.agent.parent import die_with_parent
from bench.agent.probes.machine import machine_facts
from bench.agent.runtimes import installed_runtimes

USAGE = "usage: python -m bench.agent JOBFOLDER | --facts"


def main(arguments: list[str]) -> int:
    """Run one job or print the facts; returns the exit code (0 good, 1 the job failed, 2 wrong use)."""
    if arguments == ["--facts"]:
        print(json.dumps({**machine_facts(), "runtimes": installed_runtimes()}))
        return 0
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(f"{USAGE}\ngot {arguments}, expected one existing folder that holds job.json", file=sys.stderr)
        return 2
    die_with_parent()
    return run_folder(Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
