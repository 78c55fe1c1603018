"""`bench diagnose`: name the mistake in a description, and where a quantized build lost its signal."""

from __future__ import annotations

import argparse
import json

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.cli.diagnosis_text import as_json, as_text
from bench.cli.progress import ProgressLine


def run(options: argparse.Namespace) -> int:
    """Diagnose, and print what was found as text or JSON; a mistake found is a good answer."""
    from bench.diagnosing.choice import choose
    from bench.diagnosing.suite import diagnose_suite
    from bench.running.completing import complete_models
    from bench.running.listener import Silent
    from bench.suite import load_suite

    suite = complete_models(load_suite(options.suite))
    choice = choose(suite, options.case, options.model)
    listener = Silent() if options.json or options.quiet else ProgressLine({})
    found = []
    for result in diagnose_suite(suite, choice, options.images, listener):
        found.append(result)
        if isinstance(listener, ProgressLine):
            listener.close()
        if not options.json:
            print(as_text(result, str(options.suite)), end="\n\n", flush=True)
    if options.json:
        print(json.dumps([as_json(result) for result in found], indent=2))
    return EXIT_NOT_MEASURED if any(result.problem for result in found) else EXIT_GOOD
