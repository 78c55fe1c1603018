"""Whether the models' labels and the data set's categories speak of the same things."""

from __future__ import annotations

from bench.core.data import EvaluationData
from bench.core.record import Advice
from bench.core.suite import Case, Suite
from bench.datasets.checks import check_categories
from bench.errors import DataError


def check_labels(suite: Suite, data: EvaluationData) -> None:
    """Refuse a model none of whose categories is annotated: its AP would be 0 for no fault of its own.

    Raises:
        DataError: names the model, and both lists of categories.
    """
    for name in dict.fromkeys(case.model for case in suite.cases):
        description = suite.model(name).description
        if not set(description.category_ids) & set(data.categories):
            raise DataError(f"model {name}: {check_categories(description, data)}")


def label_advice(suite: Suite, case: Case, data: EvaluationData) -> tuple[Advice, ...]:
    """Return what a record should say of its data: odd annotations, categories that can never score."""
    problem = check_categories(suite.model(case.model).description, data)
    labels = (Advice("unknown_categories", problem),) if problem else ()
    return (*labels, *(Advice("annotations", text) for text in data.warnings))
