"""A third-party detector on real photos, on the emulated Pi and on this machine in one run.

Needs the folder that BENCH_REAL_DATA names: models, photos, annotations.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from emulator import EmulatedPi
from pi_trial import ROOT, Trial

pytestmark = [pytest.mark.pi, pytest.mark.real]

MODELS = {"fastestdet_352": "onnxruntime", "yolov8n_224_int8": "litert"}
# Of four photos no accuracy can be told; what differs between the hosts is.
FEW = ("--profile", "smoke", "--limit", "4")


def test_a_real_detector_finds_the_same_on_a_pi(pi: EmulatedPi, tmp_path: Path) -> None:
    if not os.environ.get("BENCH_REAL_DATA"):
        pytest.skip("BENCH_REAL_DATA is not set: no third-party models and photos to try")
    trial = Trial(tmp_path, pi)
    only = [word for model in MODELS for word in ("--only", f"model={model}")]
    suite = ROOT / "suites" / "given-files.yaml"
    done = trial.bench(
        "run", suite, *FEW, *only, "--host", "local", "--host", "pi", "--results", trial.results
    )
    assert done.returncode == 0
    records = {(record["host"], record["model"]): record for record in trial.records()}
    assert set(records) == {(host, model) for host in ("local", "pi") for model in MODELS}
    for (host, model), record in records.items():
        assert record["status"] == "ok", record["reason"]
        assert record["runtime"] == MODELS[model]
        assert record["proof"]["runtime_version"]
        assert record["environment"]["architecture"] == "aarch64" or host == "local"
    for model in MODELS:
        here, there = records["local", model], records["pi", model]
        values = [
            next(m["value"] for m in record["metrics"] if m["name"] == "map_50_95")
            for record in (here, there)
        ]
        # Integer kernels round differently on ARM; four photos magnify it.
        assert abs(values[0] - values[1]) < 0.1
        assert there["parity"]["num_images"] == 4
        assert 0 < there["parity"]["share_equal"] <= there["parity"]["share_matched"] <= 1
