"""What the terminal can show: colours, width, and letters that its encoding knows."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from bench.report.screen import Screen

# What stands for our signs where the encoding of a terminal or pipe has none of them.
_PLAIN = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": "x", "…": "...", "“": '"', "”": '"', "²": "2", "°": " ", "●": "*"}
)
_HANDLER = "bench.plain"


def wants_color(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether to print colours: NO_COLOR forbids, FORCE_COLOR demands; else a terminal that is not dumb.

    A variable counts when it is there and not empty, whatever its value (no-color.org, force-color.org).
    """
    variables = os.environ if environment is None else environment
    if variables.get("NO_COLOR"):
        return False
    if variables.get("FORCE_COLOR"):
        return True
    return variables.get("TERM") != "dumb" and stream.isatty()


def find_screen(stream: TextIO | None = None, environment: Mapping[str, str] | None = None) -> Screen:
    """Return what a stream (standard output) can show; its width matters on a terminal alone."""
    from bench.report.screen import Screen

    shown = sys.stdout if stream is None else stream
    columns = shutil.get_terminal_size().columns if shown.isatty() else None
    return Screen(wants_color(shown, environment), columns)


def say(text: str, end: str = "\n") -> None:
    """Print what a judging command found; a reader that went away (`| head`) changes no exit code."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        # What is still buffered, and all that follows, goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def allow_any_text(stream: TextIO) -> None:
    """Let a stream replace what its encoding lacks, instead of ending the program."""
    codecs.register_error(_HANDLER, _replace)
    if hasattr(stream, "reconfigure") and getattr(stream, "errors", "") == "strict":
        stream.reconfigure(errors=_HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(letter if letter.isascii() else "?" for letter in plain), error.end
