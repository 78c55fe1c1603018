"""make_gallery: the one way from a run folder to its gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from bench.core.data import EvaluationData
from bench.core.record import Record
from bench.errors import DataError
from bench.metrics.ground_truth import GroundTruth, read_ground_truth
from bench.picturing.choosing import Wish, choose
from bench.picturing.comparing import Compared, Uncompared, by_difference, compare_all
from bench.picturing.data import find_data
from bench.picturing.explaining import Words
from bench.picturing.photos import PhotoShelf
from bench.picturing.scene import scene_of
from bench.picturing.sighting import sight_of
from bench.picturing.totals import brief_of, findings_of
from bench.report.gallery.model import Exhibit, Gallery, Sight
from bench.report.labels import case_labels, in_reading_order, keys_of, precision_name
from bench.report.model import Keys

# Looked at for each variant, of which some photos may be gone: what is shown is bounded by `choosing`.
MOST_CANDIDATES = 6


# A sentence that names more variants than this counts the others.
MOST_NAMES = 4


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
    labels = _labels(records)
    source: Source | None = None
    notes: list[str] = []
    wishes: dict[str, Wish] = {}
    untold: dict[str, list[str]] = {}
    for item in compare_all(run, records):
        if isinstance(item, Uncompared):
            untold.setdefault(item.reason, []).append(labels[item.record.case])
            continue
        if not wishes:
            source, notes = _source(run, info, item)
        wishes[item.records[0].case] = _wish(item, source, labels)
    if not wishes and not untold:
        return None
    shelf = PhotoShelf(source.data.images if source else ())
    served = [record.case for record in sorted(records, key=by_difference) if record.case in wishes]
    chosen = choose([wishes[case] for case in served], shelf)
    by_case = dict(zip(served, chosen.exhibits, strict=True))
    exhibits = [by_case[record.case] for record in in_reading_order(records) if record.case in by_case]
    said = (*notes, *_untold(untold), *_unreadable(shelf))
    return Gallery(tuple(exhibits), chosen.photos, said)


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
        title=_title(item.records, base, labels),
        precision=record.precision,
        base=names[0],
        keys=_common_keys(item.records),
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


def _labels(records: Sequence[Record]) -> dict[str, str]:
    """Return labels that tell the cases of all hosts and groups apart."""
    several = len({record.host for record in records}) > 1
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.group, record.host), []).append(record)
    has_groups = len({record.group for record in records}) > 1
    return {
        case: (f"{group}: " if has_groups else "") + label + (f", {host}" if several else "")
        for (group, host), members in groups.items()
        for case, label in case_labels(members).items()
    }


def _title(records: Sequence[Record], base: Record, labels: Mapping[str, str]) -> str:
    same = [labels[record.case] for record in records]
    return f"{' = '.join(same)}, beside {precision_name(base)}"


def _common_keys(records: Sequence[Record]) -> Keys:
    """Return what all cases share: an empty field fits every filter."""
    keys = [keys_of(record) for record in records]
    varying = [field.name for field in fields(Keys) if len({getattr(one, field.name) for one in keys}) > 1]
    return replace(keys[0], **dict.fromkeys(varying, ""))


def _untold(untold: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Say of which variants nothing can be shown, equal reasons together."""
    return tuple(
        f"Nothing can be shown of {', '.join(names[:MOST_NAMES])}"
        f"{f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''}: {reason}."
        for reason, names in untold.items()
    )


def _unreadable(shelf: PhotoShelf) -> tuple[str, ...]:
    if not shelf.problems:
        return ()
    count = len(shelf.problems)
    first = next(iter(shelf.problems.values()))
    return (f"{count} photo{'s' if count > 1 else ''} cannot be shown; the first: {first}.",)
