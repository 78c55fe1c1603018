"""Subject: one model file and the sample of images that its description is diagnosed on."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from bench.core.data import EvaluationData
from bench.detectors.families.base import Recognition
from bench.diagnosing.reading import Reader

# The sample grows to at most this many times the first one.
GROWTH = 8


@dataclass(frozen=True)
class Subject:
    """What is diagnosed.

    Attributes:
        suffix: of the model file.
        num_images: first sample; it doubles while the answer is open.
        recognised: families that the file looks like.
    """

    reader: Reader
    data: EvaluationData
    suffix: str
    num_images: int
    recognised: tuple[Recognition, ...] = ()

    @property
    def most_images(self) -> int:
        """How far the sample may grow."""
        return min(len(self.reader.images), GROWTH * self.num_images)

    @property
    def num_looks(self) -> int:
        """How many sizes the sample may take."""
        return 1 + ceil(log2(max(self.most_images / self.num_images, 1)))
