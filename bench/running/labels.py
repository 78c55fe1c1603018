"""Whether the models' labels and the data set's categories speak of the same things."""

from __future__ import annotations

from dataclasses import replace

from bench.core.data import EvaluationData
from bench.core.model import ModelSource
from bench.core.record import Advice
from bench.core.suite import Case, Suite
from bench.datasets.category_names import match_names, nearest_category
from bench.datasets.checks import check_categories
from bench.errors import DataError

_NUM_NAMED = 5


def resolve_labels(suite: Suite, data: EvaluationData) -> Suite:
    """Find the categories of models whose classes the suite gives by name.

    Raises:
        DataError: the names do not tell categories apart; the message names the model.
    """
    return replace(suite, models=tuple(_resolved(model, data) for model in suite.models))


def _resolved(model: ModelSource, data: EvaluationData) -> ModelSource:
    if not model.class_names:
        return model
    try:
        ids = match_names(model.class_names, data.categories).category_ids
    except DataError as problem:
        raise DataError(f"model {model.name}: {problem}") from problem
    return replace(model, description=replace(model.description, category_ids=ids))


def check_labels(suite: Suite, data: EvaluationData) -> None:
    """Refuse a model none of whose categories is annotated: its AP would be 0 for no fault of its own.

    Raises:
        DataError: names the model, and both lists of categories.
    """
    for name in dict.fromkeys(case.model for case in suite.cases):
        model = suite.model(name)
        if not set(model.description.category_ids) & set(data.categories):
            problem = check_categories(model.description, data) or _unknown_names(model, data)
            raise DataError(f"model {name}: {problem}")


def label_advice(suite: Suite, case: Case, data: EvaluationData) -> tuple[Advice, ...]:
    """Return what a record should say of its data: odd annotations, categories that can never score."""
    model = suite.model(case.model)
    problem = check_categories(model.description, data) or _unknown_names(model, data)
    labels = (Advice("unknown_categories", problem),) if problem else ()
    return (*labels, *(Advice("annotations", text) for text in data.warnings))


def _unknown_names(model: ModelSource, data: EvaluationData) -> str:
    """Return which of a model's class names are no categories of the data set; empty if none."""
    if not model.class_names:
        return ""
    unknown = match_names(model.class_names, data.categories).unknown
    if not unknown:
        return ""
    near = {name: nearest_category(name, data.categories) for name in unknown[:_NUM_NAMED]}
    told = ", ".join(f"{name!r}" + (f" (is it {one!r}?)" if one else "") for name, one in near.items())
    dots = ", ..." if len(unknown) > _NUM_NAMED else ""
    return (
        f"{len(unknown)} of the model's {len(model.class_names)} class names are no categories of "
        f"{data.shown}: {told}{dots}. What it finds of them counts for nothing; write them in "
        "labels as the annotations do unless that is meant"
    )
