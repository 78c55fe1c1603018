"""Cooling before a round: how long is waited, what is said of it, and when nothing is waited for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bench.agent.cooling import INTERVAL_SECONDS, Cooler
from bench.wire.job import Cooling


class Room:
    """A board that cools by so much a second, in a time of its own."""

    def __init__(self, start_c: float, per_second: float, room_c: float = 20.0) -> None:
        self.now, self._start, self._rate, self._room = 0.0, start_c, per_second, room_c
        self.looks: list[dict[str, Any]] = []

    def read(self) -> float | None:
        return max(self._room, self._start - self._rate * self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def cool(self, cooling: Cooling) -> dict[str, Any] | None:
        return Cooler(self.read, self.sleep, lambda: self.now).wait(cooling, self.looks.append)


def test_it_waits_until_the_target_and_says_from_where_to_where() -> None:
    room = Room(80.0, 0.5)
    done = room.cool(Cooling(60.0, 600.0))
    assert done is not None and done["is_reached"] and done["waited_seconds"] == 40.0
    assert (done["from_c"], done["to_c"], done["target_c"], done["note"]) == (80.0, 60.0, 60.0, "")
    assert [look["temperature_c"] for look in room.looks[:3]] == [80.0, 79.0, 78.0]
    assert len(room.looks) == 40 / INTERVAL_SECONDS


def test_a_target_below_the_room_is_given_up_when_the_time_is_up() -> None:
    room = Room(50.0, 1.0, room_c=45.0)
    done = room.cool(Cooling(40.0, 61.0))
    assert done is not None and not done["is_reached"]
    assert (done["waited_seconds"], done["to_c"]) == (61.0, 45.0)


def test_without_a_target_nothing_is_read() -> None:
    assert Cooler(read=lambda: 1 / 0).wait(Cooling(), print) is None  # type: ignore[arg-type, return-value]


def test_without_a_thermometer_nothing_is_waited_for_and_that_is_said() -> None:
    done = Cooler(read=lambda: None, sleep=lambda seconds: 1 / 0).wait(Cooling(50.0), print)  # type: ignore[arg-type, return-value]
    assert done is not None and done["waited_seconds"] < 1 and not done["is_reached"]
    assert done["note"] == "no temperature can be read here, so nothing was waited for"


@given(start=st.floats(20, 90), rate=st.floats(0, 5), target=st.floats(1, 90), limit=st.floats(0, 1000))
def test_it_never_waits_longer_than_it_may_nor_when_it_is_cool(
    start: float, rate: float, target: float, limit: float
) -> None:
    room = Room(start, rate)
    done = room.cool(Cooling(target, limit))
    assert done is not None and done["waited_seconds"] <= limit + 0.001
    if start <= target:
        assert done["waited_seconds"] == 0 and not room.looks
    if not done["is_reached"]:
        assert done["waited_seconds"] >= limit - 0.001
