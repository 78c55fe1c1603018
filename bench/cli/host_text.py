"""What `bench host` prints for people: aligned tables, findings with what to do, progress of a setup."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from bench.core.host import HostSettings
from bench.hosts.provision.findings import Finding

_HEADER = ("host", "boards", "tags", "threads", "cool to", "budget", "declared")


def show_hosts(hosts: Sequence[HostSettings], places: Mapping[str, str]) -> str:
    """Return the table of hosts; `places` says where each was declared."""
    rows = [
        (
            host.name,
            ", ".join(host.boards) or "this machine",
            ", ".join(host.tags) or "-",
            ", ".join(map(str, host.threads)) or "-",
            f"{host.target_temperature_c:g} C",
            f"{host.budget_seconds / 60:g} min" if host.budget_seconds else "-",
            places.get(host.name, "built in"),
        )
        for host in hosts
    ]
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADER, *rows)
    )


def show_findings(title: str, findings: Sequence[Finding]) -> str:
    """Return the findings of one board, and whether it can measure."""
    width = max(len(finding.name) for finding in findings)
    lines = [title]
    for finding in findings:
        lines.append(f"  {finding.status:<7}  {finding.name:<{width}}  {finding.value}")
        if finding.cure:
            lines.append(f"  {'':<7}  {'':<{width}}  -> {finding.cure}")
    problems = sum(finding.status == "problem" for finding in findings)
    advice = sum(finding.status == "advice" for finding in findings)
    end = f"{problems} to mend before measuring" if problems else "can measure"
    return "\n".join(
        [*lines, f"{title} {'has ' if problems else ''}{end}{f', {advice} advised' if advice else ''}"]
    )


class Lines:
    """Shows what a setup does: one line redrawn on a terminal, each line elsewhere."""

    def __init__(self, is_quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_quiet, self._is_live = is_quiet, self._stream.isatty()

    def tell(self, line: str) -> None:
        """Show a line."""
        if self._is_quiet:
            return
        if self._is_live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{line[:width]}")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Remove the live line."""
        if self._is_live and not self._is_quiet:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
