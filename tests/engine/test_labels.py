from __future__ import annotations

import json
from pathlib import Path

import pytest

from netviz_desktop.engine import labels
from netviz_desktop.graph import ModelGraph
from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\nold owl\n",
        "\ufeffcat\r\ndog\r\nold owl",
        "n01440764 cat\nn01443537 dog\nn01484850 old owl\n",
        '["cat", "dog", "old owl"]',
        '{"0": "cat", "2": "old owl", "1": "dog"}',
        '{"0": ["n01", "cat"], "1": ["n02", "dog"], "2": ["n03", "old owl"]}',
        '{"cat": 0, "dog": 1, "old owl": 2}',
    ],
)
def test_names_are_read_however_they_are_written(tmp_path: Path, text: str) -> None:
    file = tmp_path / "labels"
    file.write_bytes(text.encode())
    assert labels.read(file) == ("cat", "dog", "old owl")


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"[", b"{}", b"[]", b"\xff\xfe\x00", b'{"a": "b"}', b'{"0": 1, "9999999": 2}'],
)
def test_a_file_without_names_is_a_problem(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "labels.json"
    file.write_bytes(data)
    with pytest.raises(Problem):
        labels.read(file)


def test_a_missing_file_and_a_folder_are_problems(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(Problem):
            labels.read(path)


def model(**metadata: str) -> OpenedModel:
    return OpenedModel(ModelGraph("ONNX", "", (), (), (), {}, metadata))


@pytest.mark.parametrize(
    "metadata",
    [
        {"names": "{0: 'cat', 1: 'dog'}"},
        {"classes": '["cat", "dog"]'},
        {"names": "not it at all", "labels": json.dumps({"0": "cat", "1": "dog"})},
        {"names": "__import__('os').system('true')", "classes": "['cat', 'dog']"},
    ],
)
def test_names_in_the_files_metadata_are_found(metadata: dict[str, str]) -> None:
    assert labels.of_model(model(**metadata)) == ("cat", "dog")


@pytest.mark.parametrize("text", ["", "7", "[" * 10_000, "{0: 'a'" * 200_000, "None"])
def test_metadata_of_another_kind_gives_no_names(text: str) -> None:
    assert labels.of_model(model(names=text)) == ()


def test_names_that_the_reader_found_come_first() -> None:
    graph = model(names="{0: 'cat'}").graph
    assert labels.of_model(OpenedModel(graph, labels=("owl",))) == ("owl",)


def test_a_thousand_classes_are_imagenets() -> None:
    assert len(labels.usual(1000)) == 1000
    assert labels.usual(1000)[285] == "Egyptian cat"
    assert labels.usual(1001)[:2] == ("background", labels.usual(1000)[0])
    assert labels.usual(10) == ()
