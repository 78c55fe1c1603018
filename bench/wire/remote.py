"""How a device program is started over one byte stream: the constant command, and what both sides know of it.

The controller starts `REMOTE_COMMAND` on the device and sends, without waiting: the length of stage zero in
digits and a line feed, stage zero's source, and one frame of settings. Stage zero answers with `MARKER` on a
line of its own, behind whatever the shell's own files printed, and speaks frames from then on.
"""

from __future__ import annotations

# Reads stage zero from standard input without taking one byte more, and runs it. It stands in single quotes
# for the remote shell, and holds nothing that sh, bash, zsh, fish or csh would replace: no name, path or text
# of a user ever stands in it.
REMOTE_COMMAND = (
    "python3 -Ic '"
    'import sys;f=open(0,"rb",0);n=int(f.readline());s=b"";'
    'exec("while len(s)<n:s+=f.read(n-len(s))or sys.exit()");exec(s)'
    "'"
)

# What stage zero prints before its first frame; `bench/agent/stage_zero.py` repeats it, as it is sent alone.
MARKER = b"detector-bench stage zero 1\n"

# More than this before the marker is no greeting of a shell any more.
MAX_NOISE_BYTES = 65_536

# A file is sent in pieces of this size; also what `fetch` and `events` answer at most.
PIECE_BYTES = 4 * 1024 * 1024


def opening(stage_zero: bytes) -> bytes:
    """Return the first bytes of the stream: stage zero behind its length."""
    return b"%d\n" % len(stage_zero) + stage_zero
