"""Ends the agent when whoever started it dies, where that was asked for.

A hung job must not outlive a controller or keeper that was killed, or it would disturb the next run. Over SSH
a job outlives its connection: there the keeper started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from bench.wire.job import PARENT_VARIABLE

# <linux/prctl.h>: deliver a signal to this process when the thread that started it ends.
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process with its parent; does nothing where that is not asked or known."""
    parent = os.environ.get(PARENT_VARIABLE, "")
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the process that started this job ended before it began")
