"""Older model files that new ones are measured next to: of earlier results, a baseline, a git revision."""

from bench.running.older.finding import check_origin, find_older
from bench.running.older.nouns import Older, OlderCase, Surroundings

__all__ = ["Older", "OlderCase", "Surroundings", "check_origin", "find_older"]
