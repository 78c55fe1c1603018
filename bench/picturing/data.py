"""The photos that a stored run was scored on: found again through its suite, and known by their hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.core.data import EvaluationData
from bench.core.places import cache_folder
from bench.core.suite import Overrides
from bench.datasets.prepare import evaluation_if_ready
from bench.errors import BenchError, DataError
from bench.store.folder import SUITE_NAME
from bench.suite import load_evaluated

# A run folder is `results/<suite>/<run id>`, and `results` commonly lies where the suite's path begins.
_ANCESTORS = 4


def find_data(run: Path, info: Mapping[str, Any], sha256: str) -> EvaluationData:
    """Return the evaluation images of a run, if they still are what they were.

    Args:
        info: the run's `run.json`.
        sha256: of the data that the run's cases were scored on.

    Raises:
        DataError: they are gone, not made yet, or others; the message says which, in a sentence.
    """
    given = Path(str(info.get("suite_path", ""))).parent
    folders = [base / given for base in (Path.cwd(), *run.absolute().parents[:_ANCESTORS])]
    changed = info.get("overrides") or {}
    overrides = Overrides(limit=changed.get("limit"), profile=changed.get("profile"))
    try:
        declared = load_evaluated(run / SUITE_NAME, folders, overrides)
        data = evaluation_if_ready(declared, cache_folder())
    except (BenchError, OSError) as problem:
        raise DataError(f"the data set is not there any more ({_first_line(problem)})") from problem
    if data is None:
        raise DataError("the data set is not on this machine; report on the machine that measured")
    if data.sha256 != sha256:
        raise DataError("photos or annotations are not those of the run: they were changed since")
    return data


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__
