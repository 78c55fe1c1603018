"""matplotlib's SVG files made into elements of a page: own ids, the page's colour and fonts."""

from __future__ import annotations

import re
from html import escape

from bench.report.model import Chart, CourseChart
from bench.report.texts import printable

# Stands for the page's text colour in an SVG and is replaced by `currentColor`.
INK = "#010203"


def clean_svg(text: str, chart: Chart | CourseChart, prefix: str) -> str:
    """Make matplotlib's file an element: no prolog, no metadata, own ids, the page's colour and fonts."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    body = re.sub(r'href="#', f'href="#{prefix}-', body)
    body = body.replace(INK, "currentColor").replace("'DejaVu Sans'", "system-ui, sans-serif")
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    label = escape(printable(f"{chart.title}: {chart.x_title}"), quote=True)
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
