from __future__ import annotations

import json
from pathlib import Path

import pytest

from netviz_desktop.graph import ModelGraph, Node
from netviz_desktop.graph.overlay import Scale
from netviz_desktop.graph.overlay_file import overlays, read
from netviz_desktop.graph.scopes import Scopes
from netviz_desktop.problems import Problem


@pytest.fixture
def scopes() -> Scopes:
    nodes = (
        Node("id0", "Conv", "ai.onnx", "stem", ("net",), ("x",), ("v0",)),
        Node("id1", "Conv", "ai.onnx", "first", ("net", "1"), ("v0",), ("v1",)),
        Node("id2", "Relu", "ai.onnx", "second", ("net", "1"), ("v1",), ("v2",)),
    )
    return Scopes(ModelGraph("ONNX", "g", ("x",), ("v2",), nodes, {}))


def wrote(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "node,time\nn1,1.5\nn2,2\n"),
        ("a.csv", "time;id\n1.5;n1\n2;n2\n"),
        ("a.tsv", "\ufefflayer\ttime\tkind\nn1\t1.5\tConv\nn2\t2\tRelu\n\n"),
        ("a.csv", 'Node ID,time\n"n1", 1.5\nn2,2\nn3,\nn4,nan\nn5\n'),
        ("time.csv", "n1,1.5\nn2,2\n"),
        ("time.json", '{"n1": 1.5, "n2": 2, "n3": "none", "n4": null, "n5": true}'),
        ("a.json", '{"time": {"n1": 1.5, "n2": 2}}'),
        ("time.json", '{"results": {"n1": {"value": 1.5}, "n2": {"value": 2}}}'),
        ("a.json", '{"time": {"results": {"n1": {"value": 1.5}, "n2": {"value": 2}}}}'),
        ("time.txt", '{"n1": 1.5, "n2": 2}'),
    ],
)
def test_csv_and_json_in_their_usual_forms(tmp_path: Path, name: str, text: str) -> None:
    assert read(wrote(tmp_path, name, text)) == {"time": {"n1": 1.5, "n2": 2.0}}


def test_each_column_of_numbers_is_an_overlay(tmp_path: Path, scopes: Scopes) -> None:
    path = wrote(tmp_path, "a.csv", "node,bits,error,by\nid0,8,1e-6,me\nid1,4,0.5,me\n")

    found, said = overlays(path, scopes)

    assert [(o.kind.name, o.values) for o in found] == [
        ("bits", {"id0": 8, "id1": 4}),
        ("error", {"id0": 1e-6, "id1": 0.5}),
    ]
    assert [o.kind.scale for o in found] == [Scale.LINEAR, Scale.LOGARITHMIC]
    assert said == ""


def test_a_name_is_an_id_or_a_name_or_a_value_or_a_scope(tmp_path: Path, scopes: Scopes) -> None:
    for name, nodes in {
        "id1": {"id1"},
        "first": {"id1"},
        "v1": {"id1"},
        "net.1": {"id1", "id2"},
        "/net/1": {"id1", "id2"},
        "net": {"id0", "id1", "id2"},
    }.items():
        (found,), _ = overlays(wrote(tmp_path, "a.json", json.dumps({name: 3})), scopes)
        assert set(found.values) == nodes, name


def test_a_nodes_own_value_comes_before_that_of_its_scope_and_the_inner_scope_before_the_outer(
    tmp_path: Path, scopes: Scopes
) -> None:
    text = '{"net": 1, "net.1": 2, "id2": 3}'

    (found,), _ = overlays(wrote(tmp_path, "a.json", text), scopes)

    assert found.values == {"id0": 1, "id1": 2, "id2": 3}
    inner = next(scope for scope in scopes.all if scope.path == ("net", "1"))
    assert found.of_scope(scopes, inner) == 2


def test_names_that_are_not_there_are_told_in_one_line(tmp_path: Path, scopes: Scopes) -> None:
    text = json.dumps({"id0": 1, "a": 1, "b": 1, "c": 1, "d": 1})

    (found,), said = overlays(wrote(tmp_path, "a.json", text), scopes)

    assert said == found.note == "4 of 5 names are not in this graph: a, b, c, …"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"node,type\nn1,Conv\n"),
        ("a.csv", b"\xff\xfe\x00\x01"),
        ("a.csv", b'n,v\n"' + b"x" * 200_000 + b'",1\n'),
        ("a.json", b"{"),
        ("a.json", b"[1, 2]"),
        ("a.json", b'{"a": []}'),
        ("a.json", b'{"n": ' + b"[" * 100_000),
        ("a.json", b'{"n": 1e999}'),
    ],
)
def test_a_file_that_gives_no_values_says_so(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(Problem, match=r"^a\.(csv|json) gives no values for nodes: "):
        read(wrote(tmp_path, name, content))


def test_a_file_of_another_model_says_so(tmp_path: Path, scopes: Scopes) -> None:
    with pytest.raises(Problem, match=r"None of the 1 names in a\.json, such as “other”, is in"):
        overlays(wrote(tmp_path, "a.json", '{"other": 1}'), scopes)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"missing\.csv cannot be read"):
        read(tmp_path / "missing.csv")
