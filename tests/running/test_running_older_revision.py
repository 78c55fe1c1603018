"""Older model files of a git revision: built from its suite and its sources, and from nothing else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from older_project import SUITE, Project, contents, copy_instead, only

from bench.core.suite import Overrides
from bench.errors import UsageError
from bench.running.older import check_origin, find_older
from bench.running.older.checkout import Checkout, Entry
from bench.suite import apply_overrides

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


def test_files_are_built_from_the_model_as_it_was(project: Project) -> None:
    first = project.git("rev-parse", "HEAD")
    project.write("models/m.keras", "second")
    project.commit()
    older = project.find("git:HEAD~1")
    assert contents(older) == {"fp32": b"first fp32", "int8": b"first int8"}
    assert (older.name, older.commit, older.missing, older.side) == (
        f"HEAD~1 ({first[:10]})",
        first,
        {},
        None,
    )
    assert older.cases[FP32].source == f"built by this program from {first[:10]}"
    assert contents(project.find(first)) == contents(older)


def test_changes_that_are_not_committed_are_compared_with_what_is(project: Project) -> None:
    project.write("models/m.keras", "second")
    assert contents(project.find("HEAD"))["fp32"] == b"first fp32"


def test_what_did_not_change_is_used_where_it_lies(project: Project) -> None:
    now = project.build()
    older = project.find("HEAD")
    assert {name: one.artifact for name, one in older.cases.items()} == now


def test_a_case_that_the_revision_lacks_is_missing_with_its_reason(project: Project) -> None:
    project.write("suites/s.yaml", SUITE.replace("[fp32, int8]", "[fp32, int8, fp16]"))
    older = project.find("HEAD")
    (reason,) = older.missing.values()
    assert list(older.missing) == ["m/fp16/litert/t1@local"]
    assert reason.endswith("has no such case")
    assert set(older.cases) == {FP32, INT8}


def test_a_case_that_the_revision_had_and_the_suite_lacks_is_told(project: Project) -> None:
    project.write("suites/s.yaml", SUITE.replace("[fp32, int8]", "[fp32]"))
    assert project.find("HEAD").removed == (INT8,)


def test_a_case_that_cannot_be_made_any_more_is_told(project: Project) -> None:
    cases = (replace(case, unavailable="no such converter") for case in project.suite.cases)
    assert project.find("HEAD", replace(project.suite, cases=tuple(cases))).removed == (FP32, INT8)


def test_a_case_that_nobody_asked_for_was_not_removed(project: Project) -> None:
    asked = Overrides(only=("precision=fp32",))
    suite = apply_overrides(project.suite, asked)
    assert find_older("HEAD", suite, project.around(asked)).removed == ()
    other = replace(
        suite, cases=tuple(replace(case, host="pi", id=f"{case.id[:-5]}pi") for case in suite.cases)
    )
    asked = replace(asked, hosts=("pi",))
    assert find_older("HEAD", other, project.around(asked)).removed == ()


def test_threads_and_host_of_a_case_do_not_change_its_file(project: Project) -> None:
    text = SUITE.replace("[fp32, int8]}", "[fp32, int8], threads: [1, 4]}")
    project.write("suites/s.yaml", text)
    assert "m/int8/litert/t4@local" in project.find("HEAD").cases


def test_a_suite_that_is_new_has_only_new_cases(project: Project) -> None:
    project.path.unlink()
    project.commit()
    project.write("suites/s.yaml", SUITE)
    reasons = project.find("HEAD").missing
    assert set(reasons) == {FP32, INT8}
    assert all(reason.endswith("has no s.yaml: the case is new") for reason in reasons.values())


def test_an_older_suite_that_cannot_be_read_is_told_case_by_case(project: Project) -> None:
    project.write("suites/s.yaml", SUITE + "matrx: 1\n")
    project.commit()
    project.write("suites/s.yaml", SUITE)
    reason = project.find("HEAD").missing[FP32]
    assert "cannot be read" in reason
    assert "matrx" in reason
    assert project.find("HEAD").lost == {FP32, INT8}


def test_a_model_that_git_does_not_keep_is_no_older_state(project: Project) -> None:
    project.git("rm", "-q", "--cached", "models/m.keras")
    project.write(".gitignore", "models/\n")
    project.commit()
    project.write("models/m.keras", "second")
    reason = project.find("HEAD").missing[INT8]
    assert "git does not keep" in reason
    assert "m.keras" in reason
    assert project.find("HEAD").lost == {FP32, INT8}


def test_a_model_outside_of_the_checkout_is_no_older_state(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS", str(tmp_path))
    (tmp_path / "m.keras").write_bytes(b"elsewhere")
    project.write("suites/s.yaml", SUITE.replace("../models/m.keras", "${MODELS}/m.keras"))
    project.commit()
    assert "git does not keep" in project.find("HEAD").missing[FP32]


def test_recipes_of_the_revision_decide_not_those_of_today(project: Project) -> None:
    project.write("suites/s.yaml", SUITE + "recipes: {int8: {granularity: per_tensor}}\n")
    now, older = project.build(), project.find("HEAD")
    assert older.cases[INT8].artifact.recipe_key != now[INT8].recipe_key
    assert older.cases[FP32].artifact.recipe_key == now[FP32].recipe_key


def test_the_description_is_that_of_the_revision(project: Project) -> None:
    project.write("suites/s.yaml", SUITE.replace("{size: 64}", "{size: 32}"))
    assert project.find("HEAD").cases[FP32].description.preprocess.width == 64
    assert project.suite.models[0].description.preprocess.width == 32


def test_older_files_are_made_as_small_as_the_new_ones_are(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.suite.overrides._SMOKE_CALIBRATION", 1)
    small = find_older("HEAD", project.suite, project.around(Overrides(profile="smoke")))
    assert small.cases[INT8].artifact.recipe_key != project.find("HEAD").cases[INT8].artifact.recipe_key


def test_only_the_cases_that_are_asked_for_are_built(project: Project) -> None:
    older = project.find("HEAD", only(project.suite, "fp32"))
    assert (list(older.cases), older.missing) == ([FP32], {})


def with_photos(calibration: str) -> str:
    """Return the suite with rendered photos taken as files of one's own, calibrated on those of a folder."""
    annotations = next(Path(os.environ["BENCH_CACHE"]).rglob("*-evaluation-*/instances.json"))
    coco = f"{{images: {annotations.parent}/images, annotations: {annotations}}}"
    data = f"data: {{coco: {coco}, calibration: {{images: {calibration}}}}}"
    return SUITE.replace(SUITE.splitlines()[5], data)


