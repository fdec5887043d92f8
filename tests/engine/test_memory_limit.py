"""Nothing here fills memory: what is too much is refused before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from netviz_desktop.cli import main
from netviz_desktop.engine.answers import Answers
from netviz_desktop.engine.memory import machine_bytes
from netviz_desktop.graph import memory_limit
from netviz_desktop.graph.memory_limit import available_bytes, limited
from netviz_desktop.link import messages
from netviz_desktop.problems import Problem

MB = 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems need no limit")


def run(code: str, *arguments: str) -> str:
    """What a fresh process prints: this one may have room in memory that was freed."""
    setup = f"""
import sys
import numpy as np
import torch
from netviz_desktop.engine.shortage import is_shortage
from netviz_desktop.graph.memory_limit import limited, room_for_mapping
MB = {MB}
"""
    command = [sys.executable, "-c", setup + code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "allocate",
    [
        "np.zeros(600 * MB, np.uint8)",
        "torch.zeros(600 * MB, dtype=torch.uint8)",
        "bytearray(600 * MB)",
    ],
    ids=["numpy", "torch", "python"],
)
def test_more_than_the_limit_is_a_shortage_and_less_is_not(allocate: str) -> None:
    said = run(
        f"""
with limited(500 * MB):
    try:
        {allocate}
    except (MemoryError, RuntimeError) as error:
        print(is_shortage(error))
with limited(800 * MB):
    {allocate}
{allocate}
print("less")
"""
    )
    assert said.split() == ["True", "less"]


def test_a_mapped_file_takes_none_of_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(600 * MB)
    said = run(
        """
with limited(500 * MB):
    room_for_mapping(600 * MB)
    mapped = np.memmap(sys.argv[1], np.uint8, "c")
    try:
        np.zeros(550 * MB, np.uint8)
    except MemoryError:
        print(mapped.size == 600 * MB)
""",
        str(path),
    )
    assert said.strip() == "True"


def test_less_is_available_than_the_machine_has() -> None:
    available = available_bytes()
    assert available is not None
    assert 0 < available <= machine_bytes()


def filling(op: str, count: int, path: Path) -> Path:
    """A model that computes `count` numbers from a few bytes."""
    inputs, weights = {
        "ConstantOfShape": (["s"], [np.array([count])]),
        "Expand": (["x", "s"], [np.array([count])]),
        "Tile": (["x", "s"], [np.array([count])]),
        "Pad": (["x", "s"], [np.array([0, count])]),
        "Resize": (["x", "", "r"], [np.array([count], np.float32)]),
        "RandomNormal": ([], []),
        "Range": (["z", "c", "o"], [np.array(0), np.array(count), np.array(1)]),
    }[op]
    named = [name for name in inputs if name not in ("x", "")]
    attributes = {"shape": [count]} if op == "RandomNormal" else {}
    nodes = [helper.make_node(op, inputs, ["f"], "full", **attributes)]
    nodes.append(helper.make_node("Neg", ["f"], ["y"], "negated"))  # Expand alone fills nothing
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(w, n) for n, w in zip(named, weights, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("count", [200_000_000, 10**11], ids=["more than is free", "10^11"])
@pytest.mark.parametrize(
    "op", ["ConstantOfShape", "Expand", "Tile", "Pad", "Resize", "RandomNormal", "Range"]
)
def test_a_node_that_would_fill_the_memory_is_two_sentences(
    op: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 400 * MB)
    path = filling(op, count, tmp_path / "full.onnx")
    np.save(tmp_path / "x.npy", np.ones(1, np.float32))
    output = str(tmp_path / "o.npz")

    code = main(["run", str(path), "--input", str(tmp_path / "x.npy"), "-o", output])
    said = capsys.readouterr().err.splitlines()
    assert (code, len(said)) == (2, 2), said
    assert "larger than the memory" in said[0] or "not enough memory" in said[0]
    assert not Path(output).exists()


def test_the_engine_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 400 * MB)
    answers = Answers()
    path = filling("ConstantOfShape", machine_bytes() // 4, tmp_path / "full.onnx")
    answers.answer(messages.OpenModel(str(path)), lambda _done, _what: None)
    with pytest.raises(Problem, match="larger than the memory"), limited():
        answers.session.run(np.ones(1, np.float32))
