"""What a decode family can be told: names, defaults and meanings, checked when they are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.detectors.naming import nearest
from bench.errors import ModelError
from bench.wire.description import Decode


@dataclass(frozen=True)
class Option:
    """One thing that a family can be told.

    Attributes:
        default: Its value unless told; every value has its type. A tuple stands for a list.
        meaning: A sentence for the user.
        choices: All values it may have, where they are few.
    """

    name: str
    default: Any
    meaning: str
    choices: tuple[str, ...] = ()


def read_options(decode: Decode, options: Sequence[Option]) -> dict[str, Any]:
    """Return the values of a family's options, the description's own put over the defaults.

    Raises:
        ModelError: An option is unknown, its type is not that of the default, or it is no choice.
    """
    known = {option.name: option for option in options}
    for name, value in decode.options.items():
        if name not in known:
            raise ModelError(
                f"detector.options: family {decode.family!r} has no option {name!r}{nearest(name, known)}"
            )
        option = known[name]
        if type(value) is not type(option.default) and not _is_sequence_for(value, option.default):
            raise ModelError(
                f"detector.options.{name}: got {value!r}, expected a value like {option.default!r}"
            )
        if option.choices and value not in option.choices:
            raise ModelError(
                f"detector.options.{name}: got {value!r}, expected one of {', '.join(option.choices)}"
            )
    return {**{option.name: option.default for option in options}, **decode.options}


def _is_sequence_for(value: Any, default: Any) -> bool:
    return isinstance(value, (list, tuple)) and isinstance(default, tuple)
