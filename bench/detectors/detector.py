"""Raw outputs of a model to detections of a photo: decode, suppress, go back to the photo's pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import with_quantization
from bench.detectors.candidates import Candidates
from bench.detectors.families.base import load_family
from bench.detectors.geometry import Geometry
from bench.detectors.model_input import check_input
from bench.detectors.recognition import class_count_hint
from bench.detectors.suppression import suppress
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec


@dataclass(frozen=True)
class Detections:
    """What was found in one photo, best first.

    Attributes:
        boxes: (n, 4) float32 xywh, pixels of the photo.
        scores: (n,) float32.
        category_ids: (n,) int32, of the data set.
        num_outside: Boxes whose centre lay outside of the photo, before clipping. Many of them speak for a
            wrong description (letterbox, normalized boxes, axis order).
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    category_ids: NDArray[np.int32]
    num_outside: int = 0


class Detector:
    """Reads the outputs of one model as its description says."""

    def __init__(
        self, description: ModelDescription, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
    ) -> None:
        """Bind the outputs to their roles.

        Raises:
            ModelError: The description does not fit the model's inputs or outputs.
        """
        if len(inputs) != 1:
            names = ", ".join(repr(spec.name) for spec in inputs) or "none"
            raise ModelError(
                f"the model has {len(inputs)} inputs ({names}), expected one that takes the photo"
            )
        check_input(description.preprocess, inputs[0])
        outputs = with_quantization(description.decode, outputs)
        family = load_family(description.decode.family)
        try:
            self._family = family(description, outputs)
        except ModelError as problem:
            hint = class_count_hint(description, inputs, outputs)
            raise ModelError(f"{hint}{problem}") from problem
        self._preprocess, self._suppression = description.preprocess, description.suppression
        self._is_undone = description.decode.frame == "photo"
        self._category_ids = np.array(description.category_ids, np.int32)

    def postprocess(self, outputs: Sequence[NDArray[Any]], geometry: Geometry) -> Detections:
        """Turn one photo's raw outputs, in the order of the output specs, into detections.

        Overlap is judged in input pixels, which stretching does not change, and before clipping. A box that
        clipping leaves without area is dropped after the cap, and nothing takes its place.

        Raises:
            ModelError: The outputs hold boxes that are not finite.
        """
        candidates = self._family.candidates(outputs)
        if not np.isfinite(candidates.boxes).all():
            raise ModelError(
                "the model gave boxes that are not finite (NaN or infinite); its file is not usable"
            )
        kept = self._keep(candidates)
        way_back = geometry.filling(self._preprocess) if self._is_undone else geometry
        corners = way_back.to_photo(candidates.boxes[kept])
        num_outside = _count_outside(corners, geometry)
        if self._suppression.is_clipped:
            corners = _clip(corners, geometry)
            has_area = (corners[:, 2:] > corners[:, :2]).all(axis=1)
            kept, corners = kept[has_area], corners[has_area]
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        category_ids = self._category_ids[candidates.classes[kept]]
        return Detections(boxes, candidates.scores[kept], category_ids, num_outside)

    def _keep(self, candidates: Candidates) -> NDArray[np.intp]:
        settings = self._suppression
        if settings.in_graph:
            return np.arange(min(len(candidates.scores), settings.max_detections))
        return suppress(
            candidates.boxes,
            candidates.classes,
            settings.iou_threshold,
            settings.max_detections,
            settings.is_class_aware,
        )


def _clip(corners: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Cut (n, 4) boxes xyxy off at the photo's border."""
    return np.clip(corners, 0, np.array([geometry.width, geometry.height] * 2, np.float32))


def _count_outside(corners: NDArray[np.float32], geometry: Geometry) -> int:
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    is_outside = (centres < 0) | (centres > np.array([geometry.width, geometry.height]))
    return int(is_outside.any(axis=1).sum())
