"""How the spread of a time divides over boards, processes and calls. What the time is, is left to `boards`.

The model is y = m + B(board) + P(process within its board) + C(call within its process), all effects random,
on natural logarithms of the times: a slow board slows every call by a factor, not by so many nanoseconds, so
the square root of a component is a share of the time itself (0.02 is 2%). Logarithms rather than medians:
components of medians do not add up, and no sample may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = ("board", "process", "call")

# Clocks tick in nanoseconds: less than one cannot be told from it, and has no logarithm.
_LEAST_NS = 1.0


@dataclass(frozen=True)
class Components:
    """Variance components of the logarithm of a time.

    Attributes:
        board, process, call: variance of the effects at that level; None where nothing tells it apart from
            the level below: one board, one process a board, one call a process.
        num_boards, num_processes, num_calls: in all.
        negative: levels whose estimate was negative and was set to 0: their spread is too small to be seen.
    """

    board: float | None
    process: float | None
    call: float | None
    num_boards: int
    num_processes: int
    num_calls: int
    negative: tuple[str, ...] = ()

    def contributions(self) -> dict[str, float]:
        """Return the share of each known level in the variance of the mean of all calls; they sum to 1.

        The level with the largest share is the one to repeat more of.

        Source: Kalibera and Jones, Rigorous benchmarking in reasonable time, ISMM 2013: repeat at the level
        that dominates.
        """
        counts = {"board": self.num_boards, "process": self.num_processes, "call": self.num_calls}
        parts = {
            level: value / counts[level] for level in LEVELS if (value := getattr(self, level)) is not None
        }
        total = sum(parts.values())
        return {level: part / total for level, part in parts.items()} if total > 0 else {}


def variance_components(samples: Mapping[str, Sequence[ArrayLike]]) -> Components:
    """Estimate the components by nested analysis of variance, for any number of processes and calls.

    Each mean square is set equal to its expectation; the estimates are unbiased before negative ones are set
    to 0, whatever the distribution of the effects. Calls of a process follow each other, so drift within it
    counts as spread between processes: more calls would not average it away. Few boards say little: of 2
    boards the estimated deviation between boards lies anywhere from .03 to 2.2 times the true one (95%).

    Source: Searle, Casella and McCulloch, Variance Components, 1992: nested classification, unbalanced data,
    the analysis of variance method.

    Args:
        samples: board -> process -> its calls, ns. Processes without calls are left out.
    """
    boards = [logs for processes in samples.values() if (logs := _logarithms(processes))]
    sizes = [np.array([len(calls) for calls in board], np.float64) for board in boards]
    means = [np.array([calls.mean() for calls in board]) for board in boards]
    num_calls, num_processes = int(sum(size.sum() for size in sizes)), sum(map(len, boards))
    call = _over(_within(boards), num_calls - num_processes)
    process = _process_component(sizes, means, call)
    board = _board_component(sizes, means, call, process)
    estimates = {"board": board, "process": process, "call": call}
    return Components(
        **{level: None if value is None else max(value, 0.0) for level, value in estimates.items()},
        num_boards=len(boards),
        num_processes=num_processes,
        num_calls=num_calls,
        negative=tuple(level for level in LEVELS if (estimates[level] or 0.0) < 0),
    )


def _logarithms(processes: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    found = [np.log(np.maximum(np.asarray(calls, np.float64), _LEAST_NS)) for calls in processes]
    return [calls for calls in found if len(calls)]


def _within(boards: Sequence[Sequence[NDArray[np.float64]]]) -> float:
    """Return the sum of squares of calls about the mean of their process."""
    return float(sum(((calls - calls.mean()) ** 2).sum() for board in boards for calls in board))


def _process_component(
    sizes: Sequence[NDArray[np.float64]], means: Sequence[NDArray[np.float64]], call: float | None
) -> float | None:
    """Solve E[MS of processes] = call + k1 * process."""
    degrees = sum(len(size) - 1 for size in sizes)
    if call is None or degrees < 1:
        return None
    squares = sum(
        float((size * (mean - np.average(mean, weights=size)) ** 2).sum())
        for size, mean in zip(sizes, means, strict=True)
    )
    k1 = (sum(size.sum() for size in sizes) - _nested(sizes)) / degrees
    return float((squares / degrees - call) / k1)


def _board_component(
    sizes: Sequence[NDArray[np.float64]],
    means: Sequence[NDArray[np.float64]],
    call: float | None,
    process: float | None,
) -> float | None:
    """Solve E[MS of boards] = call + k2 * process + k3 * board."""
    degrees = len(sizes) - 1
    if call is None or process is None or degrees < 1:
        return None
    totals = np.array([size.sum() for size in sizes])
    centres = np.array([np.average(mean, weights=size) for size, mean in zip(sizes, means, strict=True)])
    squares = float((totals * (centres - np.average(centres, weights=totals)) ** 2).sum())
    num_calls = totals.sum()
    k2 = (_nested(sizes) - sum((size**2).sum() for size in sizes) / num_calls) / degrees
    k3 = (num_calls - (totals**2).sum() / num_calls) / degrees
    return float((squares / degrees - call - k2 * process) / k3)


def _nested(sizes: Sequence[NDArray[np.float64]]) -> float:
    return float(sum((size**2).sum() / size.sum() for size in sizes))


def _over(squares: float, degrees: int) -> float | None:
    return squares / degrees if degrees > 0 else None
