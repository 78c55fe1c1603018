"""What a terminal shows: the columns that a text takes, cutting, padding, wrapping, and colours where wanted.

Whether colours are wanted, and how wide the terminal is, finds out who prints.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from bench.report.palette import color_of
from bench.report.table import Tone

# SGR codes (ECMA-48): the 8 basic colours follow the terminal's own theme, so that they can be read on it.
_TONES: dict[Tone, str] = {"good": "32", "bad": "31", "muted": "2", "chosen": "1"}
_RESET = "\x1b[0m"

# Levels of the 6 x 6 x 6 colour cube that terminals of 256 colours have, from entry 16 on.
_CUBE = (0, 95, 135, 175, 215, 255)

DOT = "●"


@dataclass(frozen=True)
class Screen:
    """Where a text is shown.

    Attributes:
        columns: how many characters fit beside each other; None where nothing limits them (a file, a pipe).
    """

    is_colored: bool = False
    columns: int | None = None

    def paint(self, text: str, tone: Tone) -> str:
        """Colour a text by what it means; as it is where there are no colours."""
        code = _TONES.get(tone, "")
        return f"\x1b[{code}m{text}{_RESET}" if self.is_colored and code and text.strip() else text

    def dot(self, precision: str) -> str:
        """Return a dot in a precision's colour, and a blank; nothing where there are no colours."""
        return f"\x1b[38;5;{_entry(color_of(precision))}m{DOT}{_RESET} " if self.is_colored else ""


PLAIN = Screen()


def text_width(text: str) -> int:
    """Count the columns that a printable text takes: wide East Asian letters two, combining marks none.

    Source: Unicode Standard Annex 11 (East Asian Width); ambiguous letters are narrow, as in most terminals.
    """
    return len(text) if text.isascii() else sum(map(_width, text))


def pad(text: str, width: int, to_right: bool = False) -> str:
    """Fill a text with blanks to a width, at its end, or before it."""
    blanks = " " * (width - text_width(text))
    return blanks + text if to_right else text + blanks


def cut(text: str, width: int) -> str:
    """Shorten a text that takes more columns than may be; marks stay with their letters."""
    if text_width(text) <= width:
        return text
    kept, used = "", 1
    for character in text:
        used += _width(character)
        if used > width:
            break
        kept += character
    return kept.rstrip() + "…"


def wrap(text: str, screen: Screen, indent: str) -> list[str]:
    """Break a text between words into lines that fit; each begins with the indent."""
    lines: list[str] = []
    for word in text.split():
        if lines and (not screen.columns or text_width(f"{lines[-1]} {word}") <= screen.columns):
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _entry(color: str) -> int:
    """Return the entry of the 256-colour table that is nearest to `#rrggbb`."""
    levels = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    red, green, blue = (min(range(len(_CUBE)), key=_distance_from(level)) for level in levels)
    return 16 + 36 * red + 6 * green + blue


def _distance_from(level: int) -> Callable[[int], int]:
    return lambda step: abs(_CUBE[step] - level)
