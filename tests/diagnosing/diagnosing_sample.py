"""A sample of photos whose objects are what the fake runtime finds in them when it is fed rightly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.agent.context import JobContext
from bench.agent.jobs import variants
from bench.agent.reporter import Reporter
from bench.core.artifact import Artifact, FileFacts
from bench.core.data import EvaluationData
from bench.diagnosing.reading import Reader
from bench.diagnosing.subject import Subject
from bench.hosts.fake import FakeAnswer, FakeHost
from bench.running.listener import Silent
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import ImageRef, Job, RuntimeSettings

NUM_IMAGES = 40
NUM_CLASSES = 5
SETTINGS = RuntimeSettings("fake", 1, {"width": 64, "height": 64, "num_classes": NUM_CLASSES, "num_boxes": 4})

# Objects of the fake have sizes of their own; the annotations' categories are 11 to 15.
RIGHT = ModelDescription(
    preprocess=Preprocess(64, 64, mean=(127.5,) * 3, std=(127.5,) * 3),
    decode=Decode("ltrb", options={"strides": [8]}),
    suppression=Suppression(),
    category_ids=tuple(range(11, 11 + NUM_CLASSES)),
)


@dataclass(frozen=True)
class Sample:
    """Annotated photos and a file for the fake runtime."""

    folder: Path
    data: EvaluationData
    host: FakeHost

    def subject(self, num_images: int = 20, options: dict[str, Any] | None = None) -> Subject:
        settings = replace(SETTINGS, options={**SETTINGS.options, **(options or {})})
        model = self.folder / "model.bin"
        artifact = Artifact(str(model), "0" * 64, 1, 1, FileFacts("fp32"))
        reader = Reader(self.host, artifact, settings, self.data.images, Silent(), "m")
        return Subject(reader, self.data, ".tflite", num_images)


def make_sample(folder: Path) -> Sample:
    """Make photos of noise, annotated with what the fake runtime finds under the right description."""
    (folder / "model.bin").write_bytes(b"model")
    images, host = _photos(folder), FakeHost(folder, _inline(folder))
    annotations = folder / "annotations.json"
    _write(annotations, images, [])
    data = EvaluationData(str(annotations), "", images, _categories(), "")
    (reading,) = Sample(folder, data, host).subject().reader.read([RIGHT], NUM_IMAGES)
    assert reading.detections is not None
    _write(annotations, images, _objects(reading.detections))
    return Sample(folder, data, host)


def _categories() -> dict[int, str]:
    return {number: f"shape {number}" for number in RIGHT.category_ids}


def _photos(folder: Path) -> tuple[ImageRef, ...]:
    drawn = np.random.default_rng(3)
    refs = []
    for number in range(1, NUM_IMAGES + 1):
        path = folder / f"{number}.png"
        height, width = drawn.integers(60, 120, 2)
        Image.fromarray(drawn.integers(0, 256, (height, width, 3), np.uint8)).save(path)
        refs.append(ImageRef(number, str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return tuple(refs)


def _objects(found: Any) -> list[dict[str, Any]]:
    return [
        {"id": row, "image_id": int(image), "category_id": int(category), "bbox": box.tolist()}
        for row, (image, category, box) in enumerate(
            zip(found.image_id, found.category_id, found.box.astype(float), strict=True), 1
        )
    ]


def _write(path: Path, images: tuple[ImageRef, ...], objects: list[dict[str, Any]]) -> None:
    content = {
        "images": [{"id": image.id, "file_name": Path(image.path).name} for image in images],
        "categories": [{"id": number, "name": name} for number, name in _categories().items()],
        "annotations": objects,
    }
    path.write_text(json.dumps(content))


def _inline(folder: Path) -> Callable[[Job], FakeAnswer]:
    """Answer jobs by running them in this process: the agent's own code without its start-up."""

    def answer(job: Job) -> FakeAnswer:
        own = folder / "jobs" / job.id
        own.mkdir(parents=True)
        with open(own / "wake", "wb", buffering=0) as wake:
            result = variants.run(JobContext(job, own, Reporter(own, wake.fileno())))
        files = {path.name: path.read_bytes() for path in own.glob("*.npz")}
        return FakeAnswer(({"type": "result", **result}, {"type": "finished"}), files)

    return answer
