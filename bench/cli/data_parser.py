"""The options of `bench data`: convert annotations, fetch public data sets, check a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.actions import add_action

_SOURCE = """SOURCE by format:
  yolo      data.yaml, a folder of photos, or a folder that holds images/ and labels/
  voc       a folder of .xml files, or one that holds Annotations/ and JPEGImages/
  tfrecord  a file, a folder, or a pattern in quotes such as 'val.record-*'
  coco      a JSON file, which is checked and written again

example:
  bench data convert my-data/data.yaml --format yolo --output instances.json
"""

_CHECK = """Finds photos that are missing, cut short or of another size than annotated, shared between
evaluation and calibration, or turned by EXIF. Measures nothing.

example:
  bench data check suites/quickstart.yaml
"""

_GET = """Files are fetched with resume, checked, and unpacked below --output; what is there already is kept.
The addresses of cocodataset.org and the checksums are as public projects state them; they could not be tried
where this was written.

example:
  bench data get coco-val2017 --output data/coco
"""


def add_actions(command: argparse.ArgumentParser) -> None:
    """Add the actions of `bench data` to its parser."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_convert(add_action(actions, "convert", "write annotations of another format as COCO JSON", _SOURCE))
    _add_check(add_action(actions, "check", "look at every photo and annotation of a suite", _CHECK))
    _add_get(add_action(actions, "get", "fetch a public data set", _GET))


def _add_convert(action: argparse.ArgumentParser) -> None:
    action.add_argument("source", metavar="SOURCE", help="the data set; see below")
    action.add_argument("--format", choices=["yolo", "voc", "tfrecord", "coco"], required=True)
    action.add_argument("--output", type=Path, required=True, metavar="FILE", help="COCO JSON to write")
    action.add_argument(
        "--images", type=Path, metavar="DIR", help="photos (voc), or where to write them (tfrecord)"
    )
    action.add_argument(
        "--labels", type=Path, metavar="DIR", help="yolo: label files, where they lie elsewhere"
    )
    action.add_argument("--names", type=Path, metavar="FILE", help="class names, or a label map (tfrecord)")
    action.add_argument("--split", metavar="NAME", help="yolo: split of data.yaml (val)")
    action.add_argument("--list", type=Path, metavar="FILE", help="voc: names to take, as in ImageSets/Main")
    action.add_argument(
        "--coordinates",
        choices=["voc", "corners"],
        help="voc: pixel indexes from 1 (voc, default), or edges from 0 as in LabelImg and CVAT (corners)",
    )
    action.add_argument(
        "--difficult",
        choices=["ignore", "count"],
        help="voc: difficult objects are ignored (default), or count",
    )
    action.add_argument("--force", action="store_true", help="overwrite what is there")


def _add_get(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "name",
        metavar="NAME",
        help="coco-val2017 (1.07 GB), or coco-train2017-calibration (0.25 GB and single photos)",
    )
    action.add_argument(
        "--output",
        type=Path,
        default=Path("data/coco"),
        metavar="DIR",
        help="folder to fill (data/coco)",
    )
    action.add_argument(
        "--mirror",
        metavar="URL",
        help="server to use instead, with the same paths below: URL/zips/val2017.zip",
    )
    action.add_argument(
        "--url",
        action="append",
        default=[],
        metavar="FILE=URL",
        help="address of one file, as in val2017.zip=https://...; may be repeated",
    )
    action.add_argument(
        "--count", type=int, default=200, metavar="N", help="photos for calibration, drawn by the seed (200)"
    )
    action.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another seed draws other photos (0)"
    )
    action.add_argument("--quiet", action="store_true", help="no progress lines")


def _add_check(action: argparse.ArgumentParser) -> None:
    action.add_argument("suite", type=Path, metavar="SUITE", help="suite file (YAML)")
    action.add_argument(
        "--headers",
        action="store_true",
        help="read headers alone: quick, but misses photos that are cut short",
    )
    action.add_argument("--quiet", action="store_true", help="no progress lines")
