"""The frame of every page: one file without network, with our own style and one script of ours.

Whatever a name in a suite says, nothing else is run or loaded: the policy names the script by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from bench.report.html.elements import text
from bench.report.palette import COLORS, OTHER_COLOR


def page(title: str, body: str, styles: Sequence[str] = ()) -> str:
    """Return a whole page.

    Args:
        body: HTML of everything within `<main>`.
        styles: rules of single parts, behind those of the page.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
        f"<title>{text(title)}</title>\n<style>\n{_style()}{''.join(styles)}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n<script>{_script()}</script>\n</body>\n</html>\n"
    )


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@cache
def _script() -> str:
    return _shipped("page.js")


@cache
def _style() -> str:
    swatches = "".join(
        f'.swatch[data-color="{name}"] {{ background: {color}; }}\n' for name, color in COLORS.items()
    )
    return f"{_shipped('page.css')}.swatch {{ background: {OTHER_COLOR}; }}\n{swatches}"


def _shipped(name: str) -> str:
    return files("bench.report.html").joinpath(name).read_text(encoding="utf-8")
