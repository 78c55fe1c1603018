"""Data sets: evaluation images with annotations, and images to calibrate and train on."""

from __future__ import annotations

from dataclasses import dataclass

from bench.wire.job import ImageRef


@dataclass(frozen=True)
class EvaluationData:
    """Annotated images that accuracy is measured on.

    Attributes:
        annotations: path of the COCO JSON file on the controller.
        annotations_sha256: of that file's bytes.
        images: the chosen images in id order, each with its content hash.
        categories: original category id -> name.
        sha256: of the ids and content hashes of the chosen images and of the annotation file.
        warnings: what is odd in the annotations but can be measured on, a sentence each.
        source: what the user named, where `annotations` was converted from it; empty otherwise.
    """

    annotations: str
    annotations_sha256: str
    images: tuple[ImageRef, ...]
    categories: dict[int, str]
    sha256: str
    warnings: tuple[str, ...] = ()
    source: str = ""

    @property
    def shown(self) -> str:
        """What to call the annotations when speaking to people."""
        return self.source or self.annotations


@dataclass(frozen=True)
class ImageSet:
    """Images without the need of annotations: for calibration, or to learn from.

    Attributes:
        images: in an order of which every beginning is a fair sample of the whole.
        annotations: COCO JSON of the same images for training with labels; empty where there is none.
        sha256: of the content hashes, in order.
    """

    images: tuple[ImageRef, ...]
    sha256: str
    annotations: str = ""
