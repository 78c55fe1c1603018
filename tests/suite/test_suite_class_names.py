"""Files of class names as training tools write them, and what is answered to those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import SuiteError
from bench.suite.class_names import read_class_names


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "person\nbicycle\n\ntraffic light\n", ("person", "bicycle", "traffic light")),
        ("a.names", "\ufeffcat\r\ndog\r\n", ("cat", "dog")),
        # Label files of TensorFlow detectors: one unused index, and the numbers of others.
        ("a.txt", "???\nperson\n", ("???", "person")),
        ("a.txt", "0  person\n1  bicycle\n3  motor cycle\n", ("person", "bicycle", "", "motor cycle")),
        ("a.txt", "1: dog\n0: cat", ("cat", "dog")),
        ("a.txt", "0:cat", ("cat",)),
        # Only some lines begin with a number, so it is part of a name.
        ("a.txt", "3 wheeler\ncar\n", ("3 wheeler", "car")),
        ("a.yaml", "train: x\nnames: [cat, 'no', 7]\n", ("cat", "no", "7")),
        ("a.yml", "nc: 2\nnames:\n  1: dog\n  0: cat\n", ("cat", "dog")),
        ("a.yaml", "names: {}\n", ()),
    ],
)
def test_every_common_form_is_read(tmp_path: Path, name: str, text: str, expected: tuple[str, ...]) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert read_class_names(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", b"\n \n", "holds no names, expected one class a line"),
        ("a.txt", b"0: cat\n1: dog\n0: cow\n", ":3: class 0 stands here twice"),
        ("a.txt", b"900000000: cat\n", ":1: got class 900000000, expected a number below 100000"),
        ("a.txt", b"\xff\xfe\x00", "cannot be read as text"),
        ("a.yaml", b"classes: [cat]\n", "has no `names`, expected a list of names or a mapping"),
        ("a.yaml", b"names:\n  cat: 0\n", ":2: got the key 'cat', expected the number of a class"),
        ("a.yaml", b"names:\n  0: [cat]\n", ":2: got a list, expected the name of a class"),
        ("a.yaml", b"names: [", "not readable as YAML"),
        ("a.yaml", b"names: !!python/object/apply:os.system ['true']\n", ""),
    ],
)
def test_other_files_are_refused_with_the_line(tmp_path: Path, name: str, text: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(text)
    if not message:
        # A tag is no more than text here: nothing is built from it.
        assert read_class_names(path) == ("true",)
        return
    with pytest.raises(SuiteError) as caught:
        read_class_names(path)
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)


def test_a_data_file_given_by_mistake_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(SuiteError, match="larger than 1000000 bytes, expected the names of classes"):
        read_class_names(path)
