"""The structure and weights of TorchScript files, read without running any of their code."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options, read

HUGE = b"(\x8a\x08" + (2**60).to_bytes(8, "little") + b"K\x03K\x03K\x03t"
"""A shape of 2^60 in a pickle."""
SET_STATE = b"class A(Module):\n  def __setstate__(self, s):\n"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 2)
        self.tail = self.head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.tail(self.features(x).mean((2, 3))) * 2.0


def made(path: Path, way: str = "script", **options: Any) -> nn.Module:
    torch.manual_seed(0)
    net = Net().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        script = (
            torch.jit.script(net)
            if way == "script"
            else torch.jit.trace(net, torch.zeros(2, 3, 8, 8))
        )
        if way == "freeze":
            script = torch.jit.freeze(torch.jit.script(net))
        torch.jit.save(script, path, **options)
    return net


def rewritten(path: Path, edits: dict[str, Callable[[bytes], bytes | None]]) -> None:
    """With the members whose names end so put through a function; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            edit = next((edit for end, edit in edits.items() if name.endswith(end)), None)
            new = content if edit is None else edit(content)
            if new is not None:
                archive.writestr(name, new)


@pytest.mark.parametrize("way", ["trace", "script"])
def test_the_module_tree_and_its_weights_are_those_of_the_module(way, tmp_path):
    path = tmp_path / "net.bin"  # the content decides, not the suffix
    net = made(path, way)
    opened = read(path)

    assert opened.graph.format == "TorchScript"
    assert [(n.id, n.op_type) for n in opened.graph.nodes] == [
        ("features.0", "Conv2d"),
        ("features.1", "BatchNorm2d"),
        ("features.2", "ReLU"),
        ("head", "Linear"),
    ]
    assert opened.graph.modules["features"] == "Sequential"
    assert opened.graph.parameter_count == sum(p.numel() for p in net.parameters())
    for name, tensor in net.state_dict().items():
        if "tail" not in name and "num_batches" not in name:
            assert np.array_equal(opened.weights[name](), tensor.numpy())
    buffers = [p.role for p in opened.graph.node("features.1").parameters if p.buffer]
    assert buffers[:2] == ["running_mean", "running_var"]


def test_a_module_in_two_places_has_its_first_path(tmp_path):
    made(tmp_path / "net.pt")
    assert executable(read(tmp_path / "net.pt")).shared == {"tail": "head"}


def test_a_frozen_file_shows_the_constants_that_were_its_weights(tmp_path):
    net = made(tmp_path / "net.pt", "freeze")
    opened = read(tmp_path / "net.pt")

    found = [weight() for weight in opened.weights.values()]
    assert any(np.array_equal(w, net.head.weight.detach().numpy()) for w in found)
    assert [n.op_type for n in opened.graph.nodes] == ["Constants"]


def test_a_package_that_is_called_ops_is_no_library_of_operations(tmp_path):
    made(tmp_path / "net.pt")
    code = b"class A(Module):\n  a : __torch__.torchvision.ops.misc.Conv2dNormActivation\n"
    rewritten(tmp_path / "net.pt", {".py": lambda old: old + code})
    assert read(tmp_path / "net.pt").structure_only is None


def test_extra_files_come_first_in_the_archive_and_do_no_harm(tmp_path):
    made(tmp_path / "net.pt", _extra_files={"labels.txt": b"a\nb"})
    assert read(tmp_path / "net.pt").graph.format == "TorchScript"


def test_a_traced_file_remembers_its_inputs(tmp_path):
    made(tmp_path / "net.pt", "trace")
    (value,) = executable(read(tmp_path / "net.pt")).traced
    assert (value.shape, value.dtype) == ((2, 3, 8, 8), "float32")


def executable(opened: OpenedModel) -> Any:
    assert opened.structure_only is None
    return opened.executable


def test_code_that_reaches_beyond_the_model_waits_for_trust(tmp_path):
    path = tmp_path / "net.pt"
    made(path)
    code = b"\ndef f(x: Tensor):\n  torch.save(x, 'x')\n"
    rewritten(path, {".py": lambda old: old + code})
    opened = read(path)

    assert opened.executable is None
    assert opened.can_be_trusted
    assert "can do more than compute (save)" in opened.structure_only.what
    assert read(path, Options(trust=True)).executable is not None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (b"def f(x: Tensor):\n  return ops.c10d.send(x)\n", "ops.c10d.send"),
        (b"def f(x: Tensor):\n  return torch.from_file('/etc/passwd')\n", "from_file"),
        (SET_STATE + b"    while True:\n", "a loop while it is loaded"),
        (SET_STATE + b"    f = torch.save\n", "save while it is loaded"),
        (SET_STATE + b'    f = getattr(torch, "\\x73ave")\n', "save while it is loaded"),
    ],
)
def test_what_it_reaches_for_is_named(code, said, tmp_path):
    made(tmp_path / "net.pt")
    rewritten(tmp_path / "net.pt", {".py": lambda old: old + code})
    assert said in read(tmp_path / "net.pt").structure_only.what


def test_a_file_that_torch_cannot_load_says_how_it_came_to_be(tmp_path):
    made(tmp_path / "net.pt")
    code = b"def f(x: Tensor):\n  return ops.prim.ConstantMKLDNNTensor()\n"
    rewritten(tmp_path / "net.pt", {".py": lambda old: old + code})
    opened = read(tmp_path / "net.pt")
    assert "optimize_for_inference" in opened.structure_only.what
    assert not opened.can_be_trusted


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"constants.pkl": lambda _: None}, "holds constants.pkl, and it does not"),
        ({".py": lambda _: b"x = " + b"(" * 100_000}, "nested too deeply"),
        ({".py": lambda _: b" " * 5000 + b"x\n"}, "nested too deeply"),
        ({"data.pkl": lambda _: b"\x80\x02}."}, "its module cannot be read"),
        (
            {"data.pkl": lambda old: old.replace(b"(K\x04K\x03K\x03K\x03t", HUGE, 1)},
            "is not all there",
        ),
    ],
)
def test_a_damaged_archive_says_what_is_wrong(edits, said, tmp_path):
    made(tmp_path / "net.pt")
    rewritten(tmp_path / "net.pt", edits)
    with pytest.raises(Problem, match=said):
        read(tmp_path / "net.pt")
