"""Turns the build worker's events into steps for the listener, and remembers what each build took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.running.listener import Listener, Step


class BuildWatch:
    """Follows builds by their key.

    Args:
        subjects: build key -> the case that it is built for, as a person knows it.
    """

    def __init__(self, listener: Listener, subjects: Mapping[str, str]) -> None:
        self._listener, self._subjects = listener, subjects
        self._num_started = 0
        self._step = Step("build", "")
        self._started = 0.0
        self.seconds: dict[str, float] = {}

    def __call__(self, event: dict[str, Any]) -> None:
        """Pass one event on."""
        kind, key = event["type"], event.get("key", "")
        if kind == "started":
            self._begin(key, event["time"])
        elif kind == "progress" and event.get("total"):
            self._listener.progress(self._step, event["done"] / event["total"])
        elif kind in ("result", "failed"):
            self._end(key, event)

    def _begin(self, key: str, now: float) -> None:
        self._num_started += 1
        self._started = now
        self._step = Step("build", self._subjects.get(key, key), self._num_started, len(self._subjects))
        self._listener.begin(self._step)

    def _end(self, key: str, event: dict[str, Any]) -> None:
        self.seconds[key] = event["time"] - self._started
        self._listener.end(self._step, self.seconds[key], event.get("message", ""))
