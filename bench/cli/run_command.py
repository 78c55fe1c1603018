"""`bench run`: build and measure a suite's cases, write the report, say what came out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD, EXIT_INTERRUPTED, EXIT_NOT_MEASURED, EXIT_REGRESSED
from bench.cli.interruption import ask_to_stop, say_interrupted
from bench.cli.overrides import load
from bench.cli.progress import ProgressLine
from bench.cli.screen import find_screen, say
from bench.core.record import Record
from bench.core.suite import Suite
from bench.running.listener import Silent
from bench.running.schedule import MEMORY_PROBES

if TYPE_CHECKING:
    from bench.core.verdict import Verdict
    from bench.running.against import AgainstOptions


def run(options: argparse.Namespace) -> int:
    """Measure; the exit code says whether every case that can be made was measured."""
    from bench.cli.case_details import details_of
    from bench.picturing import make_gallery
    from bench.report import render_all, terminal_table
    from bench.running.run import RunOptions, run_suite
    from bench.running.work import HostOptions

    suite, overrides = load(options)
    progress = Silent() if options.quiet else _progress_line(suite)
    hosts = HostOptions(options.wait, options.set_governor)
    how = RunOptions(options.resume, hosts, ask_to_stop, _against(options, suite))
    try:
        outcome = run_suite(suite, overrides, options.results, progress, how)
    except KeyboardInterrupt as interruption:
        _close(progress)
        say_interrupted(getattr(interruption, "going_on", ()))
        return EXIT_INTERRUPTED
    _close(progress)
    gallery = make_gallery(outcome.records, outcome.folder, outcome.info) if options.photos else None
    details = details_of(outcome.records, outcome.folder, outcome.info)
    written = render_all(outcome.records, outcome.folder, outcome.info, gallery=gallery, details=details)
    say(terminal_table(outcome.records, find_screen()))
    say(f"\nreport: {_shown(written)}")
    _print_problems(outcome.records)
    code = exit_code(outcome.records)
    if outcome.verdicts is None:
        return code
    return _tell_verdicts(options, outcome.folder, outcome.verdicts, code)


def _against(options: argparse.Namespace, suite: Suite) -> AgainstOptions | None:
    """Return what the run is judged against; a name that is nothing is refused before any work."""
    from bench.running.against import AgainstOptions
    from bench.running.older import check_origin

    if options.against is None:
        return None
    check_origin(options.against, suite, options.root)
    return AgainstOptions(options.against, options.pairs, options.root)


def _tell_verdicts(options: argparse.Namespace, run: Path, judged: Sequence[Verdict], measured: int) -> int:
    """Print the verdicts, and write their page into the run's folder.

    Their exit code wins where something regressed, else what was not measured.
    """
    from bench.cli.gate_command import judged_goals
    from bench.cli.verdict_output import compared, write_files
    from bench.gating.deciding import overall
    from bench.gating.sides import read_side
    from bench.report.comparison.model import Compared, Comparison
    from bench.report.comparison.writing import write_comparison
    from bench.report.verdicts import summary, text_table

    after, name = read_side(run), options.against
    verdicts = [*judged_goals(after), *judged]
    say(f"\nagainst {name}:\n{text_table(verdicts, find_screen())}\n\n{summary(verdicts)}")
    comparison = Comparison(after.suite, Compared(name), compared(after), tuple(verdicts))
    say(f"verdicts: {_shown(write_comparison(comparison, run))}")
    write_files(options, after.suite, name, verdicts)
    code = overall(verdicts)
    return code if code == EXIT_REGRESSED else measured or code


def exit_code(records: Sequence[Record]) -> int:
    """Return 3 if a case that can be made was not measured, or if nothing was.

    A case that cannot be made is no failure beside others that were measured.
    """
    is_anything_measured = any(record.status == "ok" for record in records)
    is_complete = is_anything_measured and not any(map(_is_incomplete, records))
    return EXIT_GOOD if is_complete else EXIT_NOT_MEASURED


def _is_incomplete(record: Record) -> bool:
    """Whether the case could be made but not measured, or what it is compared with could not."""
    has_control = record.control is None or record.control.get("status") == "ok"
    return record.status in ("failed", "invalid") or not has_control


def _progress_line(suite: Suite) -> ProgressLine:
    measure = suite.measure
    long_ones = {"sustained": measure.sustained_seconds, "energy": 2 * measure.energy_seconds}
    return ProgressLine(steps_ahead(suite), guesses=long_ones)


def steps_ahead(suite: Suite) -> dict[str, dict[str, int]]:
    """Count the steps of each stage of a run that has nothing yet, on each board of each host."""
    able = [case for case in suite.cases if not case.unavailable]
    boards = {settings.name: settings.boards for settings in suite.hosts_settings}
    ahead = {"": {"data": 1, "build": len(able)}}
    for host in suite.hosts:
        steps = _steps_on(sum(case.host == host for case in able), suite)
        several = boards.get(host, ())[1:] and boards[host]
        ahead |= {f"{host}/{board}": steps for board in several} or {host: steps}
    return ahead


def _steps_on(cases: int, suite: Suite) -> dict[str, int]:
    return {
        "check": cases,
        "accuracy": cases,
        "memory": cases * MEMORY_PROBES,
        "latency": cases * suite.measure.rounds,
        "sustained": cases if suite.measure.sustained_seconds else 0,
    }


def _close(progress: Silent | ProgressLine) -> None:
    if isinstance(progress, ProgressLine):
        progress.close()


def _shown(paths: list[Path]) -> str:
    pages = [path for path in paths if path.suffix == ".html"]
    return str((pages or paths)[0])


def _print_problems(records: list[Record]) -> None:
    for record in records:
        if record.status in ("failed", "invalid"):
            print(f"{record.status}: {record.case}: {record.reason}", file=sys.stderr)
            for line in record.stderr_tail:
                print(f"    {line}", file=sys.stderr)
