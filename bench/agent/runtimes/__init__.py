"""The runtimes by name; each is imported only when a job asks for it."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata

from bench.agent.runtimes.base import RuntimeClass
from bench.errors import ModelError

# name -> (plug-in, Python distribution that it runs on; empty for none)
RUNTIMES: dict[str, tuple[str, str]] = {
    "litert": ("bench.agent.runtimes.litert:LiteRt", "ai-edge-litert"),
    "onnxruntime": ("bench.agent.runtimes.onnxruntime:OnnxRuntime", "onnxruntime"),
    "fake": ("bench.agent.runtimes.fake:FakeRuntime", ""),
}


def runtime_class(name: str) -> RuntimeClass:
    """Import a runtime.

    Raises:
        ModelError: no runtime has that name, or it is not installed.
    """
    plug_in, distribution = _entry(name)
    module, _, attribute = plug_in.partition(":")
    try:
        found: RuntimeClass = getattr(importlib.import_module(module), attribute)
    except ImportError as problem:
        raise ModelError(
            f"runtime {name!r} cannot be imported: {problem}; install it with `pip install {distribution}`"
        ) from problem
    return found


def distribution_of(name: str) -> str:
    """Return the Python distribution that a runtime runs on; empty for none."""
    return RUNTIMES[name][1] if name in RUNTIMES else ""


def runtime_version(name: str) -> str:
    """Return the installed version of a runtime without importing it; empty where there is none."""
    _, distribution = _entry(name)
    try:
        return importlib.metadata.version(distribution) if distribution else ""
    except importlib.metadata.PackageNotFoundError:
        return ""


def installed_runtimes() -> dict[str, str]:
    """Return name -> version of the runtimes that are installed here."""
    versions = {name: runtime_version(name) for name in RUNTIMES}
    return {name: version for name, version in versions.items() if version}


def _entry(name: str) -> tuple[str, str]:
    if name not in RUNTIMES:
        near = difflib.get_close_matches(name, RUNTIMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ModelError(f"no runtime is called {name!r}, expected one of {', '.join(RUNTIMES)}{hint}")
    return RUNTIMES[name]
