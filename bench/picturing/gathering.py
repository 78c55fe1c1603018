"""make_gallery: the one way from a run folder to its gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.data import EvaluationData
from bench.core.record import Record
from bench.errors import DataError
from bench.metrics.ground_truth import GroundTruth, read_ground_truth
from bench.picturing.choosing import Wish, choose
from bench.picturing.comparing import Compared, Uncompared, by_difference, compare_all, variants_of
from bench.picturing.data import find_data
from bench.picturing.explaining import Words
from bench.picturing.naming import common_keys, label_all, notes_on, title_of
from bench.picturing.photos import PhotoShelf
from bench.picturing.scene import scene_of
from bench.picturing.sighting import sight_of
from bench.picturing.totals import brief_of, findings_of
from bench.report.gallery.model import Exhibit, Gallery, Photo, Sight
from bench.report.labels import in_reading_order, precision_name

# Looked at for each variant, of which some photos may be gone: what is shown is bounded by `choosing`.
MOST_CANDIDATES = 6


@dataclass(frozen=True)
class Source:
    """The photos and objects of a run, and the names of its categories."""

    data: EvaluationData
    truth: GroundTruth

    @property
    def categories(self) -> tuple[str, ...]:
        """Names by index of category."""
        return tuple(self.data.categories.get(int(key), str(key)) for key in self.truth.category_ids)


def make_gallery(records: Sequence[Record], run: Path, info: Mapping[str, Any]) -> Gallery | None:
    """Find the photos on which each variant differs most from its FP32 sibling, from what the run stored.

    Nothing is scored again. What cannot be shown is said in the gallery; no photo keeps a report from being
    made.

    Args:
        run: the run folder that the records are of.
        info: its `run.json`.

    Returns:
        The gallery; None where no case has a sibling that it could differ from.
    """
    labels = label_all(records)
    source: Source | None = None
    notes: list[str] = []
    wishes: dict[str, Wish] = {}
    untold: dict[str, list[str]] = {}
    num_left = len(variants_of(records))
    for item in compare_all(run, records):
        num_left -= len(item.records)
        first = item.records[0].case
        if isinstance(item, Uncompared):
            untold.setdefault(item.reason, []).append(labels[first])
            continue
        if not wishes:
            source, notes = _source(run, info, item)
        wishes[first] = _wish(item, source, labels)
    if not wishes and not untold:
        return None
    shelf = PhotoShelf(source.data.images if source else ())
    exhibits, photos = _choose(records, wishes, shelf)
    return Gallery(exhibits, photos, (*notes, *notes_on(untold, num_left, shelf.problems)))


def _choose(
    records: Sequence[Record], wishes: Mapping[str, Wish], shelf: PhotoShelf
) -> tuple[tuple[Exhibit, ...], tuple[Photo, ...]]:
    """Return exhibits in reading order; who differs most is served first."""
    served = [record.case for record in sorted(records, key=by_difference) if record.case in wishes]
    chosen = choose([wishes[case] for case in served], shelf)
    by_case = dict(zip(served, chosen.exhibits, strict=True))
    ordered = [record.case for record in in_reading_order(records)]
    return tuple(by_case[case] for case in ordered if case in by_case), chosen.photos


def _source(run: Path, info: Mapping[str, Any], compared: Compared) -> tuple[Source | None, list[str]]:
    """Return photos and objects, or why there are none."""
    try:
        data = find_data(run, info, compared.variant.record.hashes.get("data", ""))
        truth = read_ground_truth(Path(data.annotations), [image.id for image in data.images])
    except DataError as problem:
        return None, [f"No photos are shown: {problem}."]
    return Source(data, truth), []


def _wish(item: Compared, source: Source | None, labels: Mapping[str, str]) -> Wish:
    record, base = item.variant.record, item.base.record
    names = precision_name(base), precision_name(record)
    exhibit = Exhibit(
        title=title_of(item.records, base, labels),
        precision=record.precision,
        base=names[0],
        keys=common_keys(item.records),
        findings=findings_of(item, *names),
        brief=brief_of(item),
    )
    if source is None:
        return Wish(exhibit, ())
    return Wish(exhibit, _sights(item, source, Words(source.categories, *names)))


def _sights(item: Compared, source: Source, words: Words) -> tuple[Sight, ...]:
    ids = source.truth.image_ids
    return tuple(
        sight_of(int(ids[image]), scene_of(image, source.truth, item.base, item.variant), words)
        for image in item.worst(MOST_CANDIDATES)
    )
