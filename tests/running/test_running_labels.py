"""Labels by name become category ids before anything is measured, and what does not fit is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_suite import make_case, make_suite

from bench.core.data import EvaluationData
from bench.core.suite import Suite
from bench.errors import DataError
from bench.running.labels import check_labels, label_advice, resolve_labels
from bench.wire.description import NO_CATEGORY

DATA = EvaluationData("a.json", "", (), {3: "car", 5: "traffic light", 9: "dog"}, "")


def suite_of(*names: str) -> Suite:
    suite = make_suite([make_case("int8")])
    model = suite.models[0]
    description = replace(model.description, category_ids=(NO_CATEGORY,) * len(names))
    return replace(suite, models=(replace(model, class_names=names, description=description),))


def test_names_become_the_data_set_s_ids_and_ids_stay_as_they_are() -> None:
    assert resolve_labels(suite_of("Dog", "car"), DATA).models[0].description.category_ids == (9, 3)
    given = make_suite([make_case("int8")])
    assert resolve_labels(given, DATA) == given


def test_a_name_that_the_annotations_do_not_know_is_a_warning_with_the_nearest() -> None:
    suite = resolve_labels(suite_of("dogs", "car", "???"), DATA)
    check_labels(suite, DATA)
    (advice,) = label_advice(suite, suite.cases[0], DATA)
    assert advice.text.startswith(
        "1 of the model's 3 class names are no categories of a.json: 'dogs' (is it 'dog'?)."
    )
    assert label_advice(resolve_labels(suite_of("dog", "???"), DATA), suite.cases[0], DATA) == ()


def test_a_model_of_other_things_is_refused_before_it_is_measured() -> None:
    with pytest.raises(
        DataError, match="model m: 2 of the model's 2 class names are no categories of a.json"
    ):
        check_labels(resolve_labels(suite_of("plane", "ship"), DATA), DATA)


def test_two_classes_of_one_category_are_refused_by_the_model_s_name() -> None:
    with pytest.raises(DataError, match="model m: the classes 'car' and 'Car' are both category 3"):
        resolve_labels(suite_of("car", "Car"), DATA)
