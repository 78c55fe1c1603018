"""`bench data get`: public data sets as a suite wants them, in a folder of the user's choice."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from bench.datasets.annotations import read_annotations
from bench.datasets.downloads.download import Wanted, download
from bench.datasets.downloads.ledger import Ledger
from bench.datasets.downloads.published import (
    ANNOTATIONS,
    BASE_URL,
    CALIBRATION_FOLDER,
    NAMES,
    TRAIN_ANNOTATIONS,
    TRAIN_IMAGES_PLACE,
    VAL_ANNOTATIONS,
    VAL_FOLDER,
    VAL_IMAGES,
    PublishedFile,
)
from bench.datasets.downloads.transfer import check_url
from bench.datasets.downloads.zip_members import unpack
from bench.datasets.draw import draw
from bench.detectors.photo import decode_photo
from bench.errors import DataError, UsageError

# Called with a subject, what is there and what the whole is (bytes or files; -1 if unknown).
Tell = Callable[[str, int, int], None]

# What is unpacked from an archive takes about as much as itself (photos), or four times that (JSON).
_UNPACKED_SHARE = {VAL_IMAGES: 1, ANNOTATIONS: 4}


@dataclass(frozen=True)
class Order:
    """What to fetch, and from where.

    Attributes:
        name: of the data set.
        folder: what is fetched goes below it.
        mirror: address to use instead of the published base; the places below it are the same.
        urls: file name -> address, for single files that lie elsewhere.
        count, seed: how many photos for calibration, and which.
    """

    name: str
    folder: Path
    mirror: str = BASE_URL
    urls: dict[str, str] = field(default_factory=dict)
    count: int = 200
    seed: int = 0

    def url_of(self, place: str) -> str:
        """Return the address of a file."""
        name = place.rsplit("/", 1)[-1]
        return self.urls.get(name, f"{self.mirror.rstrip('/')}/{place}")


@dataclass(frozen=True)
class Fetched:
    """A data set that is there: its photos, and its annotations (None for calibration photos)."""

    images: Path
    num_images: int
    annotations: Path | None


def get_data_set(order: Order, tell: Tell) -> Fetched:
    """Fetch and unpack what is not there yet.

    Raises:
        UsageError: there is no such data set, an address is none, or another process fetches into the folder.
        DataError: something cannot be fetched, or is not what was expected. What has come so far is kept.
    """
    if order.name not in NAMES:
        close = get_close_matches(order.name, NAMES, 1)
        advice = f", did you mean {close[0]!r}?" if close else "."
        raise UsageError(f"unknown data set {order.name!r}{advice} Known: {', '.join(NAMES)}")
    for url in (order.mirror, *order.urls.values()):
        check_url(url)
    with _alone(order.folder):
        return _get_val(order, tell) if order.name == "coco-val2017" else _get_calibration(order, tell)


def _get_val(order: Order, tell: Tell) -> Fetched:
    _get_archive(order, ANNOTATIONS, VAL_ANNOTATIONS, tell)
    _get_archive(order, VAL_IMAGES, f"{VAL_FOLDER}/", tell)
    annotations = order.folder / VAL_ANNOTATIONS
    read = read_annotations(annotations)
    lost = [name for name in read.images.values() if not (order.folder / VAL_FOLDER / name).is_file()]
    if lost:
        raise DataError(
            f"{order.folder / VAL_FOLDER}: lacks {len(lost)} photos of {annotations} ({lost[0]}, ...)"
        )
    return Fetched(order.folder / VAL_FOLDER, len(read.images), annotations)


def _get_calibration(order: Order, tell: Tell) -> Fetched:
    """Fetch single photos of the training split, drawn over their ids: the whole split takes 19 GB."""
    _get_archive(order, ANNOTATIONS, TRAIN_ANNOTATIONS, tell)
    read = read_annotations(order.folder / TRAIN_ANNOTATIONS)
    ids = [int(key) for key in draw(map(str, read.images), order.count, order.seed)]
    ledger, folder = Ledger(order.folder), order.folder / CALIBRATION_FOLDER
    for number, image_id in enumerate(ids, start=1):
        name = read.images[image_id]
        if "/" in name or "\\" in name or name.startswith("."):
            raise DataError(
                f"{order.folder / TRAIN_ANNOTATIONS}: image {image_id}: {name!r} is no plain file name"
            )
        _get_photo(order, name, read.sizes.get(image_id, (0, 0)), ledger)
        tell("photos", number, len(ids))
    return Fetched(folder, len(ids), None)


def _get_photo(order: Order, name: str, size: tuple[int, int], ledger: Ledger) -> None:
    place = f"{CALIBRATION_FOLDER}/{name}"
    path, url = order.folder / place, order.url_of(f"{TRAIN_IMAGES_PLACE}/{name}")
    known = ledger.sha256(place)
    digest = download(Wanted(url, sha256=known), path, lambda *_: None)
    if known:
        return
    try:
        decode_photo(path.read_bytes(), size)
    except DataError as problem:
        path.unlink()
        raise DataError(f"{url}: what came is not the photo: {problem}") from problem
    ledger.record(place, url, digest)


def _get_archive(order: Order, file: PublishedFile, prefix: str, tell: Tell) -> None:
    """Fetch an archive and unpack its members below a prefix, unless they are there."""
    ledger = Ledger(order.folder)
    if ledger.is_unpacked(file.name, prefix):
        tell(prefix, 1, 1)
        return
    url, path = order.url_of(file.place), order.folder / file.name
    room = file.num_bytes * _UNPACKED_SHARE.get(file, 4)
    wanted = Wanted(url, file.num_bytes, file.sha256 or ledger.sha256(file.name))
    digest = download(wanted, path, lambda done, total: tell(file.name, done, total), room)
    members = unpack(path, order.folder, prefix, lambda done, total: tell(prefix, done, total))
    ledger.record(file.name, url, digest, ledger.members(file.name) | members)
    # The annotations serve several data sets; photos would lie there twice.
    if file is not ANNOTATIONS:
        path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from fetching into the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise UsageError(f"{folder}: another bench data get is at work there; wait for it") from problem
        yield
