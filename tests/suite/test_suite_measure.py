"""The `measure` part of a suite: sustained runs and energy, and what the smoke profile leaves of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.measure import MeasureOptions
from bench.core.suite import Overrides
from bench.errors import SuiteError
from bench.suite.load import load_suite
from bench.suite.overrides import apply_overrides
from bench.suite.schema import suite_schema


def measure_of(folder: Path, text: str, overrides: Overrides | None = None) -> MeasureOptions:
    path = folder / "s.yaml"
    path.write_text(f"name: s\nmodel: builtin\nmeasure: {text}\n")
    return apply_overrides(load_suite(path), overrides or Overrides()).measure


def test_sustained_runs_are_off_and_energy_on_unless_a_suite_says_otherwise(tmp_path: Path) -> None:
    measure = measure_of(tmp_path, "{rounds: 3}")
    assert (measure.sustained_seconds, measure.energy_seconds) == (0.0, 5.0)


def test_durations_are_written_with_their_unit(tmp_path: Path) -> None:
    measure = measure_of(tmp_path, "{sustained: 30m, energy: 0}")
    assert (measure.sustained_seconds, measure.energy_seconds) == (1800.0, 0.0)
    with pytest.raises(
        SuiteError, match=r"s.yaml:3 measure.sustained: got 30, expected an amount with a unit"
    ):
        measure_of(tmp_path, "{sustained: 30}")


def test_the_smoke_profile_shows_a_sustained_run_in_seconds(tmp_path: Path) -> None:
    smoke = Overrides(profile="smoke")
    measure = measure_of(tmp_path, "{sustained: 30m, energy: 1m}", smoke)
    assert (measure.sustained_seconds, measure.energy_seconds) == (10.0, 0.0)
    assert measure_of(tmp_path, "{rounds: 3}", smoke).sustained_seconds == 0.0


def test_the_schema_knows_both_keys() -> None:
    properties = str(suite_schema())
    assert "'sustained': {" in properties and "'energy': {" in properties
