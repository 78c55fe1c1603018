"""Every oddity that real files were met with is found in a small file made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from made_files import append_archive, write_tflite, write_yolo_onnx

from bench.inspecting.contents import read_contents
from bench.inspecting.file_report import FileReport


def look(path: Path) -> FileReport:
    """Read a file within this process."""
    return read_contents(path, "0" * 64, path.stat().st_size)


def codes(report: FileReport) -> set[str]:
    return {advice.code for advice in report.oddities}


def text_of(report: FileReport, code: str) -> str:
    return next(f"{advice.text}; {advice.advice}" for advice in report.oddities if advice.code == code)


def test_an_ordinary_file_has_no_oddities(tmp_path: Path) -> None:
    assert codes(look(write_yolo_onnx(tmp_path / "plain.onnx"))) == set()
    outputs = {"Identity": (1, 84, 84)}
    assert codes(look(write_tflite(tmp_path / "plain.tflite", (1, 64, 64, 3), outputs))) == set()


def test_a_post_processing_operator_has_outputs_without_shapes_and_suppresses_in_the_graph(
    tmp_path: Path,
) -> None:
    names = ["TFLite_Detection_PostProcess", *(f"TFLite_Detection_PostProcess:{i}" for i in (1, 2, 3))]
    path = write_tflite(
        tmp_path / "ssd.tflite",
        (1, 300, 300, 3),
        {name: () for name in names},
        operator="TFLite_Detection_PostProcess",
    )
    report = look(path)
    assert codes(report) == {"unshaped", "nms_in_graph"}
    assert [spec.shape for spec in report.outputs] == [()] * 4
    assert report.facts.ops == {"TFLite_Detection_PostProcess": 1}


@pytest.mark.parametrize(
    ("name", "dtype", "says", "is_really"),
    [
        ("model_int8", "FLOAT32", "int8", "fp32"),
        ("model.float32", "INT8", "float32", "int8"),
        ("best-fp16", "INT8", "fp16", "int8"),
    ],
)
def test_a_name_that_lies_about_the_precision_is_told(
    tmp_path: Path, name: str, dtype: str, says: str, is_really: str
) -> None:
    path = write_tflite(
        tmp_path / f"{name}.tflite", (1, 8, 8, 3), {"a": (1, 8, 8, 4)}, dtype=dtype, scale=0.1
    )
    assert f"says {says}, but its tensors are {is_really}" in text_of(look(path), "name")


def test_a_name_that_says_the_precision_found_is_nothing_odd(tmp_path: Path) -> None:
    path = write_tflite(
        tmp_path / "m_int8.tflite", (1, 8, 8, 3), {"a": (1, 4, 4), "b": (1, 4, 4)}, dtype="INT8", scale=0.1
    )
    assert "name" not in codes(look(path))


def test_boxes_and_scores_on_one_coarse_scale_lose_every_score_and_that_is_told(tmp_path: Path) -> None:
    path = write_yolo_onnx(tmp_path / "all_ops_qdq.onnx", output_scale=640 / 255)
    report = look(path)
    assert "rounded to one value: next to nothing will be found" in text_of(report, "shared_scale")
    # The outside view: a graph whose values are small and real answers with nothing but zeros.
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    image = np.full((1, 3, 64, 64), 0.4, np.float32)
    assert not session.run(None, {"images": image})[0].any()
    kept = write_yolo_onnx(tmp_path / "kept_in_float.onnx")
    session = onnxruntime.InferenceSession(str(kept), providers=["CPUExecutionProvider"])
    assert np.allclose(session.run(None, {"images": image})[0], 0.768)


def test_boxes_and_scores_on_one_fine_scale_are_told_without_alarm(tmp_path: Path) -> None:
    path = write_tflite(
        tmp_path / "yolo.tflite", (1, 64, 64, 3), {"Identity": (1, 84, 84)}, dtype="INT8", scale=1 / 230
    )
    assert "scores are known in steps of 0.004348; where accuracy falls short" in text_of(
        look(path), "shared_scale"
    )


def test_outputs_of_their_own_share_no_scale(tmp_path: Path) -> None:
    outputs = {"boxes": (1, 84, 4), "scores": (1, 84, 80)}
    path = write_tflite(tmp_path / "y.tflite", (1, 64, 64, 3), outputs, dtype="INT8", scale=2.5)
    assert "shared_scale" not in codes(look(path))


def test_a_tflite_file_with_channels_first_is_told(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "nchw.tflite", (1, 3, 64, 64), {"Identity": (1, 84, 84)})
    assert "channels come first, [1, 3, 64, 64]" in text_of(look(path), "channels_first")


def test_outputs_without_a_batch_axis_are_told(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "m.tflite", (1, 64, 64, 3), {"cls": (84, 80), "reg": (84, 32)})
    assert text_of(look(path), "no_batch").startswith("outputs without a batch axis: cls, reg")


def test_per_channel_scales_need_opset_13(tmp_path: Path) -> None:
    old = look(write_yolo_onnx(tmp_path / "old.onnx", opset=12, kernel_scales=84))
    assert "a scale per channel, 1 of them, which opset 12 does not know" in text_of(old, "per_channel_opset")
    assert "per_channel_opset" not in codes(look(write_yolo_onnx(tmp_path / "a.onnx", kernel_scales=84)))
    assert "per_channel_opset" not in codes(
        look(write_yolo_onnx(tmp_path / "b.onnx", opset=12, kernel_scales=1))
    )


def test_weights_listed_as_inputs_are_told_and_are_no_inputs(tmp_path: Path) -> None:
    report = look(write_yolo_onnx(tmp_path / "old.onnx", constants_are_inputs=True))
    assert "2 weights are listed as inputs of the graph too" in text_of(report, "constant_inputs")
    assert [spec.name for spec in report.inputs] == ["images"]


def test_an_open_input_size_is_told_with_what_to_write(tmp_path: Path) -> None:
    report = look(write_yolo_onnx(tmp_path / "open.onnx", side="side"))
    assert report.inputs[0].shape == (1, 3, -1, -1)
    assert "write `input: {size: ...}`" in text_of(report, "dynamic_input")


def test_class_names_are_read_from_ultralytics_notes_and_from_label_files(tmp_path: Path) -> None:
    names = "{'stride': 32, 'task': 'detect', 'names': {0: 'cat', 1: 'dog', 2: 'cow'}}"
    path = write_tflite(tmp_path / "a.tflite", (1, 64, 64, 3), {"Identity": (1, 7, 84)})
    noted = look(append_archive(path, {"temp_meta.txt": names}))
    assert noted.class_names == ("cat", "dog", "cow") and noted.metadata == {"stride": "32", "task": "detect"}
    other = write_tflite(tmp_path / "b.tflite", (1, 64, 64, 3), {"Identity": (1, 6, 84)})
    assert look(append_archive(other, {"labelmap.txt": "cat\ndog\n"})).class_names == ("cat", "dog")
    graph = write_yolo_onnx(tmp_path / "c.onnx", notes={"names": "{0: 'cat'}", "author": "a\x1b[31m b"})
    report = look(graph)
    assert report.class_names == ("cat",) and report.metadata == {"author": "a [31m b"}


def test_notes_that_are_too_large_or_no_text_are_left_alone(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "a.tflite", (1, 64, 64, 3), {"Identity": (1, 7, 84)})
    append_archive(path, {"labels.txt": "x" * 2_000_000, "temp_meta.txt": "{{{", "n.json": "[" * 3_000})
    assert look(path).class_names == () and look(path).metadata == {}


def test_notes_that_grow_beyond_all_measure_in_words_are_left_alone(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "a.tflite", (1, 64, 64, 3), {"Identity": (1, 7, 84)})
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    report = look(append_archive(path, {"metadata.yaml": f"{laughs}names: *j\nauthor: me\n"}))
    assert report.metadata == {"a": str(["x"] * 9), "author": "me"} and report.class_names == ()


def test_every_tensor_is_listed_with_its_own_type_and_scales(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "a.tflite", (1, 8, 8, 3), {"out": (1, 8, 8, 4)}, dtype="INT8", scale=0.25)
    by_name = {tensor.name: tensor for tensor in look(path).tensors}
    assert [by_name[name].role for name in ("image", "kernel", "out")] == ["input", "weight", "output"]
    assert (by_name["image"].scale, by_name["image"].zero_point, by_name["kernel"].num_bytes) == (0.25, 3, 12)
    packed = {
        tensor.name: tensor
        for tensor in look(write_yolo_onnx(tmp_path / "a.onnx", kernel_scales=84, output_scale=0.5)).tensors
    }
    assert (packed["packed"].dtype, packed["packed"].num_scales) == ("int8", 84)
    assert (packed["steps"].dtype, packed["steps"].scale, packed["steps"].role) == (
        "uint8",
        0.5,
        "activation",
    )
