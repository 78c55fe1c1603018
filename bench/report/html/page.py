"""The report as one page: what to ship first, then hosts beside each other, then each host by itself."""

from __future__ import annotations

from collections.abc import Mapping

from bench.report.detail import style as detail_style
from bench.report.detail.model import CaseDetail
from bench.report.gallery import style as gallery_style
from bench.report.gallery.html import render_gallery
from bench.report.html.answers import answers
from bench.report.html.elements import bullets, heading, paragraph, text
from bench.report.html.frame import page
from bench.report.html.parts import across, failures, provenance, section
from bench.report.model import ReportModel, Section

PHOTOS = "Where they differ, on photos"

Pictures = Mapping[tuple[int, str], str]


def render_page(report: ReportModel, pictures: Pictures) -> str:
    """Render a report.

    Args:
        pictures: (section index, chart key) -> `<svg>` element; charts without one are left out. Parts over
            several hosts count from -1 downwards.
    """
    banner = f'<p class="banner" role="alert">{text(report.banner)}</p>\n' if report.banner else ""
    parts = [
        f"<header>\n<h1>{text(report.title)}</h1>\n{paragraph(report.summary, 'soft')}{banner}",
        _contents(report),
        "</header>\n",
        answers(report.sections),
        *(across(-1 - index, part, pictures) for index, part in enumerate(report.across)),
        *(
            section(index, part, pictures, _details_of(part, report))
            for index, part in enumerate(report.sections)
        ),
        _photos(report),
        failures(report.failures),
        heading(2, "How to read this", "reading") + bullets(report.reading),
        heading(2, "Where the figures come from", "provenance") + provenance(report.provenance),
    ]
    return page(
        f"{report.title}: what each precision costs",
        "".join(parts),
        (detail_style.STYLE, gallery_style.STYLE),
    )


def _details_of(part: Section, report: ReportModel) -> list[CaseDetail]:
    """Return the details of the cases of a section."""
    return [detail for detail in report.details if detail.keys.case in part.cases]


def _photos(report: ReportModel) -> str:
    if report.gallery is None:
        return ""
    return f"<section>\n{heading(2, PHOTOS, 'photos')}{render_gallery(report.gallery)}</section>\n"


def _contents(report: ReportModel) -> str:
    """Return links to the parts, in the order of the page."""
    links = [("answers", "What to ship")] if report.sections else []
    links += [(f"across-{index}", part.title) for index, part in enumerate(report.across)]
    links += [(f"section-{index}", part.title) for index, part in enumerate(report.sections)]
    links += [("photos", PHOTOS)] if report.gallery else []
    links += [("failures", "Cases without figures")] if report.failures else []
    links += [("reading", "How to read this"), ("provenance", "Where the figures come from")]
    items = "".join(f'<li><a href="#{anchor}">{text(words)}</a></li>\n' for anchor, words in links)
    return f'<nav aria-label="On this page">\n<ul>\n{items}</ul>\n</nav>\n'
