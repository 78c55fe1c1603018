"""Pictures for slides: 16:9 at full size, readable on light and dark, nothing outside of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_hosts import EMULATED, on_host
from fake_records import hostile_records, quickstart_records
from PIL import Image

from bench.report.building import build_report
from bench.report.drawing import drawing_settings
from bench.report.forms.slides import GROUNDS, Look, Theme, draw_slide, write_slides
from bench.report.model import Chart, CourseChart, CourseLine, ReportModel

# A sustained run without surprises.
MINUTES, FLAT, NEVER = (0.0, 10.0, 20.0), (50.0, 60.0, 61.0), (False, False, True)


@pytest.fixture(scope="module")
def report() -> ReportModel:
    return build_report(quickstart_records())


def only_latency(report: ReportModel) -> ReportModel:
    """Return the report with one chart, which is enough to see how it looks."""
    from dataclasses import replace

    return replace(report, sections=(replace(report.sections[0], charts=report.sections[0].charts[:1]),))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours. Source: WCAG 2.1, relative luminance and contrast ratio."""

    def luminance(color: str) -> float:
        levels = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_slide_is_16_to_9_and_its_ink_can_be_read(
    report: ReportModel, theme: Theme, tmp_path: Path
) -> None:
    (path,) = write_slides(only_latency(report), tmp_path, Look(theme))
    ground, ink = GROUNDS[theme]
    with Image.open(path) as image:
        assert image.size == (1920, 1080)
        assert image.getpixel((5, 5))[:3] == tuple(bytes.fromhex(ground[1:]))  # type: ignore[index]
        colors = image.convert("RGB").getcolors(1 << 24) or []
    seen = {color for count, color in colors if count > 500}
    assert tuple(bytes.fromhex(ink[1:])) in seen and (1, 2, 3) not in seen
    assert contrast(ground, ink) > 12


def test_a_transparent_slide_has_no_background(report: ReportModel, tmp_path: Path) -> None:
    (path,) = write_slides(only_latency(report), tmp_path, Look(is_transparent=True))
    with Image.open(path) as image:
        alpha = np.asarray(image.convert("RGBA"))[:, :, 3]
    assert (alpha == 0).mean() > 0.8 and alpha.max() == 255


def test_no_text_leaves_the_slide_and_type_is_large(report: ReportModel) -> None:
    from matplotlib.text import Text

    emulated = build_report([*quickstart_records(), *on_host("pi5"), *on_host("emu", EMULATED)])
    lines = [
        CourseLine(f"{name} on litert, 4 threads", name, "litert", MINUTES, FLAT, MINUTES, FLAT, FLAT, NEVER)
        for name in ("fp32", "fp16", "int8", "qat")
    ]
    course = CourseChart("sustained", "Sustained runs", "Minutes", "", tuple(lines))
    charts: list[tuple[Chart | CourseChart, str]]
    charts = [(report.sections[0].charts[0], ""), (emulated.across[0].charts[0], emulated.banner)]
    charts.append((course, ""))
    for chart, mark in charts:
        with drawing_settings("x"):
            figure = draw_slide(chart, "shapes on local", mark)
            figure.draw_without_rendering()
            box = figure.get_tightbbox()
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.get_figwidth()
            assert box.y1 <= figure.get_figheight()
            texts = [one for one in figure.findobj(Text) if one.get_text().strip()]
            # A slide is 13.33 inches wide, so that a point here is more than two there.
            assert len(texts) > 20 and min(one.get_fontsize() for one in texts) * 13.33 / 6.4 >= 14


def test_many_hosts_make_several_slides_and_none_is_left_out(tmp_path: Path) -> None:
    from bench.report.forms.slides import charts_of

    records = [record for place in range(5) for record in on_host(f"pi{place}")]
    across = [chart for heading, chart in charts_of(build_report(records)) if chart.key == "hosts"]
    hosts = [{point.host for point in chart.points} for chart in across]  # type: ignore[union-attr]
    assert [len(one) for one in hosts] == [3, 2] and len(set.union(*hosts)) == 5


@pytest.mark.slow
def test_hostile_names_are_drawn_as_letters(tmp_path: Path) -> None:
    assert write_slides(build_report(hostile_records()), tmp_path, Look())
