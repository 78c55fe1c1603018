"""Progress of downloads: one line redrawn on a terminal, a line at every tenth elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from bench.cli.progress import REDRAW_SECONDS

# A count beyond this is of bytes, not of files.
_MANY = 1_000_000


class TransferLine:
    """Tells a person how far a transfer is."""

    def __init__(self, stream: TextIO | None = None, is_quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._is_quiet = is_quiet
        self._drawn = 0.0
        self._told: tuple[str, int] = ("", -1)

    def tell(self, subject: str, done: int, total: int) -> None:
        """Show what is there of a subject, in bytes or files; `total` is -1 where nobody knows."""
        if self._is_quiet:
            return
        tenth = 10 * done // total if total > 0 else done // 100_000_000
        is_news = (subject, tenth) != self._told
        if self._is_live:
            if is_news or time.monotonic() - self._drawn >= REDRAW_SECONDS:
                self._drawn = time.monotonic()
                self._stream.write(f"\r\x1b[K{_text(subject, done, total)}")
        elif is_news:
            self._stream.write(_text(subject, done, total) + "\n")
        self._told = (subject, tenth)
        self._stream.flush()

    def close(self) -> None:
        """Remove the live line."""
        if self._is_live and not self._is_quiet:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _text(subject: str, done: int, total: int) -> str:
    percent = f"{done / total:4.0%} " if total > 0 else ""
    if max(done, total) < _MANY:
        return f"{subject}: {percent}({done} of {total})"
    whole = f" of {total / 1e6:.1f}" if total > 0 else ""
    return f"{subject}: {percent}({done / 1e6:.1f}{whole} MB)"
