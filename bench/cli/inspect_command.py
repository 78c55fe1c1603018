"""`bench inspect`: say what a model file is, which family it looks like, and how to describe it."""

from __future__ import annotations

import argparse
import json

from bench.cli import EXIT_GOOD
from bench.errors import ModelError, UsageError
from bench.inspecting import look_into
from bench.inspecting.contents import format_of
from bench.inspecting.pasting import paste_text
from bench.inspecting.showing import report_text
from bench.wire.codec import to_json


def run(options: argparse.Namespace) -> int:
    """Print the report on a file, as text or as JSON.

    Raises:
        UsageError: what the command names is no model file by its name and kind.
        ModelError: it is damaged.
    """
    try:
        format_of(options.file)
    except ModelError as problem:
        raise UsageError(str(problem)) from problem
    report = look_into(options.file)
    if options.json:
        pasted = [paste_text(report, found) for found in report.recognitions[:1]]
        print(json.dumps({**to_json(report), "suite": pasted[0] if pasted else ""}, indent=2))
    else:
        print(report_text(report, options.tensors))
    return EXIT_GOOD
