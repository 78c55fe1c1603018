"""Older model files of earlier results and of baselines: from the cache, else built again, else told."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from older_project import SUITE, Project, contents, copy_instead

from bench.core.artifact import Artifact
from bench.core.record import RECORD_SCHEMA, Record
from bench.core.suite import Overrides
from bench.errors import StoreError
from bench.gating.baselines import write_baseline
from bench.gating.sides import read_side
from bench.running.older import Surroundings, check_origin, find_older
from bench.running.provenance import git_state
from bench.store.folder import RunFolder
from bench.wire.codec import content_hash, to_json

FP32, INT8 = "m/fp32/litert/t1@local", "m/int8/litert/t1@local"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.running.artifacts.build_artifacts", copy_instead)
    made = Project(tmp_path / "project")
    made.write("models/m.keras", "first")
    made.write("suites/s.yaml", SUITE)
    made.git("init", "-q")
    made.commit()
    return made


def measure(project: Project, run_id: str = "run-1", **changes: Any) -> Path:
    """Leave a run of the suite as it is, with its files in the cache; `changes` are put over each record."""
    suite, built = project.suite, project.build()
    info = {
        "schema": 1, "suite": suite.name, "run": run_id, "overrides": to_json(Overrides()),
        "git": git_state(project.path.parent), "cases": [], "gate": {},
    }  # fmt: skip
    description = suite.models[0].description
    hashes = {name: content_hash(getattr(description, name)) for name in ("preprocess", "decode")}
    with RunFolder.create(project.folder / "results", suite.name, run_id, suite.text, info) as run:
        run.write_records(
            [
                Record(
                    schema=RECORD_SCHEMA, suite=suite.name, run=run_id, case=case.id, status="ok",
                    model="m", group="m", precision=case.precision, recipe=None, runtime="litert", threads=1,
                    host="local", description=to_json(description), artifact=to_json(built[case.id]),
                    hashes=hashes | {"suppression": content_hash(description.suppression)},
                    **changes,
                )
                for case in suite.cases
            ]
        )  # fmt: skip
    return run.path


def build_otherwise(*arguments: Any) -> dict[str, Artifact]:
    """Build as on another processor, where the last bits differ."""
    made = copy_instead(*arguments)
    return {key: replace(artifact, sha256="0" * 64) for key, artifact in made.items()}


def forget() -> None:
    """Empty the cache of model files, as on a fresh machine."""
    shutil.rmtree(Path(os.environ["BENCH_CACHE"]) / "artifacts")


def test_the_very_files_of_a_run_are_found_in_the_cache(project: Project) -> None:
    run = measure(project)
    before = project.build()
    project.write("models/m.keras", "second")
    older = project.find(str(run))
    assert {name: one.artifact for name, one in older.cases.items()} == before
    assert {one.source for one in older.cases.values()} == {"the file of run-1"}
    assert older.side is not None
    assert set(older.side.cases) == {FP32, INT8}
    assert older.commit == project.git("rev-parse", "HEAD")


def test_the_newest_finished_run_of_the_suite_is_meant_and_never_the_one_that_goes_on(
    project: Project,
) -> None:
    first = measure(project, "run-1")
    project.write("models/m.keras", "second")
    measure(project, "run-2")
    suite = project.suite
    RunFolder.create(project.folder / "results", "shop", "run-3", suite.text, {"overrides": {}}).close()
    RunFolder.create(project.folder / "results", "zoo", "run-1", suite.text, {"overrides": {}}).close()
    going_on = project.folder / "results" / "shop" / "run-2"
    results = str(project.folder / "results")
    assert contents(project.find(results))["fp32"] == b"second fp32"
    around: Surroundings = replace(project.around(), folder=going_on / "older")
    assert find_older(results, suite, around).name == str(first)
    # By whatever path results are named.
    (link := project.folder / "link").symlink_to(results)
    assert find_older(str(link), suite, around).name == str(link / "shop" / "run-1")


def test_results_that_hold_no_finished_run_are_an_error(project: Project) -> None:
    RunFolder.create(project.folder / "results", "shop", "run-3", "", {}).close()
    with pytest.raises(StoreError, match="no run there has records"):
        project.find(str(project.folder / "results"))


def test_files_that_are_gone_are_built_again_from_unchanged_sources(project: Project) -> None:
    run = measure(project)
    forget()
    older = project.find(str(run))
    assert contents(older) == {"fp32": b"first fp32", "int8": b"first int8"}
    told = "built again by this program from the unchanged sources of run-1"
    assert {one.source for one in older.cases.values()} == {told}


def test_files_that_are_gone_are_built_at_the_commit_of_the_run_where_sources_changed(
    project: Project,
) -> None:
    run, commit = measure(project), project.git("rev-parse", "HEAD")
    project.write("models/m.keras", "second")
    project.commit()
    forget()
    older = project.find(str(run))
    assert contents(older) == {"fp32": b"first fp32", "int8": b"first int8"}
    assert older.cases[INT8].source == f"built by this program from {commit[:10]}"


def test_a_run_of_changes_that_nobody_committed_cannot_be_built_again(project: Project) -> None:
    project.write("models/m.keras", "changed")
    run = measure(project)
    project.write("models/m.keras", "first")
    forget()
    older = project.find(str(run))
    assert older.cases == {}
    assert "makes another one; it was measured with changes that were not committed" in older.missing[FP32]


def test_a_dirty_checkout_is_no_hindrance_where_the_same_file_comes_out(project: Project) -> None:
    project.write("README", "words")
    project.commit()
    project.write("README", "other words")
    run = measure(project)
    project.write("models/m.keras", "second")
    forget()
    assert contents(project.find(str(run)))["fp32"] == b"first fp32"


def test_a_case_that_was_not_there_or_had_no_file_is_missing_with_its_reason(project: Project) -> None:
    run = measure(project)
    project.write("suites/s.yaml", SUITE.replace("[fp32, int8]", "[fp32, int8, fp16]"))
    assert project.find(str(run)).missing == {"m/fp16/litert/t1@local": "run-1 has no such case"}
    failed = measure(project, "run-2", reason="it crashed")
    lines = (failed / "records.jsonl").read_text().replace('"artifact":', '"old":')
    (failed / "records.jsonl").write_text(lines)
    assert project.find(str(failed)).missing[INT8] == "in run-2: it crashed"


def test_a_baseline_is_found_by_its_name_and_by_its_file(project: Project) -> None:
    run = measure(project)
    (path,) = write_baseline(project.folder / "kept", read_side(run), "main")
    before = project.build()
    project.write("models/m.keras", "second")
    assert check_origin("main", project.suite, project.folder / "kept") == "baseline"
    for name in ("main", str(path)):
        older = project.find(name)
        assert {case: one.artifact for case, one in older.cases.items()} == before
        assert (older.name, older.missing) == ("baseline main", {})
        assert older.side is not None


def test_of_a_baseline_of_two_machines_the_figures_of_the_one_measured_on_are_judged_against(
    project: Project,
) -> None:
    side = read_side(measure(project))
    for cpu, size in (("AMD EPYC", 1.0), ("Xeon", 2.0)):
        values = {"size_bytes": size}
        cases = {
            n: replace(c, setting=c.setting | {"cpu": cpu}, values=values) for n, c in side.cases.items()
        }
        write_baseline(project.folder / "kept", replace(side, cases=cases), "main")
        older = project.find("main")
        stored = older.stored_for(replace(side, cases=cases))
        assert stored is not None
        assert stored.cases[FP32].values == values
    assert len(older.baselines) == 2


def test_a_baseline_whose_files_are_gone_is_built_at_its_commit(project: Project) -> None:
    write_baseline(project.folder / "kept", read_side(measure(project)), "main")
    commit = project.git("rev-parse", "HEAD")
    project.write("models/m.keras", "second")
    project.commit()
    forget()
    older = project.find("main")
    assert contents(older)["int8"] == b"first int8"
    assert older.cases[INT8].source == f"built by this program from {commit[:10]}"
    assert older.commit == commit


def test_a_file_that_comes_out_otherwise_on_this_machine_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_baseline(project.folder / "kept", read_side(measure(project)), "main")
    forget()
    monkeypatch.setattr("bench.running.artifacts.build_artifacts", build_otherwise)
    older = project.find("main")
    assert older.cases[INT8].source.endswith("which makes other bytes here than its file had")


def test_a_baseline_from_before_another_description_is_built_at_its_commit(project: Project) -> None:
    write_baseline(project.folder / "kept", read_side(measure(project)), "main")
    project.write("suites/s.yaml", SUITE.replace("{size: 64}", "{size: 64, color: bgr}"))
    older = project.find("main")
    assert older.cases[FP32].description.preprocess.color == "rgb"
    assert project.suite.models[0].description.preprocess.color == "bgr"


def test_a_baseline_that_was_kept_outside_of_git_says_so_where_its_files_are_gone(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (project.folder / ".git").rename(tmp_path / "gone")
    write_baseline(project.folder / "kept", read_side(measure(project)), "main")
    forget()
    assert "measured outside of a git checkout" in project.find("main").missing[INT8]
