"""Dense heads: what a model predicts for every row, bound to its outputs and read as far as it is needed.

A head may come as one output, as one output a level, or as a range of channels of either. Levels are told
apart by their grid, quantities by their channels; names decide only between outputs of one shape, since
exporters are known to mix them up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import Rule, bind, describe
from bench.detectors.candidates import Picks, order, pick
from bench.detectors.families.levels import Level
from bench.detectors.families.tables import CELLS_FIRST, Table, level_tables, whole_tables
from bench.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import Decode, Suppression
from bench.wire.tensor import TensorSpec

# The role of an output that holds all quantities side by side.
JOINT = "predictions"


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


class _Arrangement:
    """One way in which the outputs may hold the parts: joint or not, whole or one output a level."""

    def __init__(
        self, parts: Sequence[Part], levels: Sequence[Level], row_order: str, is_joint: bool, is_whole: bool
    ) -> None:
        self._levels, self._row_order = levels, row_order
        self.is_joint, self.is_whole = is_joint, is_whole
        joint = Part(JOINT, sum(part.channels for part in parts))
        self._parts = (joint,) if is_joint else tuple(parts)

    def roles(self) -> dict[str, tuple[Part, int]]:
        """Return part and level (-1: all) of each role."""
        if self.is_whole:
            return {part.role: (part, -1) for part in self._parts}
        count = len(self._levels)
        return {f"{part.role}_{i}": (part, i) for part in self._parts for i in range(count)}

    def tables(self, role: str, spec: TensorSpec, position: int) -> tuple[Table, ...] | None:
        """Read an output in a role; None where its shape forbids it."""
        part, i = self.roles()[role]
        if i < 0:
            tables = whole_tables(
                spec, position, sum(level.num_rows for level in self._levels), part.channels
            )
            if tables or len(self._levels) > 1:
                return tables
        first_row = sum(level.num_rows for level in self._levels[: max(i, 0)])
        return level_tables(
            spec, position, self._levels[max(i, 0)], part.channels, self._row_order, first_row
        )

    def rules(self) -> dict[str, tuple[Rule, Rule]]:
        """Return for each role the rules of its shape, and of its shape and name."""
        return {
            role: (self._fits(role), self._fits(role, part.words)) for role, (part, _) in self.roles().items()
        }

    def _fits(self, role: str, words: tuple[str, ...] | None = None) -> Rule:
        def fits(spec: TensorSpec) -> bool:
            is_named = words is None or any(word in spec.name.lower() for word in words)
            return is_named and self.tables(role, spec, 0) is not None

        return fits


def bind_heads(
    decode: Decode,
    outputs: Sequence[TensorSpec],
    parts: Sequence[Part],
    levels: Sequence[Level],
    row_order: str = CELLS_FIRST,
) -> dict[str, Head]:
    """Find the outputs that hold the parts, and return the head of each part by its role.

    Args:
        parts: In the order in which a joint output has their channels.
        row_order: How rows are counted; see `tables`.

    Raises:
        ModelError: No arrangement fits the shapes, or several outputs fit one role.
    """
    arrangement = _arrangement_of(decode, outputs, parts, levels, row_order)
    bound = bind(decode, outputs, arrangement.rules())
    tables: dict[str, list[Table]] = {}
    for role, (part, _) in arrangement.roles().items():
        position = bound[role]
        tables.setdefault(part.role, []).extend(arrangement.tables(role, outputs[position], position) or ())
    return _heads(tables, outputs, parts, arrangement.is_joint)


def _heads(
    tables: Mapping[str, Sequence[Table]],
    outputs: Sequence[TensorSpec],
    parts: Sequence[Part],
    is_joint: bool,
) -> dict[str, Head]:
    heads, first = {}, 0
    for part in parts:
        heads[part.role] = Head(tables[JOINT if is_joint else part.role], outputs, part, first)
        first += part.channels if is_joint else 0
    return heads


def _arrangement_of(
    decode: Decode,
    outputs: Sequence[TensorSpec],
    parts: Sequence[Part],
    levels: Sequence[Level],
    row_order: str,
) -> _Arrangement:
    """Return the first arrangement in which every role has an output that it fits."""
    for is_joint in (False, True):
        for is_whole in (True, False):
            arrangement = _Arrangement(parts, levels, row_order, is_joint, is_whole)
            rules = arrangement.rules()
            if all(role in rules for role in decode.outputs) and all(
                any(fits(spec) for spec in outputs) for fits, _ in rules.values()
            ):
                return arrangement
    raise ModelError(_unfit(decode, outputs, parts, levels))


def _unfit(
    decode: Decode, outputs: Sequence[TensorSpec], parts: Sequence[Part], levels: Sequence[Level]
) -> str:
    num_rows = sum(level.num_rows for level in levels)
    wanted = ", ".join(f"{part.role!r} [1, {num_rows}, {part.channels}]" for part in parts)
    grids = ", ".join(f"{level.height} x {level.width}" for level in levels)
    joint = sum(part.channels for part in parts)
    return (
        f"family {decode.family!r} expects {wanted}, or all in one with {joint} channels, or one output for "
        f"each grid ({grids}), but the model has {describe(outputs) or 'no outputs'}; check the number of "
        "category ids (labels), the input size and the family's options"
    )
