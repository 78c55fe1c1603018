"""The command line: the only place that prints and exits. Commands are imported when they are called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from bench.cli.parser import make_parser
from bench.cli.screen import allow_any_text
from bench.errors import BenchError, SuiteError, UsageError

# Exit codes: 0 good, 1 regressed, 2 wrong use or suite, 3 something could not be measured,
# 4 not comparable, 5 inconclusive; 130 is the shell's own for an interrupted command.
EXIT_GOOD, EXIT_REGRESSED, EXIT_WRONG_USE, EXIT_NOT_MEASURED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    allow_any_text(sys.stdout)
    options = make_parser().parse_args(arguments)
    try:
        code: int = importlib.import_module(f"bench.cli.{options.module}").run(options)
        return code
    except BrokenPipeError:
        # The reader of a pipe (`bench plan ... | head`) went away; nothing is wrong here.
        sys.stderr.close()
        return EXIT_GOOD
    except (SuiteError, UsageError) as problem:
        return _complain(problem, EXIT_WRONG_USE)
    except BenchError as problem:
        return _complain(problem, EXIT_NOT_MEASURED)
    except OSError as problem:
        # A full disk or a forbidden place outside of the results: the file and the system's word, no trace.
        return _complain(f"{problem.filename or 'a file'}: {problem.strerror}", EXIT_NOT_MEASURED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _complain(problem: BenchError | str, code: int) -> int:
    print(f"bench: {problem}", file=sys.stderr)
    return code
