"""What a decode family is, and the table of those there are.

A family is one file: how its outputs are bound and decoded, which options it has, and how models of it are
customarily fed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.naming import nearest
from bench.detectors.options import Option
from bench.detectors.plug_ins import GROUP, load_plug_in, plug_in_names
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec


@dataclass(frozen=True)
class Preset:
    """How models of a family are customarily fed and read.

    Attributes:
        options: What differs from the options' own defaults.
        num_classes: Of a model trained on COCO: 80, or 90 where classes are the original category ids.
    """

    preprocess: Preprocess
    suppression: Suppression = field(default_factory=Suppression)
    options: dict[str, Any] = field(default_factory=dict)
    num_classes: int = 80


@dataclass(frozen=True)
class Recognition:
    """What a model file looks like to a family.

    Attributes:
        confidence: 0 to 1. From 0.8 on the shapes leave hardly another reading.
        reason: What speaks for the family, in a sentence for the user.
        description: Complete; what shapes cannot tell is as the family's models have it customarily.
        unknown: What was taken from customs and may be otherwise, each in a few words.
    """

    confidence: float
    reason: str
    description: ModelDescription
    unknown: tuple[str, ...] = ()


class Family(Protocol):
    """Reads the outputs of one model. Binds them when it is built, and raises ModelError if it cannot."""

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode one photo's raw outputs, in the order of the output specs, to candidates, best first."""
        ...


class FamilyClass(Protocol):
    """The class of a family.

    Attributes:
        OPTIONS: What can be told under `detector.options`.
    """

    OPTIONS: tuple[Option, ...]

    def __call__(self, description: ModelDescription, outputs: Sequence[TensorSpec], /) -> Family: ...

    def preset(self, width: int, height: int, suffix: str, /) -> Preset:
        """Return the customs; a static method.

        Args:
            width, height: Of the input, pixels.
            suffix: `.tflite` or `.onnx`, where exports to them differ; empty for other sources.
        """
        ...

    def recognise(
        self,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        ops: Mapping[str, int],
        suffix: str,
        /,
    ) -> Recognition | None:
        """Return how a model file fits the family, None if it does not; a static method.

        Args:
            ops: Operators of the graph and how often each occurs; may be empty.
            suffix: As for `preset`.
        """
        ...


# name -> "module:class"; a module is imported when its family is asked for. Packages bring further ones.
FAMILIES = {
    "efficientdet": "bench.detectors.families.efficientdet:Efficientdet",
    "end_to_end": "bench.detectors.families.end_to_end:EndToEnd",
    "fastestdet": "bench.detectors.families.fastestdet:Fastestdet",
    "gfl": "bench.detectors.families.gfl:Gfl",
    "ltrb": "bench.detectors.families.ltrb:Ltrb",
    "ssd": "bench.detectors.families.ssd:Ssd",
    "tfod": "bench.detectors.families.tfod:Tfod",
    "yolofastestv2": "bench.detectors.families.yolofastestv2:Yolofastestv2",
    "yolov5": "bench.detectors.families.yolov5:Yolov5",
    "yolov8": "bench.detectors.families.yolov8:Yolov8",
    "yolox": "bench.detectors.families.yolox:Yolox",
}


def load_family(name: str) -> FamilyClass:
    """Return the class of a family.

    Raises:
        ModelError: There is no such family; the message offers the nearest name.
    """
    if name in FAMILIES:
        module, _, attribute = FAMILIES[name].partition(":")
        return cast(FamilyClass, getattr(import_module(module), attribute))
    family = load_plug_in(name)
    if family is None:
        known = [*FAMILIES, *plug_in_names()]
        raise ModelError(
            f"detector.family: there is no family {name!r}{nearest(name, known)}; one that a package brings "
            f"must be installed on this machine too (entry points {GROUP})"
        )
    return cast(FamilyClass, family)
