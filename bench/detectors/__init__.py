"""From a photo to the model's input, and from its outputs to boxes: numpy and Pillow only.

Photos are decoded to RGB (`decode_photo`), resized (`resize`), made an input tensor (`to_input`); raw outputs
are decoded by family, suppressed and mapped back to the photo (`Detector`). Running the model is left to
`bench.agent.runtimes`, scoring to the controller.
"""

from bench.detectors.detector import Detections, Detector
from bench.detectors.geometry import Geometry, geometry_of
from bench.detectors.model_input import check_input, to_input
from bench.detectors.photo import decode_photo
from bench.detectors.preprocess import resize

__all__ = [
    "Detections",
    "Detector",
    "Geometry",
    "check_input",
    "decode_photo",
    "geometry_of",
    "resize",
    "to_input",
]
