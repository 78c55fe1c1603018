"""`bench data`: convert annotations to COCO JSON, fetch public data sets, check a data set."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.cli.transfer_line import TransferLine
from bench.core.suite import CocoData
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.datasets.photo_check import PhotoFindings

_OPTIONS = ("split", "list", "coordinates", "difficult")
_OPTIONS_OF = {
    "yolo": {"labels", "names", "split"},
    "voc": {"images", "names", "list", "coordinates", "difficult"},
    "tfrecord": {"images", "names"},
    "coco": set(),
}


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return {"convert": _convert, "get": _get, "check": _check}[options.action](options)


def _convert(options: argparse.Namespace) -> int:
    from bench.datasets.convert import convert

    is_record = options.format == "tfrecord"
    done = convert(source_of(options), options.output, options.images if is_record else None, options.force)
    total = sum(done.num_objects.values())
    empty = f", {done.num_empty} of them without objects" if done.num_empty else ""
    crowds = f" ({done.num_crowds} of them crowds, which are ignored)" if done.num_crowds else ""
    print(f"{done.num_photos} photos{empty}; {total} objects{crowds} of {len(done.num_objects)} categories")
    for name, count in done.num_objects.items():
        print(f"  {name}: {count}")
    if done.images:
        print(f"photos: {done.images}")
    print(f"annotations: {done.output}")
    for note in done.notes:
        print(f"note: {note}")
    return EXIT_GOOD


def _get(options: argparse.Namespace) -> int:
    from bench.datasets.downloads.get import Order, get_data_set
    from bench.datasets.downloads.published import BASE_URL

    if options.count < 1:
        raise UsageError(f"--count: got {options.count}, expected an integer of 1 or more")
    order = Order(
        options.name,
        options.output,
        options.mirror or BASE_URL,
        _urls(options.url),
        options.count,
        options.seed,
    )
    progress = TransferLine(is_quiet=options.quiet)
    try:
        found = get_data_set(order, progress.tell)
    finally:
        progress.close()
    print(f"{found.num_images} photos: {found.images}")
    if found.annotations:
        print(f"annotations: {found.annotations}")
        print(f"in a suite: data: {{coco: {{images: {found.images}, annotations: {found.annotations}}}}}")
    else:
        print(f"in a suite: data: {{..., calibration: {{images: {found.images}}}}}")
    return EXIT_GOOD


def _check(options: argparse.Namespace) -> int:
    from bench.core.places import cache_folder
    from bench.datasets.photo_check import check_photos
    from bench.datasets.prepare import prepare_data
    from bench.suite import load_suite

    data, calibration, _ = prepare_data(load_suite(options.suite).data, cache_folder())
    progress = TransferLine(is_quiet=options.quiet)
    images = {image.path: image for image in (*calibration.images, *data.images)}
    found = check_photos(
        images.values(), lambda done, total: progress.tell("photos", done, total), not options.headers
    )
    progress.close()
    counts = len(data.images), len(calibration.images)
    print("{} photos to evaluate on, {} to calibrate on; none is in both".format(*counts))
    print(f"{len(data.categories)} categories: {data.shown}")
    print("pixel modes: " + ", ".join(f"{mode} {count}" for mode, count in sorted(found.modes.items())))
    _print_turned(found)
    for text in data.warnings:
        print(f"note: {text}")
    for text in found.problems:
        print(text, file=sys.stderr)
    return EXIT_NOT_MEASURED if found.problems else EXIT_GOOD


def _print_turned(found: PhotoFindings) -> None:
    told = {
        "are turned, since the annotations declare their size as shown": found.turned,
        "are left as stored, since the annotations declare that size": found.stored,
        "are taken as shown, since no declared size tells": found.undecided,
    }
    for text, paths in told.items():
        if paths:
            print(f"{len(paths)} photos with an EXIF orientation {text}: {Path(paths[0]).name}"
                  + (", ..." if len(paths) > 1 else ""))  # fmt: skip


def _urls(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for (name, sign, url), text in zip(pairs, given, strict=True):
        if not (name and sign and url):
            raise UsageError(f"--url: got {text!r}, expected FILE=URL, as in val2017.zip=https://...")
    return {name: url for name, _, url in pairs}


def source_of(options: argparse.Namespace) -> CocoData:
    """Return the data set that the arguments of `convert` name.

    Raises:
        UsageError: there is no such source, or an option does not belong to its format.
    """
    for name in ("images", "labels", "names", *_OPTIONS):
        if getattr(options, name) is not None and name not in _OPTIONS_OF[options.format]:
            raise UsageError(f"--{name}: means nothing for --format {options.format}: remove it")
    extra = {name: str(value) for name in _OPTIONS if (value := getattr(options, name)) is not None}
    names = str(options.names or "")
    source = Path(options.source)
    if options.format == "tfrecord":
        return CocoData("", options.source, format="tfrecord", names=names)
    if not source.exists():
        raise UsageError(f"{source}: is not there, expected a data set of format {options.format}")
    if options.format == "coco":
        return CocoData("", str(source))
    if options.format == "voc":
        return CocoData(*_voc_places(source, options.images), format="voc", names=names, options=extra)
    return CocoData(*_yolo_places(source, options.labels), format="yolo", names=names, options=extra)


def _yolo_places(source: Path, labels: Path | None) -> tuple[str, str]:
    """Return the folder of photos and that of labels, or nothing and the `data.yaml`."""
    if source.is_file():
        return "", str(source)
    found = [source / name for name in ("data.yaml", "data.yml") if (source / name).is_file()]
    if found and labels is None:
        return "", str(found[0])
    images = source / "images" if (source / "images").is_dir() else source
    return str(images), str(labels or "")


def _voc_places(source: Path, images: Path | None) -> tuple[str, str]:
    annotations = source / "Annotations" if (source / "Annotations").is_dir() else source
    if not annotations.is_dir():
        raise UsageError(f"{source}: is a file, expected a folder of Pascal VOC's .xml files")
    beside = [source / name for name in ("JPEGImages", "images")]
    photos = images or next((folder for folder in beside if folder.is_dir()), annotations)
    if not photos.is_dir():
        raise UsageError(f"{photos}: there is no such folder, expected the photos")
    return str(photos), str(annotations)