def test_photos_in_git_are_those_of_the_revision(project: Project) -> None:
    project.around()
    first, second = sorted(Path(os.environ["BENCH_CACHE"]).rglob("*-calibration-*/images/*"))
    project.write("suites/s.yaml", with_photos("../photos"))
    project.write("photos/a.png", first.read_bytes())
    project.commit()
    before = project.build()[INT8].recipe_key
    project.write("photos/b.png", second.read_bytes())
    project.commit()
    older = project.find("HEAD~1")
    assert older.cases[INT8].artifact.recipe_key == before != project.build()[INT8].recipe_key
    assert older.cases[INT8].source.endswith(older.commit[:10])


def test_photos_that_git_does_not_keep_are_taken_as_they_are_and_that_is_told(project: Project) -> None:
    project.around()
    photos = next(Path(os.environ["BENCH_CACHE"]).rglob("*-calibration-*/images"))
    project.write("suites/s.yaml", with_photos(str(photos)))
    project.commit()
    older = project.find("HEAD")
    assert older.cases[INT8].source.endswith("with the calibration images as they are now")
    assert older.cases[FP32].source.endswith(older.commit[:10])


def test_the_content_behind_a_pointer_of_git_lfs_is_used(project: Project) -> None:
    content = b"a large model"
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    project.write("models/m.keras", pointer)
    project.commit()
    project.write("models/m.keras", "now")
    assert "git LFS has not the content of models/m.keras" in project.find("HEAD").missing[FP32]
    project.write(f".git/lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}", content)
    assert contents(project.find("HEAD"))["fp32"] == b"a large model fp32"


def test_links_of_a_revision_are_not_followed(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.keras").write_bytes(b"secret")
    (project.folder / "models" / "m.keras").unlink()
    os.symlink(tmp_path / "secret.keras", project.folder / "models" / "m.keras")
    project.commit()
    (project.folder / "models" / "m.keras").unlink()
    project.write("models/m.keras", "now")
    reason = project.find("HEAD").missing[FP32]
    assert "git does not keep" in reason
    assert "m.keras" in reason
    assert project.find("HEAD").lost == {FP32, INT8}


def test_no_path_of_a_revision_leads_out_of_where_it_is_written(project: Project, tmp_path: Path) -> None:
    oid = project.git("rev-parse", "HEAD:models/m.keras")
    checkout = Checkout(project.folder)
    for path in ("../out", "/out", "a/../../out", "a/.git/config", "a//b"):
        with pytest.raises(UsageError, match="not the path of a file below a checkout"):
            checkout.write([Entry("100644", oid, path)], tmp_path / "tree")
    assert not (tmp_path / "out").exists()


def test_names_with_odd_signs_are_only_names(project: Project) -> None:
    for name in ("a b.keras", "-q.keras", "[x]*.keras", "käse$(touch x).keras"):
        project.write(f"models/{name}", name)
        project.write("suites/s.yaml", SUITE.replace("../models/m.keras", f'"../models/{name}"'))
        project.commit()
        project.write(f"models/{name}", "now")
        assert contents(project.find("HEAD"))["fp32"].decode() == f"{name} fp32"


def test_a_name_that_is_nothing_is_refused_before_any_work(project: Project) -> None:
    with pytest.raises(
        UsageError, match=r"--against mian: no results folder, no baseline below .* and no git"
    ):
        check_origin("mian", project.suite, project.folder / "kept")
    with pytest.raises(UsageError, match=r"'origin/main': .* has no such commit; fetch it.*fetch-depth: 0"):
        check_origin("git:origin/main", project.suite, project.folder / "kept")
    with pytest.raises(UsageError, match="has no such commit"):
        check_origin("git:--output=x", project.suite, project.folder / "kept")
    assert check_origin("main", project.suite, project.folder / "kept") == "revision"


def test_a_suite_outside_of_a_checkout_has_no_revision(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (project.folder / ".git").rename(tmp_path / "gone")
    with pytest.raises(UsageError, match="lies in no git checkout"):
        check_origin("git:HEAD", project.suite, project.folder / "kept")


def test_a_checkout_that_git_does_not_trust_is_told_in_its_words(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container whose user does not own the files.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for name in ("git:HEAD", "HEAD"):
        with pytest.raises(UsageError, match="dubious ownership.*safe.directory"):
            check_origin(name, project.suite, project.folder / "kept")


@pytest.mark.parametrize("name", ["^HEAD", "--all", "HEAD:suites", "HEAD..HEAD", ""])
def test_what_names_no_commit_is_refused_before_any_work(project: Project, name: str) -> None:
    with pytest.raises(UsageError, match="no such commit"):
        check_origin(f"git:{name}", project.suite, project.folder / "kept")
