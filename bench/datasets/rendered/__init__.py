"""The built-in data set: rendered scenes of eight shapes among clutter, in COCO format, without any download.

Needs numpy and Pillow only. Training on the scenes is left to `bench.models.builtin`.
"""

from bench.datasets.rendered.files import ANNOTATIONS_FILE, MANIFEST_FILE, write_split
from bench.datasets.rendered.scene import CLASS_NAMES, RENDERER_VERSION, SPLITS, Scene, render_scene

__all__ = [
    "ANNOTATIONS_FILE",
    "CLASS_NAMES",
    "MANIFEST_FILE",
    "RENDERER_VERSION",
    "SPLITS",
    "Scene",
    "render_scene",
    "write_split",
]
