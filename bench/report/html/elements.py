"""Small elements of a page. Every text is escaped here, so that the parts that use them cannot forget it.

A function takes texts as they are, and bodies as HTML that these functions made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from bench.report.table import Cell, Keys
from bench.report.texts import printable


def text(words: str) -> str:
    """Return a text on one line, escaped for bodies and for attributes alike."""
    return escape(printable(words), quote=True)


def attributes(values: Mapping[str, object]) -> str:
    """Return ` name="value"` for all values but None, False, NaN and empty texts; True is a name by itself.

    Args:
        values: names are ours, never from a suite; a float is written so that it reads back the same.
    """
    return "".join(
        f" {name}" if value is True else f' {name}="{text(_written(value))}"'
        for name, value in values.items()
        if _is_given(value)
    )


def _is_given(value: object) -> bool:
    if value is None or value is False or value == "":
        return False
    return not isinstance(value, float) or math.isfinite(value)


def _written(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def element(tag: str, body: str, **values: object) -> str:
    """Return an element; `class_` and `data_case` are written `class` and `data-case`."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in values.items()}
    return f"<{tag}{attributes(named)}>{body}</{tag}>"


def keyed(keys: Keys | None) -> str:
    """Return the attributes by which the page's filters find a row, a point or a part."""
    if keys is None:
        return ""
    values = {
        "data-case": keys.case,
        "data-host": keys.host,
        "data-runtime": keys.runtime,
        "data-precision": keys.precision,
        "data-threads": keys.threads,
    }
    return ' data-keyed=""' + attributes(values)


def traced(cell: Cell, case: str = "") -> str:
    """Return the attributes that say which record a figure is from, and its value in base units.

    Args:
        case: that of the keyed element around it; the attribute leaves it out and begins with `#`.
    """
    ends = cell.ends or (None, None)
    values = {
        "data-value": cell.value,
        "data-record": cell.record.removeprefix(case) if cell.record.startswith(f"{case}#") else cell.record,
        "data-low": ends[0],
        "data-high": ends[1],
    }
    return attributes(values)


def figure_text(cell: Cell, case: str = "") -> str:
    """Return a figure for running text or a list: `<span>` with its interval, traced to its record.

    Args:
        case: see `traced`.
    """
    detail = f' <span class="detail">{text(cell.detail)}</span>' if cell.detail else ""
    about = attributes({"class": cell.tone, "title": cell.note}) + traced(cell, case)
    return f"<span{about}>{text(cell.text)}</span>{detail}"


def folded(title: str, body: str, keys: Keys | None = None, is_open: bool = False, kind: str = "") -> str:
    """Return a part that the reader opens; it prints open.

    Args:
        kind: its class, for the style.
    """
    opened = " open" if is_open else ""
    return (
        f"<details{attributes({'class': kind})}{keyed(keys)}{opened}>\n<summary>{text(title)}</summary>\n"
        f"{body}</details>\n"
    )


def bullets(items: Iterable[str], kind: str = "") -> str:
    """Return a list of sentences; nothing without any."""
    lines = "".join(f"<li>{text(item)}</li>\n" for item in items)
    return f"<ul{attributes({'class': kind})}>\n{lines}</ul>\n" if lines else ""


def paragraph(words: str, kind: str = "") -> str:
    """Return a paragraph; nothing for an empty text. `note` is small and soft, `label` a loud warning."""
    return f"<p{attributes({'class': kind})}>{text(words)}</p>\n" if words else ""


def heading(level: int, words: str, anchor: str = "") -> str:
    """Return a heading. `anchor` is an id of ours."""
    return f"<h{level}{attributes({'id': anchor})}>{text(words)}</h{level}>\n"


def facts(items: Sequence[tuple[str, str | Cell]]) -> str:
    """Return names and values beside each other; values that are cells are traced."""
    lines = "".join(
        f"<dt>{text(name)}</dt><dd>{figure_text(value) if isinstance(value, Cell) else text(value)}</dd>\n"
        for name, value in items
    )
    return f'<dl class="facts">\n{lines}</dl>\n' if lines else ""


def preformatted(lines: Iterable[str]) -> str:
    """Return lines as they were written, without empty ones."""
    shown = [line for line in map(printable, lines) if line]
    return f"<pre>{escape(chr(10).join(shown))}</pre>" if shown else ""


def picture(title: str, svg: str, caption: str = "", keys: Keys | None = None, level: int = 4) -> str:
    """Return a figure with its title; `svg` is an element made by us, with a label of its own."""
    below = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return f"<figure{keyed(keys)}>{heading(level, title)}{svg}{below}</figure>\n"


def swatch(precision: str) -> str:
    """Return the small coloured mark of a precision, beside its name, never instead of it."""
    return f'<i class="swatch" aria-hidden="true"{attributes({"data-color": precision})}></i>'
