"""Suites written on the fly, and the errors that loading them gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bench.core.suite import Suite
from bench.errors import SuiteError
from bench.suite import load_suite

Load = Callable[..., Suite]
Errors = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a function that writes a suite and loads it; errors then name the file `s.yaml`."""
    monkeypatch.chdir(tmp_path)

    def loader(text: str, **environ: str) -> Suite:
        Path("s.yaml").write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return load_suite(Path("s.yaml"), environ)

    return loader


@pytest.fixture
def errors(load: Load) -> Errors:
    """Return a function that loads a wrong suite and gives the lines of its error."""

    def reader(text: str, **environ: str) -> list[str]:
        with pytest.raises(SuiteError) as caught:
            load(text, **environ)
        return str(caught.value).splitlines()

    return reader
