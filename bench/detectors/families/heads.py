"""Dense heads: what a model predicts for every row, read as far as it is needed.

Which outputs hold a head is found by `arrangements`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Picks, order, pick
from bench.detectors.families.tables import Table
from bench.detectors.values import Values
from bench.wire.description import Suppression
from bench.wire.tensor import TensorSpec


@dataclass(frozen=True)
class Part:
    """A quantity that a head predicts for each row.

    Attributes:
        role: under which `decode.outputs` may name its tensor; `role_0`, `role_1` ... with one a level.
        words: what names of such outputs contain, to decide between outputs of one shape.
        activation: `none`, `sigmoid`, or `softmax` over the channels.
    """

    role: str
    channels: int
    words: tuple[str, ...] = ()
    activation: str = "none"


class Head:
    """Reads one quantity of all rows."""

    def __init__(self, tables: Sequence[Table], specs: Sequence[TensorSpec], part: Part, first: int) -> None:
        """Take the channels from `first` on of these tables."""
        self._tables = tables
        self._columns = slice(first, first + part.channels)
        self._is_softmax = part.activation == "softmax"
        activation = "sigmoid" if part.activation == "sigmoid" else "none"
        self._values = {
            table.position: Values(specs[table.position], activation)  # type: ignore[arg-type, unused-ignore]
            for table in tables
        }
        self.channels = part.channels

    @property
    def highest(self) -> float | None:
        """The highest real value that the head can hold; None where its type sets no useful limit."""
        limits = [values.highest for values in self._values.values()]
        return None if None in limits else max(limit for limit in limits if limit is not None)

    def pick(
        self, outputs: Sequence[NDArray[Any]], suppression: Suppression, counted: slice = slice(None)
    ) -> Picks:
        """Pick the scores that reach the threshold, best first.

        Args:
            counted: The channels that are classes, as a slice of all; the first of them is class 0.
        """
        found = [self._pick_of(table, outputs, suppression, counted) for table in self._tables]
        if len(found) == 1:
            return found[0]
        rows, classes, scores = (
            np.concatenate([getattr(picks, name) for picks in found])
            for name in ("rows", "classes", "scores")
        )
        return order(rows, classes, scores, suppression)

    def _pick_of(
        self, table: Table, outputs: Sequence[NDArray[Any]], suppression: Suppression, counted: slice
    ) -> Picks:
        raw, values = table.view(outputs)[:, self._columns], self._values[table.position]
        if self._is_softmax:
            raw, values = softmax(values.read(raw)), _PLAIN
        raw = raw[:, counted]
        is_channels_first = raw.strides[0] < raw.strides[1]
        picks = (
            pick(raw.T, values, suppression, class_axis=0)
            if is_channels_first
            else pick(raw, values, suppression)
        )
        return Picks(table.start + table.step * picks.rows, picks.classes, picks.scores)

    def rows_of_at_least(self, outputs: Sequence[NDArray[Any]], threshold: float) -> NDArray[np.intp]:
        """Return the rows whose first channel is at least `threshold`; some may be a little less."""
        found = []
        for table in self._tables:
            raw = table.view(outputs)[:, self._columns.start]
            rows = np.flatnonzero(raw >= self._values[table.position].floor(threshold))
            found.append(table.start + table.step * rows)
        return np.concatenate(found)

    def read(self, outputs: Sequence[NDArray[Any]], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the real values of some rows, (rows, channels) float32."""
        result = np.empty((len(rows), self.channels), np.float32)
        for table in self._tables:
            local, rest = np.divmod(rows - table.start, table.step)
            mine = np.flatnonzero((rest == 0) & (local >= 0) & (local < table.num_rows))
            raw = table.view(outputs)[local[mine], self._columns]
            result[mine] = self._values[table.position].read(raw)
        return softmax(result) if self._is_softmax else result


_PLAIN = Values(TensorSpec("", (), "float32"))


def softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax over the last axis, float32."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True, initial=-np.inf))
    shares: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
