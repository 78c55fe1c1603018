"""The accuracy that a suite says was published, held against the measured one, where they can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.analysis.interval import known_value
from bench.core.record import Record

# Images of COCO's 2017 validation split, which detectors are published on (cocodataset.org).
COCO_VAL2017 = 5000

# Words of its name, whatever their order, and words beside them that change nothing.
_NAME = frozenset({"coco", "val", "2017"})
_BESIDE = frozenset({"ms", "the", "all", "of", "on", "set", "split", "data", "dataset", "images", "5000"})

# AP by which a right pipeline may differ on the same images. Resizing alone moves small models by .006 to
# .012, suppression settings by a few thousandths; a wrong channel order or value range costs .02 or more.
TOLERANCE = 0.02


@dataclass(frozen=True)
class PublishedFinding:
    """One case beside what was published for its model.

    Attributes:
        published, measured: map_50_95, 0 to 1.
        data, source: the data set of the published figure, and where it stands.
        num_images: that the case was measured on; 0 if unknown.
        num_published_images: of the published data set; 0 if it is not known by that name.
        is_given: the figure is of this very file or precision, not of the float model it was made from.
    """

    case: str
    published: float
    measured: float
    data: str
    source: str
    num_images: int
    num_published_images: int
    is_given: bool

    @property
    def is_same_data(self) -> bool:
        """Whether both figures are of as many images of a data set that is known by name."""
        return bool(self.num_images) and self.num_images == self.num_published_images

    @property
    def gap(self) -> float:
        """The measured figure minus the published one."""
        return self.measured - self.published

    @property
    def is_far_off(self) -> bool:
        """Whether the figures should agree and do not."""
        return self.is_same_data and self.is_given and abs(self.gap) > TOLERANCE


def num_images_of(data: str) -> int:
    """Return the images of a data set by its name as people write it; 0 if it is not known.

    `COCO val2017, 5000 images` and `MS COCO 2017 validation set` are the same; `a subset of` it is another.
    """
    plain = data.lower().replace("5,000", "5000").replace("validation", "val")
    words = set(re.findall(r"[a-z]+|[0-9]+", plain))
    return COCO_VAL2017 if words >= _NAME and words - _NAME <= _BESIDE else 0


def beside_published(record: Record) -> PublishedFinding | None:
    """Compare a case with what was published; None where nothing was published or measured."""
    expected, measured = record.expected, known_value(record, "map_50_95")
    if not expected or expected.get("map_50_95") is None or measured is None:
        return None
    metric = record.metric("map_50_95")
    data = str(expected.get("data", ""))
    return PublishedFinding(
        case=record.case,
        published=float(expected["map_50_95"]),
        measured=measured,
        data=data,
        source=str(expected.get("source", "")),
        num_images=metric.count if metric else 0,
        num_published_images=num_images_of(data),
        is_given=record.recipe is None or record.precision == "fp32",
    )
