"""The `data:` part of a suite: which photos with which annotations, and what to calibrate on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from bench.core.suite import CocoData, DataFormat, RenderedData
from bench.suite.containers import ByKind, Key, Table
from bench.suite.files import ExistingFiles, ExistingPath
from bench.suite.forms import Choice, Integer, Text

# Formats that stand beside `coco`, in the order of the documentation.
_FORMATS: tuple[DataFormat, ...] = get_args(DataFormat)

_RENDERED = Table(
    "the rendered data set",
    {
        "evaluation": Key(Integer(1), "Images that accuracy is measured on; 400 unless given."),
        "calibration": Key(Integer(1), "Images that calibration may use; 200 unless given."),
        "training": Key(Integer(1), "Images that QAT may learn from; 2000 unless given."),
        "seed": Key(Integer(0), "Another seed gives other pictures."),
    },
)
_DRAW = {
    "limit": Key(Integer(0), "Evaluate on that many images, drawn by the seed; 0 for all."),
    "seed": Key(Integer(0), "Another seed draws other images."),
    "truncated": Key(
        Choice(("refuse", "fill")),
        "`fill` takes JPEG photos that are cut short, the rest in grey; refused unless given.",
    ),
}
_COCO = Table(
    "a COCO data set",
    {
        "images": Key(
            ExistingPath("folder"), "Folder that the annotations' file names are relative to.", True
        ),
        "annotations": Key(
            ExistingPath("file", (".json",)), "COCO JSON with images, annotations and categories.", True
        ),
        **_DRAW,
    },
)
_YOLO = Table(
    "a YOLO data set",
    {
        "data": Key(ExistingPath("file", (".yaml", ".yml")), "`data.yaml` with path, splits and names."),
        "split": Key(Text(), "Split of `data.yaml` to evaluate on; val unless given."),
        "images": Key(ExistingPath("folder"), "Folder of photos, without a `data.yaml`."),
        "labels": Key(
            ExistingPath("folder"),
            "Folder of label files; unless given, the photos' own with labels for images, or beside them.",
        ),
        "names": Key(
            ExistingPath("file"),
            "Class names: data.yaml, or a text with one a line; looked for near the photos unless given.",
        ),
        **_DRAW,
    },
    exactly_one=(
        ("data",),
        ("data", "split"),
        ("images",),
        ("images", "labels"),
        ("images", "names"),
        ("images", "labels", "names"),
    ),
)
_VOC = Table(
    "a Pascal VOC data set",
    {
        "images": Key(ExistingPath("folder"), "Folder of photos.", True),
        "annotations": Key(ExistingPath("folder"), "Folder of XML files.", True),
        "list": Key(
            ExistingPath("file"), "Names to evaluate on, one a line, as in ImageSets/Main; all unless given."
        ),
        "names": Key(ExistingPath("file"), "Class names, one a line; in alphabetical order unless given."),
        "coordinates": Key(
            Choice(("voc", "corners")),
            "`voc`: indexes of the first and last pixel, from 1; `corners`: edges from 0 (LabelImg, CVAT).",
        ),
        "difficult": Key(
            Choice(("ignore", "count")),
            "Whether objects marked difficult are ignored, as VOC does, or count.",
        ),
        **_DRAW,
    },
)
_TFRECORD = Table(
    "a data set in TFRecords",
    {
        "records": Key(
            ExistingFiles(),
            "A file, a folder or a pattern (val.record-*) of the TF Object Detection API.",
            True,
        ),
        "label_map": Key(
            ExistingPath("file", (".pbtxt",)), "Names of class ids; those in the records unless given."
        ),
        **_DRAW,
    },
)
_CALIBRATION_IMAGES = Table(
    "calibration images",
    {
        "images": Key(
            ExistingPath("folder"), "Photos to calibrate on and to distil QAT from; none of the above.", True
        ),
        "limit": Key(Integer(0), "Use no more than that many, drawn by the same seed; 0 for all."),
    },
)
_DATA = Table(
    "the data set",
    {
        "rendered": Key(_RENDERED, "Scenes rendered on this machine; no download."),
        "coco": Key(_COCO, "Photos of yours with COCO annotations."),
        "yolo": Key(_YOLO, "Photos of yours with YOLO label files."),
        "voc": Key(_VOC, "Photos of yours with Pascal VOC annotations, as LabelImg writes them."),
        "tfrecord": Key(_TFRECORD, "Photos in TFRecords of the TF Object Detection API."),
        "calibration": Key(_CALIBRATION_IMAGES, "Photos without annotations, beside those with."),
    },
    exactly_one=(
        ("rendered",),
        *((name,) for name in _FORMATS),
        *((name, "calibration") for name in _FORMATS),
    ),
)
DATA = ByKind({"text": Choice(("rendered",)), "mapping": _DATA})


def build_data(values: Any) -> RenderedData | CocoData:
    """Return what the values of a `data:` section declare; rendered data where it says nothing."""
    values = values if isinstance(values, dict) else {}
    name = next((name for name in _FORMATS if name in values), None)
    if name is None:
        return RenderedData(**values.get("rendered", {}))
    given, calibration = values[name], values.get("calibration", {})
    data = CocoData(
        images=given.get("images", ""),
        annotations=given.get(_ANNOTATIONS[name], ""),
        limit=given.get("limit", 0),
        seed=given.get("seed", 0),
        calibration_images=calibration.get("images", ""),
        calibration_limit=calibration.get("limit", 0),
        names=given.get("names", given.get("label_map", "")),
        options={key: given[key] for key in _OPTIONS if key in given},
    )
    if name == "yolo":
        data = replace(data, annotations=given.get("data", data.annotations))
    return replace(data, format=name)


# The key of each format that says where its annotations are.
_ANNOTATIONS = {"coco": "annotations", "yolo": "labels", "voc": "annotations", "tfrecord": "records"}
_OPTIONS = ("split", "list", "coordinates", "difficult", "truncated")
