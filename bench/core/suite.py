"""Suite and Plan: what a user declared, and the cases that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.core.host import HostSettings
from bench.core.measure import MeasureOptions
from bench.core.model import ModelSource
from bench.core.recipe import Recipe
from bench.wire.job import RuntimeSettings

DataFormat = Literal["coco", "yolo", "voc", "tfrecord"]


@dataclass(frozen=True)
class RenderedData:
    """The built-in rendered data set: how many images of each split, from which seed."""

    evaluation: int = 400
    calibration: int = 200
    training: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class CocoData:
    """Images of the user's own, in COCO format or in one that is read into it. Paths are absolute.

    Attributes:
        images: folder of the photos; empty where `annotations` names or holds them.
        annotations: by format: the JSON file; a folder of YOLO labels (empty: where YOLO's rule says) or a
            `data.yaml`; a folder of Pascal VOC's XML files; a pattern of TFRecord files.
        limit: number of evaluation images, drawn with `seed`; 0 for all.
        calibration_images: folder of images to calibrate and distil on; empty for none.
        calibration_limit: likewise for it.
        names: file that names the classes, or a label map; empty where the format needs none.
        options: what else a format is told (see `bench.datasets.yolo`, `voc` and `tfrecord`); in every format
            `truncated` may be `fill` (see `ImageRef.fill`).
    """

    images: str
    annotations: str
    limit: int = 0
    seed: int = 0
    calibration_images: str = ""
    calibration_limit: int = 0
    format: DataFormat = "coco"
    names: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One row of the plan: one model at one precision, under one runtime, on one host.

    Attributes:
        id: unique in the plan and stable between runs: `model/recipe/runtime/t1@host`. Also a folder name
            once `/` is replaced.
        recipe: None for a given file.
        sibling: id of the fp32 case that this one is compared with; empty if there is none, or for itself.
        unavailable: why the case cannot be made, known before any work; empty if it can be tried.
    """

    id: str
    model: str
    group: str
    precision: str
    recipe: Recipe | None
    runtime: RuntimeSettings
    host: str
    sibling: str = ""
    unavailable: str = ""


@dataclass(frozen=True)
class Suite:
    """A suite file, read, checked and completed with defaults.

    Attributes:
        path: of the file; `text` is its content as it was read.
        gate: declared rules, kept as they are for the gate.
        cases: all combinations of the matrix, in the file's order.
        hosts_settings: of `hosts`, in their order; empty where the suite was read without a hosts file.
    """

    name: str
    path: str
    text: str
    models: tuple[ModelSource, ...]
    data: RenderedData | CocoData
    hosts: tuple[str, ...]
    measure: MeasureOptions
    cases: tuple[Case, ...]
    gate: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    hosts_settings: tuple[HostSettings, ...] = ()

    def model(self, name: str) -> ModelSource:
        """Return the model of that name."""
        return next(model for model in self.models if model.name == name)


@dataclass(frozen=True)
class Overrides:
    """What the command line changed of a suite; recorded with the run. None means unchanged."""

    only: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    limit: int | None = None
    rounds: int | None = None
    profile: str | None = None

    @property
    def decision_grade(self) -> bool:
        """Whether figures measured under these overrides may be decided on."""
        return self.limit is None and self.rounds is None and self.profile is None
