"""Who finds a board taken by a run of his own is told how to end it; others are not."""

import pytest

from bench.running.leasing import _refusal, owner_name


@pytest.mark.parametrize(
    ("host", "owner", "is_told"),
    [("pi5", owner_name(), True), ("pi5", "ann@laptop", False), ("local", owner_name(), False)],
)
def test_only_the_owner_of_a_run_on_a_device_is_told_how_to_end_it(
    host: str, owner: str, is_told: bool
) -> None:
    told = _refusal(host, f"{owner} measures there, run r, for 2 min", 0.0)
    assert told.startswith(
        f"{host} is busy: {owner} measures there, run r, for 2 min; wait for it with --wait"
    )
    assert (f"`bench host stop {host}`" in told) is is_told
