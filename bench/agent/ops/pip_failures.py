"""Names why pip failed, from what it printed, and says what to do. Pure; standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Of what pip printed, the lines that an error quotes.
_LAST_LINES = 4

# The first that fits is the cause: a lost network also ends in "no matching distribution".
_CAUSES: tuple[tuple[str, str, str], ...] = (
    ("disk_full", r"No space left on device|Errno 28", "the disk is full"),
    ("hash", r"DO NOT MATCH THE HASHES", "a package is not the one that was pinned: its hash differs"),
    (
        "clock",
        r"certificate is not yet valid|certificate has expired",
        "a certificate does not fit the date: set the device's clock (`timedatectl`)",
    ),
    ("certificate", r"CERTIFICATE_VERIFY_FAILED|SSLError", "the package index cannot be trusted over TLS"),
    (
        "network",
        r"NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|Connection refused"
        r"|ReadTimeout|Network is unreachable|Could not fetch URL|ProxyError|Connection reset",
        "the package index cannot be reached from there",
    ),
    # What pip says where it cannot resolve the index's name is not told from an index without the package.
    (
        "network",
        r"from versions: none\)",
        "the package index cannot be reached from there, or lacks a package",
    ),
    ("no_wheel", r"No matching distribution found for (\S+)", "there is no wheel of {0} for this device"),
    ("no_pip", r"No module named '?pip", "there is no pip"),
)


def name_failure(lines: Sequence[str], exit_code: int | None, is_waiting: bool = False) -> tuple[str, str]:
    """Return the cause in one word and a sentence about it.

    Args:
        lines: that pip printed.
        exit_code: None where it was killed for its time.
        is_waiting: nothing had come from the package index until then.
    """
    text = "\n".join(lines)
    if exit_code is None and is_waiting:
        return "network", f"nothing comes from the package index there{_quoted(lines)}"
    if exit_code is None:
        return "time", f"pip did not come to an end in time{_quoted(lines)}"
    for cause, pattern, sentence in _CAUSES:
        found = re.search(pattern, text)
        if found:
            return cause, f"{sentence.format(*found.groups())}{_quoted(lines)}"
    return "other", f"pip ended with exit code {exit_code}{_quoted(lines)}"


def _quoted(lines: Sequence[str]) -> str:
    told = [line.strip() for line in lines if line.strip()]
    wrong = [line for line in told if line.startswith("ERROR")] or told
    return f" ({' / '.join(wrong[-_LAST_LINES:])[:600]})" if told else ""
