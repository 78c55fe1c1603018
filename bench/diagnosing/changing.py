"""All changes of a description that are worth a try."""

from __future__ import annotations

from bench.diagnosing.change import Change, distinct
from bench.diagnosing.changing_family import family_changes
from bench.diagnosing.changing_input import input_changes
from bench.diagnosing.changing_labels import label_changes
from bench.diagnosing.changing_output import output_changes
from bench.diagnosing.settings import usual_description
from bench.diagnosing.subject import Subject
from bench.wire.description import ModelDescription


def all_changes(subject: Subject, description: ModelDescription) -> list[Change]:
    """Return every change worth a try, each once."""
    usual = usual_description(description, subject.suffix)
    changes = [
        *family_changes(description, subject.recognised),
        *label_changes(description, list(subject.data.categories)),
        *input_changes(description, usual),
        *output_changes(description, usual),
    ]
    return distinct(changes, description)
