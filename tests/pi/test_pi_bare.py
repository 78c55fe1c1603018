"""From a Pi that has nothing but its Python and SSH to one report that compares it with this machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from emulator import EmulatedPi
from pi_trial import ROOT, Trial

pytestmark = pytest.mark.pi

QUICKSTART = ROOT / "suites" / "quickstart.yaml"
# Two cases under LiteRT and two under ONNX Runtime, on each host. Few images: one takes seconds there.
FOUR_CASES = ("--profile", "smoke", "--only", "precision=fp32", "--only", "precision=int8", "--limit", "8")


@pytest.fixture(scope="module")
def bare(pi: EmulatedPi, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A system without ensurepip and with a pip configuration that leads nowhere."""
    pi.make_bare()
    return Trial(tmp_path_factory.mktemp("bare"), pi)


def test_a_check_says_what_a_bare_pi_is_and_would_take(bare: Trial) -> None:
    done = bare.bench("host", "check", "pi")
    assert done.returncode == 0
    for fact in ("aarch64", "3.11", "2.36", "Raspberry Pi 4", "ondemand"):
        assert fact in done.stdout
    assert not _venvs(bare), "a check installs nothing"


def test_one_run_measures_a_bare_pi_and_this_machine(bare: Trial) -> None:
    done = bare.bench(
        "run", QUICKSTART, *FOUR_CASES, "--host", "local", "--host", "pi", "--results", bare.results
    )
    assert done.returncode == 0
    records = bare.records()
    measured = {(r["host"], r["runtime"], r["precision"]): r for r in records if r["status"] == "ok"}
    runtimes = ("litert", "onnxruntime")
    expected = {(h, r, p) for h in ("local", "pi") for r in runtimes for p in ("fp32", "int8")}
    assert set(measured) == expected
    for (host, runtime, precision), record in measured.items():
        is_here = host == "local"
        assert (record["environment"]["architecture"] == "aarch64") is not is_here
        assert record["proof"]["agent_sha256"]
        assert record["rounds_valid"] >= 2
        # The same bytes were measured on both.
        other = measured["pi" if is_here else "local", runtime, precision]
        assert record["artifact"]["sha256"] == other["artifact"]["sha256"]
        assert is_here or record["parity"]["host"] == "local"
        assert record["environment"]["is_emulated"] is not is_here
        assert not record["decision_grade"]


def test_the_report_of_both_hosts_says_that_an_emulators_figures_decide_nothing(bare: Trial) -> None:
    (run,) = {path.parent for path in bare.results.rglob("records.csv")}
    with open(run / "records.csv", newline="") as file:
        hosts = [row["host"] for row in csv.DictReader(file)]
    assert sorted(set(hosts)) == ["local", "pi"]
    report = (run / "report.md").read_text()
    assert "emulat" in report.lower()
    assert (run / "report.html").stat().st_size > 1000


def test_a_second_run_sends_no_file_again(bare: Trial, pi: EmulatedPi, tmp_path: Path) -> None:
    again = Trial(tmp_path, pi, host="pi-wire", rounds=1)
    assert again.run().returncode == 0
    pi.wire.reset_counts()
    assert again.run().returncode == 0
    # The archive of the agent alone is bigger than all that is said.
    assert pi.wire.num_bytes_sent < 100_000


def test_what_would_be_installed_again_is_found(bare: Trial) -> None:
    before = _venvs(bare)
    assert len(before) == 1
    assert bare.bench("host", "setup", "pi").returncode == 0
    assert _venvs(bare) == before
    facts = json.loads(bare.bench("host", "check", "pi", "--json").stdout)
    assert "onnxruntime" in json.dumps(facts)


def _venvs(trial: Trial) -> list[str]:
    return trial.pi.run("ls ~/.cache/detector-bench/venv").stdout.split()
