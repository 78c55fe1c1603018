"""Decode families: how the outputs of a kind of detector are read. One file a family."""

from bench.detectors.families.base import FAMILIES, Family, load_family

__all__ = ["FAMILIES", "Family", "load_family"]
