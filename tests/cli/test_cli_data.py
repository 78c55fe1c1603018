"""`bench data convert` as a user calls it."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED, EXIT_WRONG_USE, main

BOXES = {"a": [(0, 10, 4, 20, 8), (1, 0, 0, 40, 20)], "b": [], "c": [(1, 5, 5, 6, 7)]}
"""Class index and xywh in pixels of photos of 40 x 20."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the same photos labelled for YOLO and for Pascal VOC, as those formats say."""
    monkeypatch.chdir(tmp_path)
    for folder in ("yolo/images", "yolo/labels", "voc/JPEGImages", "voc/Annotations"):
        Path(folder).mkdir(parents=True)
    Path("yolo/data.yaml").write_text("val: images\nnames: [cat, dog]\n")
    for name, boxes in BOXES.items():
        for folder in ("yolo/images", "voc/JPEGImages"):
            Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(f"{folder}/{name}.jpg")
        rows = [f"{k} {(x + w / 2) / 40} {(y + h / 2) / 20} {w / 40} {h / 20}" for k, x, y, w, h in boxes]
        Path(f"yolo/labels/{name}.txt").write_text("\n".join(rows))
        objects = "".join(
            f"<object><name>{['cat', 'dog'][k]}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
            f"<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
            for k, x, y, w, h in boxes
        )
        Path(f"voc/Annotations/{name}.xml").write_text(
            f"<annotation><filename>{name}.jpg</filename>{objects}</annotation>"
        )
    return tmp_path


def boxes_of(path: str) -> dict[str, list[tuple[float, ...]]]:
    """Return what pycocotools finds: category id - 1 and box, by the photo's name."""
    coco = COCO(path)
    return {
        Path(image["file_name"]).stem: [
            (one["category_id"] - 1, *np.round(one["bbox"], 6))
            for one in coco.loadAnns(coco.getAnnIds(image["id"]))
        ]
        for image in coco.loadImgs(coco.getImgIds())
    }


@pytest.mark.parametrize("source", ["yolo", "yolo/data.yaml", "yolo/images", "voc", "voc/Annotations"])
def test_boxes_come_through_the_conversion(source: str, place: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    kind = source.split("/")[0]
    more = ["--images", "voc/JPEGImages"] if source == "voc/Annotations" else []
    assert main(["data", "convert", source, "--format", kind, "--output", "out/x.json", *more]) == EXIT_GOOD
    shown = capsys.readouterr().out
    assert "3 photos, 1 of them without objects; 3 objects of 2 categories\n  cat: 1\n  dog: 2\n" in shown
    assert "annotations: out/x.json" in shown
    assert boxes_of("out/x.json") == BOXES


def test_coco_json_is_checked_and_written_again_with_the_same_content(place: Path) -> None:
    main(["data", "convert", "yolo", "--format", "yolo", "--output", "x.json"])
    assert main(["data", "convert", "x.json", "--format", "coco", "--output", "y.json"]) == EXIT_GOOD
    assert json.loads(Path("y.json").read_text()) == json.loads(Path("x.json").read_text())


def test_nothing_is_overwritten_without_force(place: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    Path("x.json").write_text("mine")
    command = ["data", "convert", "yolo", "--format", "yolo", "--output", "x.json"]
    assert main(command) == EXIT_WRONG_USE and Path("x.json").read_text() == "mine"
    assert "x.json: is there already; choose another --output" in capsys.readouterr().err
    assert main([*command, "--force"]) == EXIT_GOOD and boxes_of("x.json") == BOXES


def test_wrong_labels_are_told_with_file_and_line_and_nothing_is_written(place: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    Path("yolo/labels/c.txt").write_text("0 .5 .5 .1 .1\n7 .5 .5 .1 .1\n")
    assert main(["data", "convert", "yolo", "--format", "yolo", "--output", "x.json"]) == EXIT_NOT_MEASURED
    assert "labels/c.txt:2: got class 7" in capsys.readouterr().err
    assert not list(Path().glob("*x.json*"))


def test_records_need_a_folder_for_their_photos_and_never_fill_one_that_is_in_use(
    place: Path, capsys
) -> None:  # type: ignore[no-untyped-def]
    Path("a.record").write_bytes(b"")
    command = ["data", "convert", "a.record", "--format", "tfrecord", "--output", "x.json"]
    assert main(command) == EXIT_WRONG_USE
    assert "name a folder to write them to with --images DIR" in capsys.readouterr().err
    assert main([*command, "--images", "yolo"]) == EXIT_WRONG_USE
    assert "yolo: is there already and not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["none", "--format", "yolo"], "none: is not there, expected a data set of format yolo"),
        (["voc/Annotations/a.xml", "--format", "voc"], "a.xml: is a file, expected a folder of Pascal VOC's .xml files"),
        (["yolo", "--format", "yolo", "--difficult", "count"], "--difficult: means nothing for --format yolo: remove it"),
        (["voc", "--format", "voc", "--split", "val"], "--split: means nothing for --format voc: remove it"),
        (["yolo", "--format", "yolo", "--split", "test"], "test names no folder of photos; splits that it has: val"),
    ],
)  # fmt: skip
def test_wrong_use_is_answered(arguments: list[str], error: str, place: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["data", "convert", *arguments, "--output", "x.json"]) in (EXIT_WRONG_USE, EXIT_NOT_MEASURED)
    assert error in capsys.readouterr().err and not Path("x.json").exists()


def checked(place: Path, capsys, *more: str) -> tuple[int, str, str]:  # type: ignore[no-untyped-def]
    suite = "name: s\nmodel: builtin\nmatrix: {precision: fp32}\ndata: {yolo: {data: yolo/data.yaml}}\n"
    Path("s.yaml").write_text(suite)
    code = main(["data", "check", "s.yaml", "--quiet", *more])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_check_counts_photos_modes_and_turned_ones(place: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("BENCH_CACHE", str(place / "cache"))
    exif = Image.Exif()
    for name, orientation in (("a", 6), ("b", 3)):
        exif[0x0112] = orientation
        Image.fromarray(np.zeros((20, 40), np.uint8)).save(f"yolo/images/{name}.jpg", exif=exif)
    code, out, err = checked(place, capsys)
    assert (code, err) == (EXIT_GOOD, "")
    assert out.splitlines() == [
        "3 photos to evaluate on, 0 to calibrate on; none is in both",
        f"2 categories: {place / 'yolo' / 'data.yaml'}",
        "pixel modes: L 2, RGB 1",
        "1 photos with an EXIF orientation are turned, since the annotations declare their size as shown: a.jpg",
        "1 photos with an EXIF orientation are taken as shown, since no declared size tells: b.jpg",
    ]


def test_a_check_finds_photos_that_are_cut_short(place: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("BENCH_CACHE", str(place / "cache"))
    file = place / "yolo" / "images" / "c.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[:-30])
    code, _, err = checked(place, capsys)
    assert code == EXIT_NOT_MEASURED and err.startswith(f"{file}: image 3: cannot decode the photo")
    assert checked(place, capsys, "--headers")[0] == EXIT_GOOD
