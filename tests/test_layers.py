"""The rooms import downwards only, and the agent needs nothing that a small device cannot have."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "bench"

# A room may import the rooms below it, never one beside it or above.
FLOORS = [
    {"errors"},
    {"wire"},
    {"detectors"},
    {"core", "stats"},
    {"agent", "suite", "models", "quantize", "datasets", "hosts", "metrics", "store", "analysis", "report"},
    {"building", "inspecting", "gating", "choosing", "picturing"},
    {"running"},
    {"diagnosing"},
    {"api", "cli"},
    {"__main__"},
]

# The agent is shipped to devices by itself, with the floors below it.
AGENT_MAY_IMPORT = {"agent", "detectors", "wire", "errors"}
HEAVY = {
    "tensorflow",
    "keras",
    "tf2onnx",
    "onnx",
    "pandas",
    "pyarrow",
    "matplotlib",
    "pycocotools",
    "yaml",
    "scipy",
    "ruptures",
}

# The pure report model is built from what analysis found; both only read nouns.
BESIDE = {("report", "analysis")}


def imports_of(path: Path) -> list[str]:
    """Return every module that a file imports, also inside functions."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def room_of(module: str) -> str | None:
    """Return the room below `bench` that a module belongs to."""
    parts = module.split(".")
    return parts[1] if parts[0] == "bench" and len(parts) > 1 else None


def sources() -> list[Path]:
    """Return all source files of the package."""
    return sorted(BENCH.rglob("*.py"))


def shipped() -> list[Path]:
    """Return the source files that go to a device."""
    return [path for path in sources() if path.relative_to(BENCH).parts[0] in AGENT_MAY_IMPORT]


def floor_of(room: str) -> int:
    """Return the floor that a room stands on."""
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    room = path.relative_to(BENCH).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for name in imports_of(path):
        other = room_of(name)
        if other in (None, room, "__version__", "__init__") or not any(other in rooms for rooms in FLOORS):
            continue
        assert floor_of(other) < floor_of(room) or (room, other) in BESIDE, f"{path} imports {name}"


@pytest.mark.parametrize("path", shipped(), ids=lambda path: str(path.relative_to(BENCH)))
def test_the_agent_imports_nothing_but_its_own(path: Path) -> None:
    for name in imports_of(path):
        assert name.split(".")[0] not in HEAVY, f"{path} imports {name}"
        assert room_of(name) in AGENT_MAY_IMPORT | {None}, f"{path} imports {name}"


def test_the_help_of_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, bench.cli.parser as p; p.make_parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not set(loaded.stdout.split()) & (HEAVY | {"numpy", "PIL", "psutil"})
