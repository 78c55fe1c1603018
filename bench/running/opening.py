"""Begin a run folder, or find the one to go on with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bench
from bench.core.suite import Overrides, Suite
from bench.errors import StoreError, UsageError
from bench.running.likeness import other_machine, version_changes
from bench.running.provenance import git_state, versions
from bench.store.folder import SUITE_NAME, RunFolder, find_runs, read_run_info
from bench.store.names import new_run_id, suite_folder_name
from bench.wire.codec import to_json

# Format history of run.json.
# 1: first.
RUN_SCHEMA = 1


def begin_run(suite: Suite, overrides: Overrides, results: Path, now: datetime | None = None) -> RunFolder:
    """Make a fresh run folder that says what is about to be measured."""
    run_id = new_run_id(now or datetime.now(UTC), suite.name)
    return RunFolder.create(results, suite.name, run_id, suite.text, _info(suite, overrides, run_id))


def resume_run(suite: Suite, overrides: Overrides, results: Path) -> RunFolder:
    """Hold the newest run of this suite again.

    Raises:
        UsageError: there is none, or it was made from another suite text, other overrides or other versions,
            so that its rounds answer another question.
    """
    try:
        path = find_runs(results / suite_folder_name(suite.name))[-1]
    except StoreError as error:
        raise UsageError(f"nothing to resume: {error}") from error
    if (path / SUITE_NAME).read_text(encoding="utf-8") != suite.text:
        raise UsageError(
            f"{path} was measured from another text of {suite.path}; start a new run without --resume"
        )
    info, now = read_run_info(path), versions()
    changed = [
        f"{name} {info['versions'].get(name)} -> {new}"
        for name, new in now.items()
        if info["versions"].get(name) != new
    ]
    if changed:
        raise UsageError(f"{path} was measured with other versions ({', '.join(changed)}); start a new run")
    if info.get("overrides") != to_json(overrides):
        raise UsageError(f"{path} was measured with other overrides; repeat the same options with --resume")
    return RunFolder(path)


def require_same_machine(run: RunFolder, host: str, board: str, now: dict[str, Any]) -> None:
    """Refuse to go on with a run that began on other hardware, or under other versions of the runtimes.

    Args:
        now: facts of the board as it is.

    Raises:
        UsageError: says what changed; old and new rounds cannot stand in one record.
    """
    before = noted_facts(read_run_info(run.path), host).get(board)
    if before is None:
        return
    name = f"{host}/{board}" if board else host
    changed = [*other_machine(before, now), *version_changes(before, now)]
    if changed:
        raise UsageError(
            f"{run.path}: {name} is not what it was when the run began ({'; '.join(changed)}, then and now): "
            "rounds of both cannot stand in one record; start a new run without --resume"
        )


def note_facts(run: RunFolder, host: str, board: str, facts: dict[str, Any]) -> None:
    """Keep in `run.json` what a board is, and which versions run there."""

    def change(info: dict[str, Any]) -> None:
        boards = info.setdefault("hosts", {}).setdefault(host, {}).setdefault("boards", {})
        boards[board] = facts

    run.change_info(change)


def noted_facts(info: dict[str, Any], host: str) -> dict[str, dict[str, Any]]:
    """Return board -> its facts, as `run.json` has them; empty for a host that was never opened."""
    boards: dict[str, dict[str, Any]] = info.get("hosts", {}).get(host, {}).get("boards", {})
    return boards


def _info(suite: Suite, overrides: Overrides, run_id: str) -> dict[str, Any]:
    return {
        "schema": RUN_SCHEMA,
        "suite": suite.name,
        "run": run_id,
        "suite_path": suite.path,
        "description": suite.description,
        "overrides": to_json(overrides),
        "decision_grade": overrides.decision_grade,
        "measure": to_json(suite.measure),
        "gate": suite.gate,
        "cases": [to_json(case) for case in suite.cases],
        "versions": versions(),
        "git": git_state(Path(suite.path).parent),
        "harness": git_state(Path(bench.__file__).parent),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "finished": "",
    }
