"""The distribution function of Student's t against scipy."""

from __future__ import annotations

import pytest
from scipy import stats

from bench.stats import student_chance


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 30, 399, 400])
@pytest.mark.parametrize("value", [-9.0, -3.5, -1.0, 0.0, 0.4, 2.0, 6.0])
def test_chances_of_student_are_those_of_scipy(value: float, degrees: int) -> None:
    assert student_chance(value, degrees) == pytest.approx(stats.t.cdf(value, degrees), rel=1e-9, abs=1e-14)
