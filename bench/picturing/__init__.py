"""From a run folder to its gallery: which photos differ most, with boxes. Scores nothing."""

from bench.picturing.gathering import make_gallery

__all__ = ["make_gallery"]
