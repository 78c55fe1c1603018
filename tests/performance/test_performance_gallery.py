"""How long a gallery of a large run takes, and what it weighs on the page; figures are printed."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "picturing"))
from stored_run import BASE, Row, StoredRun

from bench.core.record import Record
from bench.picturing import make_gallery
from bench.report.gallery.html import render_gallery

pytestmark = pytest.mark.performance

# What `bench.picturing.choosing` grants, and its estimate's error.
MOST_BYTES = 360_000

NUM_PHOTOS, NUM_CASES = 400, 60


def crowded(score: float) -> list[Row]:
    """Return 100 boxes on every photo, as a detector without a threshold leaves them."""
    return [
        (image, 1 + 6 * (number % 2), score * (100 - number) / 100, (3 * number, 2 * number, 60, 50))
        for image in range(1, NUM_PHOTOS + 1)
        for number in range(100)
    ]


def test_a_gallery_of_sixty_cases_is_made_in_time_and_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    stored = StoredRun(tmp_path, NUM_PHOTOS)
    records: list[Record] = [stored.case("fp32", [*BASE, *crowded(0.55)])]
    for number in range(NUM_CASES - 1):
        rows = crowded(0.5 + number / 1000)
        records.append(stored.case("int8", rows, -number / 1000, case=f"m/int8-{number}/litert/t1@local"))
    processor = time.process_time()
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None
    page = len(render_gallery(gallery).encode())
    processor = time.process_time() - processor
    print(
        f"\ngallery of {NUM_CASES} cases on {NUM_PHOTOS} photos: {processor:.2f} s of processor time, "
        f"{len(gallery.exhibits)} variants, {sum(len(one.sights) for one in gallery.exhibits)} pictures of "
        f"{len(gallery.photos)} photos, {page / 1000:.0f} kB"
    )
    shutil.rmtree(tmp_path)
    assert processor < 3
    assert page < MOST_BYTES
