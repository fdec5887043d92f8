"""One small network as three files, and `netviz` as a function."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from netviz_desktop.cli import main

ARCHITECTURE = """
from torch import nn


def net():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, padding=1, groups=2),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 5),
    )
"""


@dataclass(frozen=True)
class Network:
    """The same network as a module and as files; `x` is an input (1, 3, 20, 24)."""

    module: nn.Sequential
    x: torch.Tensor
    onnx: Path
    pickled: Path
    state_dict: Path
    code: str
    npy: Path


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("network")
    code = folder / "architecture.py"
    code.write_text(ARCHITECTURE)
    namespace: dict[str, Callable[[], nn.Sequential]] = {}
    exec(ARCHITECTURE, namespace)  # type: ignore[arg-type]
    torch.manual_seed(0)
    module = namespace["net"]().eval()
    with torch.no_grad():
        module[3].running_mean.normal_()  # type: ignore[operator, union-attr]
        module[3].running_var.uniform_(0.5, 2)  # type: ignore[operator, union-attr]
    x = torch.randn(1, 3, 20, 24)
    found = Network(
        module,
        x,
        folder / "net.onnx",
        folder / "net.pt",
        folder / "net.pth",
        f"{code}:net",
        folder / "x.npy",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's older exporter is meant
        torch.onnx.export(
            module,
            (x,),
            found.onnx,
            dynamo=False,
            input_names=["x"],
            output_names=["scores"],
            dynamic_axes={"x": {0: "batch"}},
        )
    torch.save(module, found.pickled)
    torch.save(module.state_dict(), found.state_dict)
    np.save(found.npy, x.numpy())
    return found


@pytest.fixture
def netviz(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that must succeed; gives what it printed."""

    def command(*arguments: object) -> str:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return printed.out

    return command


@pytest.fixture
def netviz_fails(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Runs a command that must end in a Problem; gives its two sentences."""

    def command(*arguments: object) -> tuple[str, str]:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert code == 2
        what, remedy = printed.err.splitlines()
        return what, remedy

    return command
