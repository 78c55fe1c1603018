"""Finds which output tensor plays which role: by the name the description gives, else by name or shape.

Never by position: converters reorder outputs, and the order differs between precisions of one model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bench.detectors.naming import nearest
from bench.errors import ModelError
from bench.wire.description import Decode, Quantization
from bench.wire.tensor import TensorSpec

Rule = Callable[[TensorSpec], bool]


def bind(
    decode: Decode, outputs: Sequence[TensorSpec], rules: Mapping[str, Sequence[Rule]]
) -> dict[str, int]:
    """Return the position of the output that plays each role.

    Args:
        rules: For each role the rules to try, the surest first. A rule settles a role when exactly one of the
            outputs that no other role has been given satisfies it.

    Raises:
        ModelError: A role stays open, or the description names a role or tensor that does not exist.
    """
    bound = _bind_named(decode, outputs, rules)
    is_settled = False
    while not is_settled:
        is_settled = True
        for role, tests in rules.items():
            free = [i for i in range(len(outputs)) if i not in bound.values()]
            matches = [found for test in tests if len(found := [i for i in free if test(outputs[i])]) == 1]
            if role not in bound and matches:
                bound[role] = matches[0][0]
                is_settled = False
    for role in rules:
        if role not in bound:
            raise ModelError(
                f"cannot tell which output is {role!r} of family {decode.family!r}; the model has "
                f"{describe(outputs)}; name it in detector.outputs, as in {{{role}: {outputs[0].name!r}}}"
                if outputs
                else f"the model has no outputs, expected {role!r} of family {decode.family!r}"
            )
    return bound


def _bind_named(
    decode: Decode, outputs: Sequence[TensorSpec], roles: Mapping[str, Sequence[Rule]]
) -> dict[str, int]:
    positions = {spec.name: position for position, spec in enumerate(outputs)}
    for role, name in decode.outputs.items():
        if role not in roles:
            raise ModelError(
                f"detector.outputs: family {decode.family!r} has no output {role!r}{nearest(role, roles)}"
            )
        if name not in positions:
            raise ModelError(
                f"detector.outputs.{role}: the model has no output {name!r}{nearest(name, positions)}"
            )
    return {role: positions[name] for role, name in decode.outputs.items()}


def with_quantization(decode: Decode, outputs: Sequence[TensorSpec]) -> list[TensorSpec]:
    """Return the outputs with the description's own quantization put over that of the file.

    Raises:
        ModelError: It names a tensor that is no output, or one that holds no integers.
    """
    named = {spec.name: spec for spec in outputs}
    for name in decode.quantization:
        if name not in named:
            raise ModelError(f"detector.outputs: the model has no output {name!r}{nearest(name, named)}")
        if not named[name].dtype.startswith(("int", "uint")):
            raise ModelError(
                f"detector.outputs: output {name!r} holds {named[name].dtype}, expected integers; "
                "remove its scale and zero point"
            )
    return [_overridden(spec, decode.quantization.get(spec.name)) for spec in outputs]


def _overridden(spec: TensorSpec, own: Quantization | None) -> TensorSpec:
    return replace(spec, scale=own.scale, zero_point=own.zero_point) if own else spec


def has_shape(*sizes: int) -> Rule:
    """Return a rule: the last axes have these sizes (-1 fits any) and all axes before them have size 1."""

    def fits(spec: TensorSpec) -> bool:
        before, last = spec.shape[: -len(sizes)], spec.shape[-len(sizes) :]
        return (
            len(last) == len(sizes)
            and all(size in (-1, 1) for size in before)
            and all(-1 in pair or pair[0] == pair[1] for pair in zip(last, sizes, strict=True))
        )

    return fits


def describe(outputs: Sequence[TensorSpec]) -> str:
    """Return names and shapes for an error message."""
    return ", ".join(f"{spec.name!r} {list(spec.shape)} {spec.dtype}" for spec in outputs)
