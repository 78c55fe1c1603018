"""Texts of unknown origin, made fit for one line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text on one line, without control characters that could move a cursor or break a file."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
