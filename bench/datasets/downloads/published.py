"""What is published where: the files of COCO 2017, their sizes and checksums.

The addresses are those of cocodataset.org. Sizes and sha256 are those that independent public projects state
for the same files (ParlAI's `coco_caption` build among them), and agree between them. Nothing could be
fetched from these addresses where this was written: the addresses are unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

# Plain http, since the server's certificate is for another name; every archive has a checksum.
BASE_URL = "http://images.cocodataset.org"


@dataclass(frozen=True)
class PublishedFile:
    """An archive that somebody offers.

    Attributes:
        place: below the base address, and below that of a mirror.
        num_bytes, sha256: 0 and empty where nobody states them.
    """

    place: str
    num_bytes: int = 0
    sha256: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.place.rsplit("/", 1)[-1]


VAL_IMAGES = PublishedFile(
    "zips/val2017.zip", 815_585_330, "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05"
)
ANNOTATIONS = PublishedFile(
    "annotations/annotations_trainval2017.zip",
    252_907_541,
    "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
)

# Of single photos no checksum is published; they are recorded when they come first.
TRAIN_IMAGES_PLACE = "train2017"
VAL_FOLDER = "val2017"
VAL_ANNOTATIONS = "annotations/instances_val2017.json"
TRAIN_ANNOTATIONS = "annotations/instances_train2017.json"
CALIBRATION_FOLDER = "train2017-calibration"

NAMES = ("coco-val2017", "coco-train2017-calibration")
