"""The sample of this folder's tests, made once."""

from __future__ import annotations

import pytest
from diagnosing_sample import Sample, make_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Annotated photos for the fake runtime."""
    return make_sample(tmp_path_factory.mktemp("sample"))
