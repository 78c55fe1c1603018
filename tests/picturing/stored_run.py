"""A small stored run on photos made here: two cases, FP32 and a variant, whose boxes a test chooses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from bench.core.metric import make_metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.datasets.coco import evaluation_data
from bench.datasets.hashes import HashCache
from bench.metrics.detections import Detections
from bench.metrics.ground_truth import read_ground_truth
from bench.metrics.matches import save_matches
from bench.metrics.matching import match

# Image id, category id, score, box (xywh).
Row = tuple[int, int, float, tuple[float, float, float, float]]

SIZE = (400, 300)
CATS = [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog <b>"}]
OBJECTS = [
    (1, 1, (20, 20, 80, 80)),
    (1, 7, (200, 100, 100, 100)),
    (2, 1, (50, 50, 60, 60)),
    (3, 7, (10, 10, 50, 50)),
]

BASE: list[Row] = [
    (1, 1, 0.9, (20, 20, 80, 80)),
    (1, 7, 0.8, (200, 100, 100, 100)),
    (2, 1, 0.7, (50, 50, 60, 60)),
    (3, 7, 0.6, (10, 10, 50, 50)),
]

SUITE = """
name: photos
model: {file: gone.tflite}
data:
  coco: {images: photos, annotations: instances.json}
"""


class StoredRun:
    """A run folder below `root`, and the data set beside it."""

    def __init__(self, root: Path, num_photos: int = 4) -> None:
        self.root = root
        self.photos = root / "suites" / "photos"
        self.photos.mkdir(parents=True)
        random = np.random.default_rng(0)
        for number in range(1, num_photos + 1):
            pixels = random.integers(0, 255, (SIZE[1] // 20, SIZE[0] // 20, 3), np.uint8)
            Image.fromarray(pixels).resize(SIZE).save(self.photos / f"{number:03d}.jpg")
        self.annotations = root / "suites" / "instances.json"
        self.annotations.write_text(json.dumps(_document(num_photos)))
        self.run = root / "results" / "photos" / "20261121-000000-aaaaaa"
        self.run.mkdir(parents=True)
        (self.run / "suite.yaml").write_text(SUITE)
        self.info = {"suite_path": "suites/photos.yaml"}
        self.limit(0)

    def add_category(self, number: int) -> None:
        """Give the data set one more category."""
        document = json.loads(self.annotations.read_text())
        document["categories"].append({"id": number, "name": f"thing {number}"})
        self.annotations.write_text(json.dumps(document))
        self.limit(0)

    def limit(self, count: int) -> None:
        """Evaluate on so many photos; 0 for all."""
        data = evaluation_data(self.photos, self.annotations, count, 0, HashCache(self.root / "cache"))
        self.data_sha256, self.ids = data.sha256, [image.id for image in data.images]
        self._truth = read_ground_truth(self.annotations, self.ids)

    def case(self, precision: str, rows: list[Row], difference: float = -0.01, **changes: object) -> Record:
        """Store what a case found, and return its record."""
        name = str(changes.pop("case", f"m/{precision}/litert/t1@local"))
        folder = self.run / "cases" / name.replace("/", "--")
        folder.mkdir(parents=True)
        detections = detections_of(rows, self.ids)
        detections.save(folder / "detections.npz")
        save_matches(match(detections, self._truth), folder / "matches.npz")
        fields: dict[str, object] = dict(
            schema=RECORD_SCHEMA, suite="photos", run=self.run.name, case=name, status="ok", model="m",
            group="m", precision=precision, recipe=None, runtime="litert", threads=1, host="local",
            sibling="" if precision == "fp32" else "m/fp32/litert/t1@local",
            detections=str((folder / "detections.npz").relative_to(self.run)),
            matches=str((folder / "matches.npz").relative_to(self.run)),
            hashes={"data": self.data_sha256},
            metrics=(make_metric("map_50_95_difference", difference),),
        )  # fmt: skip
        return Record(**{**fields, **changes})  # type: ignore[arg-type]


def detections_of(rows: list[Row], images: list[int]) -> Detections:
    """Return detections of these photos."""
    return Detections(
        image_id=np.array([row[0] for row in rows], np.int64),
        category_id=np.array([row[1] for row in rows], np.int32),
        score=np.array([row[2] for row in rows], np.float32),
        box=np.array([row[3] for row in rows], np.float32).reshape(-1, 4),
        image_ids=np.array(images, np.int64),
    )


def _document(num_photos: int) -> dict[str, object]:
    images = [
        {"id": number, "file_name": f"{number:03d}.jpg", "width": SIZE[0], "height": SIZE[1]}
        for number in range(1, num_photos + 1)
    ]
    objects = [
        {"id": number, "image_id": image, "category_id": category, "bbox": list(box), "area": box[2] * box[3],
         "iscrowd": 0}
        for number, (image, category, box) in enumerate(OBJECTS, start=1)
    ]  # fmt: skip
    return {"images": images, "annotations": objects, "categories": CATS}
