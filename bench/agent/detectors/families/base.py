"""What a decode family is, and the table of those there are."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from bench.agent.detectors.candidates import Candidates
from bench.agent.detectors.naming import nearest
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec


class Family(Protocol):
    """Reads the outputs of one model. Binds them when it is built, and raises ModelError if it cannot."""

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode one photo's raw outputs, in the order of the output specs, to candidates, best first."""
        ...


FamilyClass = Callable[[ModelDescription, Sequence[TensorSpec]], Family]

# name -> "module:class"; a module is imported when its family is asked for.
FAMILIES = {
    "ltrb": "bench.agent.detectors.families.ltrb:Ltrb",
    "tfod": "bench.agent.detectors.families.tfod:Tfod",
    "yolov5": "bench.agent.detectors.families.yolov5:Yolov5",
    "yolov8": "bench.agent.detectors.families.yolov8:Yolov8",
}


def load_family(name: str) -> FamilyClass:
    """Return the class of a family.

    Raises:
        ModelError: There is no such family; the message offers the nearest name.
    """
    if name not in FAMILIES:
        raise ModelError(f"decode.family: there is no family {name!r}{nearest(name, FAMILIES)}")
    module, _, attribute = FAMILIES[name].partition(":")
    return cast(FamilyClass, getattr(import_module(module), attribute))
