"""YAML as suites are read: lines, the 1.2 core schema, and what is refused."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import SuiteError
from bench.suite import load_suite
from bench.suite.forms import plain
from bench.suite.nodes import read_nodes


def read(text: str) -> tuple[object, list[tuple[object, ...]]]:
    complaints: list[tuple[object, ...]] = []
    node = read_nodes(text, "s.yaml", lambda *complaint: complaints.append(complaint))
    return plain(node), complaints


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ('"true"', "true"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(written: str, meant: object) -> None:
    value, complaints = read(f"key: {written}\n")
    assert value == {"key": meant} and type(value["key"]) is type(meant)  # type: ignore[index]
    assert not complaints


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    assert read("a: 1\nb: 2\na: 3\n")[1] == [
        (("a",), "the key stands here twice, first on line 1: remove one", 3)
    ]


def test_merge_keys_are_refused_and_anchors_work() -> None:
    value, complaints = read("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n")
    assert value == {"a": {"k": 1}, "b": {"k": 1}, "c": {}}
    assert complaints == [(("c",), "merge keys ('<<') are not supported: write the keys out", 4)]


def test_tags_are_refused_and_never_run() -> None:
    _, complaints = read("a: !!python/object/apply:os.getcwd []\n")
    tag = "tag:yaml.org,2002:python/object/apply:os.getcwd"
    assert complaints == [(("a",), f"got the tag {tag!r}, expected plain values: remove it", 1)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "s.yaml:1: the file is empty, expected a suite with at least name and model"),
        ("a: [1,\n", "s.yaml:2: not readable as YAML: while parsing a flow node, expected the node content, but "
         "found '<stream end>'"),
        ("a: *missing\n", "s.yaml:1: not readable as YAML: found undefined alias 'missing'"),
        ("a: 1\n---\nb: 2\n", "s.yaml:2: not readable as YAML: expected a single document in the stream, but found "
         "another document"),
        ("a: &x [*x]\n", "s.yaml:1: an alias refers to what it stands in, expected no loops"),
    ],
)  # fmt: skip
def test_text_that_is_no_yaml_is_told_by_line(text: str, error: str) -> None:
    with pytest.raises(SuiteError) as caught:
        read(text)
    assert str(caught.value) == error


def test_aliases_that_expand_to_billions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(SuiteError, match="more than 50000 values, expected a suite; aliases expand too far"):
        read("\n".join(lines))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(SuiteError, match="nested too deeply"):
        read("[" * 400 + "]" * 400)


def test_files_that_cannot_be_a_suite_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "pi.yaml").write_text("name: pi\n")
    (folder / "photo.yaml").write_bytes(b"\xff\xd8\xff")
    (folder / "big.yaml").write_bytes(b"#" * 1_000_001)
    expected = {
        "quikstart.yaml": "there is no such file, expected a suite in YAML; suites in ",
        "photo.yaml": "not text in UTF-8 (byte 0), expected a suite in YAML",
        "big.yaml": "larger than 1000000 bytes, expected a suite in YAML",
        "": "is a folder, expected a suite file in it",
    }
    for name, text in expected.items():
        with pytest.raises(SuiteError) as caught:
            load_suite(folder / name)
        assert str(caught.value).startswith(f"{folder / name}: {text}")
