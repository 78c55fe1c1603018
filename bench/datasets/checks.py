"""Whether data sets go together: images shared between them, categories that a model does not share."""

from __future__ import annotations

from bench.core.data import EvaluationData, ImageSet
from bench.errors import DataError
from bench.wire.description import NO_CATEGORY, ModelDescription

_NUM_NAMED = 5


def check_disjoint(first: EvaluationData | ImageSet, second: EvaluationData | ImageSet) -> None:
    """Make sure that no image stands in both, by content; a copy under another name is found.

    Raises:
        DataError: naming the files.
    """
    seen = {image.sha256: image.path for image in first.images}
    shared = [(seen[image.sha256], image.path) for image in second.images if image.sha256 in seen]
    if shared:
        pairs = "; ".join(f"{one} = {other}" for one, other in shared[:_NUM_NAMED])
        more = "; ..." if len(shared) > _NUM_NAMED else ""
        raise DataError(
            f"{len(shared)} images stand in two sets that must share none, or models would be judged by what "
            f"they were made from: take them out of one. The same content: {pairs}{more}"
        )


def check_categories(description: ModelDescription, data: EvaluationData) -> str:
    """Return what a model's category ids and the annotations' categories do not share; empty if nothing.

    Ids that the annotations do not know can never score. Some are usual (the 10 unused ids of COCO's 90), so
    this is for a warning, except where none fits. Classes that stand for no category are left out.
    """
    known = {*data.categories, NO_CATEGORY}
    unknown = [number for number in description.category_ids if number not in known]
    if not unknown:
        return ""
    named = ", ".join(map(str, unknown[:_NUM_NAMED])) + (", ..." if len(unknown) > _NUM_NAMED else "")
    total = len(description.category_ids)
    have = ", ".join(f"{number} {name}" for number, name in list(data.categories.items())[:_NUM_NAMED])
    dots = ", ..." if len(data.categories) > _NUM_NAMED else ""
    return (
        f"{len(unknown)} of the model's {total} category ids are unknown to {data.shown}: {named}. "
        f"It has {have}{dots}; correct detector.labels unless that is meant"
    )
