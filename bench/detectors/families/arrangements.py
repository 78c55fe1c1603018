"""Which outputs of a model hold its dense heads.

A head may come as one output, as one output a level, or as a range of channels of either. Levels are told
apart by their grid, quantities by their channels; names decide only between outputs of one shape, since
exporters are known to mix them up.
"""

from collections.abc import Mapping, Sequence

from bench.detectors.binding import Rule, bind, describe
from bench.detectors.families.heads import Head, Part
from bench.detectors.families.levels import Level
from bench.detectors.families.tables import CELLS_FIRST, Table, level_tables, whole_tables
from bench.detectors.naming import nearest
from bench.errors import ModelError
from bench.wire.description import Decode
from bench.wire.tensor import TensorSpec

# The role of an output that holds all quantities side by side.
JOINT = "predictions"


class _Arrangement:
    """One way in which the outputs may hold the parts: joint or not, whole or one output a level."""

    def __init__(
        self, parts: Sequence[Part], levels: Sequence[Level], row_order: str, is_joint: bool, is_whole: bool
    ) -> None:
        self._levels, self._row_order = levels, row_order
        self.is_joint, self.is_whole = is_joint, is_whole
        joint = Part(JOINT, sum(part.channels for part in parts))
        self._parts = (joint,) if is_joint else tuple(parts)
        # Part and level (-1: all) of each role.
        self.roles = (
            {part.role: (part, -1) for part in self._parts}
            if is_whole
            else {f"{part.role}_{i}": (part, i) for part in self._parts for i in range(len(levels))}
        )

    def tables(self, role: str, spec: TensorSpec, position: int) -> tuple[Table, ...] | None:
        """Read an output in a role; None where its shape forbids it."""
        part, i = self.roles[role]
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
            role: (self._fits(role), self._fits(role, part.words)) for role, (part, _) in self.roles.items()
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
        ModelError: No arrangement fits the shapes, or several outputs fit one role, or the size of the input
            is not known.
    """
    if not sum(level.num_rows for level in levels):
        raise ModelError(
            f"family {decode.family!r} reads boxes by the cells of the input, whose size is not known; "
            "say detector.input.size"
        )
    arrangement = _arrangement_of(decode, outputs, parts, levels, row_order)
    bound = bind(decode, outputs, arrangement.rules())
    tables: dict[str, list[Table]] = {}
    for role, (part, _) in arrangement.roles.items():
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
    arrangements = [
        _Arrangement(parts, levels, row_order, is_joint, is_whole)
        for is_joint in (False, True)
        for is_whole in (True, False)
    ]
    _check_roles(decode, arrangements)
    for arrangement in arrangements:
        rules = arrangement.rules()
        if all(role in rules for role in decode.outputs) and all(
            any(fits(spec) for spec in outputs) for fits, _ in rules.values()
        ):
            return arrangement
    raise ModelError(_unfit(decode, outputs, parts, levels))


def _check_roles(decode: Decode, arrangements: Sequence[_Arrangement]) -> None:
    """Refuse roles that occur in no arrangement."""
    known = {role for arrangement in arrangements for role in arrangement.roles}
    for role in decode.outputs:
        if role not in known:
            raise ModelError(
                f"detector.outputs: family {decode.family!r} has no output {role!r}{nearest(role, known)}"
            )


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
