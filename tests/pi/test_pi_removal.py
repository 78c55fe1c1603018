"""What the product left on a Pi goes without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulator import EmulatedPi
from pi_trial import Trial

pytestmark = pytest.mark.pi


def test_cleaning_leaves_nothing(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi)
    pi.run("mkdir -p ~/.cache/detector-bench && touch ~/.cache/other")
    assert trial.bench("host", "clean", "pi").returncode == 0
    assert pi.run("ls -A ~/.cache").stdout.split() == ["other"]
    running = pi.run("ps -eo args").stdout
    assert "detector-bench" not in running
    listening = pi.run("ss -H -tuln | awk '{print $5}'").stdout.split()
    assert {address.rpartition(":")[2] for address in listening} == {"22"}
