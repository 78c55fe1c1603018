"""Brings everything that a detached board needs there before anything is measured anywhere."""

from __future__ import annotations

import time
from pathlib import Path

from bench.hosts.base import HostFile
from bench.running.listener import Step
from bench.running.measuring import NUM_PROBE_IMAGES
from bench.running.schedule import spread
from bench.running.sitting import Sitting
from bench.running.work import Work


def send_files(work: Work, sitting: Sitting, place: int, count: int) -> None:
    """Send the models and photos that the board's jobs will name, and that it does not have.

    Args:
        place, count: of this board among those that share the images.

    Raises:
        HostError: they cannot be brought there.
    """
    if not sitting.host.is_detached:
        return
    files = [*work.model_files(sitting.host.name), *_photos(work, sitting, place, count)]
    step, clock = Step("transfer", sitting.name, 1, 1, sitting.name), time.monotonic()
    sitting.listener.begin(step)

    def on_transfer(done: int, total: int) -> None:
        seconds = time.monotonic() - clock
        sitting.listener.progress(step, done / total if total else 1.0, transfer_note(done, total, seconds))

    sitting.refs |= sitting.host.put(files, on_transfer)
    sitting.listener.end(step, time.monotonic() - clock, "")


def transfer_note(done: int, total: int, seconds: float) -> str:
    """Say how much of how much has come, and how fast."""
    if not total:
        return "has all files"
    rate = done / seconds / 1e6 if seconds > 0 else 0.0
    return f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB, {rate:,.1f} MB/s"


def _photos(work: Work, sitting: Sitting, place: int, count: int) -> list[HostFile]:
    """Return the photos that are to be run here and that other jobs look at; those that are gone left out."""
    options, images = sitting.options, work.data.images
    missing = _missing_ids(work, sitting)
    needed = [*spread(images, NUM_PROBE_IMAGES), *spread(images, options.images)]
    needed += [image for image in images[place::count] if image.id in missing and not work.duels]
    files = {image.sha256: HostFile(Path(image.path), image.sha256) for image in needed}
    return [file for file in files.values() if file.path.is_file()]


def _missing_ids(work: Work, sitting: Sitting) -> set[int]:
    """Return the images of which a case of the host has no detections yet."""
    name, everything = sitting.host.name, {image.id for image in work.data.images}
    cases = sitting.usable([*work.cases(name), *work.controls_of(name)])
    return set().union(*(everything - sitting.done(case).image_ids for case in cases))
