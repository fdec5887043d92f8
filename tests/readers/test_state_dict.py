"""State dicts: their names and shapes alone, and with an architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Options, read

CODE = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))

def wider():
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Linear(32, 2))

def broken():
    return 1 / 0

def number():
    return 7

def leaves():
    raise SystemExit(3)
"""


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "architecture.py").write_text(CODE)
    return tmp_path


def saved(folder: Path, found: Any, **options: Any) -> Path:
    path = folder / "weights.pth"
    torch.save(found, path, **options)
    return path


def test_without_an_architecture_there_are_names_and_shapes(folder: Path, net: nn.Module) -> None:
    opened = read(saved(folder, net.state_dict()))

    assert opened.needs_code
    assert not opened.can_be_trusted
    assert opened.structure_only is not None
    assert "weights without an architecture" in opened.structure_only.what
    assert "--model-code package.module:function" in opened.structure_only.remedy
    assert [(n.id, n.op_type) for n in opened.graph.nodes] == [
        ("0", "Conv2d"),
        ("1", "BatchNorm"),
        ("3", "Linear"),
    ]
    assert opened.graph.node("0").parameters[0].shape == (4, 1, 3, 3)
    assert opened.graph.parameter_count == sum(p.numel() for p in net.parameters())
    assert torch.equal(torch.from_numpy(opened.weights["3.weight"]()), net[3].weight)


@pytest.mark.parametrize("code", ["architecture:make", "architecture.py:make"])
@pytest.mark.parametrize("zipped", [True, False])
def test_with_an_architecture_it_runs(
    folder: Path, net: nn.Module, code: str, *, zipped: bool
) -> None:
    path = saved(folder, net.state_dict(), _use_new_zipfile_serialization=zipped)
    opened = read(path, Options(model_code=code))

    x = torch.randn(2, 1, 4, 4)
    assert isinstance(opened.executable, nn.Module)
    assert torch.equal(opened.executable.eval()(x), net.eval()(x))
    assert opened.structure_only is None
    assert opened.graph.node("0").op_type == "Conv2d"


def test_code_is_found_in_the_current_folder(
    folder: Path, net: nn.Module, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = saved(tmp_path_factory.mktemp("elsewhere"), net.state_dict())
    monkeypatch.chdir(folder)

    assert read(path, Options(model_code="architecture:make")).executable is not None


def test_edited_code_is_read_again(folder: Path, net: nn.Module) -> None:
    path = saved(folder, net.state_dict())
    with pytest.raises(Problem, match="ZeroDivisionError"):
        read(path, Options(model_code="architecture:broken"))
    (folder / "architecture.py").write_text(CODE.replace("1 / 0", "make()") + "# edited\n")

    assert read(path, Options(model_code="architecture:broken")).executable is not None


@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict", "my_own_name"])
def test_a_training_checkpoint_is_searched(folder: Path, net: nn.Module, key: str) -> None:
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    checkpoint = {"epoch": 3, "optimizer": optimizer.state_dict(), key: net.state_dict()}

    opened = read(saved(folder, checkpoint))

    assert opened.weights.keys() == net.state_dict().keys()


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model."])
def test_a_wrappers_prefix_is_left_out(folder: Path, net: nn.Module, prefix: str) -> None:
    wrapped = {prefix + name: tensor for name, tensor in net.state_dict().items()}
    opened = read(saved(folder, wrapped), Options(model_code="architecture:make"))

    assert opened.executable is not None
    assert opened.weights.keys() == net.state_dict().keys()


def test_half_precision_weights_load(folder: Path, net: nn.Module) -> None:
    half = {name: tensor.to(torch.bfloat16) for name, tensor in net.state_dict().items()}
    opened = read(saved(folder, half), Options(model_code="architecture:make"))

    assert isinstance(opened.executable, nn.Sequential)
    assert torch.equal(opened.executable[3].weight, half["3.weight"].float())


def test_an_architecture_that_does_not_fit_says_where(folder: Path, net: nn.Module) -> None:
    weights = net.state_dict() | {"4.weight": torch.zeros(1)}
    del weights["1.bias"]

    with pytest.raises(Problem) as raised:
        read(saved(folder, weights), Options(model_code="architecture:wider"))

    said = raised.value.what
    assert "1 missing (1.bias)" in said
    assert "1 unexpected (4.weight)" in said
    assert "6 of another shape (0.weight (4, 1, 3, 3) instead of (8, 1, 3, 3), 0.bias" in said
    assert ", …)" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("architecture:broken", r"architecture.py, line 11: ZeroDivisionError: division by zero\."),
        ("architecture:leaves", r"architecture.py, line 17: SystemExit: 3\."),
        ("architecture:number", r"gives int, not an nn.Module\."),
        ("architecture:nothing", r"architecture has no function nothing\."),
        ("not_there_at_all:make", r"No module named 'not_there_at_all'\."),
        ("not_there.py:make", r"There is no file not_there.py\."),
        ("architecture", r"does not name a function\."),
        (":make", r"does not name a function\."),
        (".:make", r"failed"),
    ],
)
def test_code_that_does_not_work_is_a_problem(
    folder: Path, net: nn.Module, code: str, said: str
) -> None:
    with pytest.raises(Problem, match=said):
        read(saved(folder, net.state_dict()), Options(model_code=code))


def test_a_checkpoint_with_foreign_classes_opens_without_running_them(
    folder: Path, net: nn.Module
) -> None:
    import argparse

    checkpoint = {"args": argparse.Namespace(lr=0.1), "state_dict": net.state_dict()}
    opened = read(saved(folder, checkpoint), Options(model_code="architecture:make"))

    assert opened.executable is not None


def test_a_checkpoint_that_would_run_a_command_runs_nothing(folder: Path, net: nn.Module) -> None:
    import subprocess

    mark = folder / "it-ran"

    class Runs:
        def __reduce__(self) -> Any:
            return subprocess.getoutput, (f"touch {mark}",)

    with pytest.raises(Problem, match=r"would call subprocess\.getoutput"):
        read(saved(folder, {"extra": Runs(), "state_dict": net.state_dict()}))

    assert not mark.exists()
