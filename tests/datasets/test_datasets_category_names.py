"""Class names find their categories as they are written, or not at all: nothing is guessed."""

from __future__ import annotations

import pytest

from bench.datasets.category_names import match_names, nearest_category
from bench.errors import DataError
from bench.wire.description import NO_CATEGORY

COCO = {1: "person", 10: "traffic light", 13: "stop sign", 62: "chair"}


def test_names_are_found_whatever_their_case_and_however_words_are_parted() -> None:
    matched = match_names(["Traffic_Light", "person", "stop-sign", "chair "], COCO)
    assert matched.category_ids == (10, 1, 13, 62) and matched.unknown == ()


def test_unused_classes_have_no_category_and_are_not_complained_of() -> None:
    matched = match_names(["???", "person", "", "__background__", "n/a"], COCO)
    assert matched.category_ids == (NO_CATEGORY, 1, NO_CATEGORY, NO_CATEGORY, NO_CATEGORY)
    assert matched.unknown == ()


def test_a_name_that_is_no_category_is_told_and_not_guessed() -> None:
    matched = match_names(["persons", "chair"], COCO)
    assert matched.category_ids == (NO_CATEGORY, 62) and matched.unknown == ("persons",)
    assert nearest_category("persons", COCO) == "person" and nearest_category("xyz", COCO) == ""


def test_a_category_as_it_is_written_is_preferred_to_another_spelling() -> None:
    assert match_names(["Mouse", "mouse"], {3: "mouse", 4: "Mouse"}).category_ids == (4, 3)


@pytest.mark.parametrize(
    ("names", "categories", "message"),
    [
        (["person", "Person"], COCO, r"'person' and 'Person' are both category 1 \(person\)"),
        (["person", "person"], COCO, r"'person' and 'person' are both category 1"),
        (["MOUSE"], {3: "mouse", 4: "Mouse"}, "'MOUSE' fits the categories 3, 4"),
    ],
)
def test_what_does_not_tell_categories_apart_is_refused(
    names: list[str], categories: dict[int, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        match_names(names, categories)
