"""The sample of this folder's tests, made once."""

from __future__ import annotations

import pytest
from diagnosing_sample import Sample, make_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Annotated photos for the fake runtime."""
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(autouse=True)
def fewer_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a quarter of the resamples where mistakes are as plain as in the fake sample."""
    if "real" not in request.keywords and "slow" not in request.keywords:
        monkeypatch.setattr("bench.diagnosing.scoring.RESAMPLES", 1000)
