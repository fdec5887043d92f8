"""What is the same in every run is done once; TorchScript itself is the judge of the rest."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import netviz_desktop
from netviz_desktop.engine.runners._script_folding import folded
from netviz_desktop.engine.runners._script_program import Block


class Counting(nn.Module):
    """Writes to itself: each call of one run sees what the one before it has written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: int = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.calls


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.counting = Counting()

    def forward(self, x: Tensor) -> Tensor:
        return self.counting(x) + self.counting(x)


class Appending(nn.Module):
    """Its list begins as the same in every run, and does not stay so."""

    def forward(self, x: Tensor) -> Tensor:
        sizes = [1, 2]
        for size in range(int(x.size(0))):
            sizes.insert(0, size)
        return x * len(sizes)


class Deciding(nn.Module):
    """One way depends on a setting, the other on the input."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = "max"
        self.scale: float | None = None

    def forward(self, x: Tensor) -> Tensor:
        scale = self.scale
        if scale is not None:
            x = x * scale
        x = torch.relu(x) if self.mode == "max" else torch.tanh(x)
        return x * 2 if bool(x.sum() > 1) else x - 1


class Overwriting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x + 1
        return nn.functional.relu(y, inplace=True) + y


class Training(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 3 if self.training else x


def scripted(folder: Path, module: nn.Module) -> Path:
    path = folder / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(module.eval()).save(path)
    return path


@pytest.mark.parametrize(
    "module", [Twice, Appending, Deciding, Overwriting, Training], ids=lambda kind: kind.__name__
)
def test_every_run_gives_what_torchscript_gives(module: type[nn.Module], tmp_path: Path) -> None:
    session = netviz_desktop.open(scripted(tmp_path, module()))
    for seed, rows in ((0, 2), (1, 5), (0, 2)):
        torch.manual_seed(seed)
        x = torch.randn(rows, 3)
        session.run(x.numpy())
        found = session.value(session.graph.outputs[0])
        torch.testing.assert_close(torch.from_numpy(found), module().eval()(x.clone()))


def test_what_is_written_over_is_kept_as_it_was(tmp_path: Path) -> None:
    session = netviz_desktop.open(scripted(tmp_path, Overwriting()))
    x = torch.tensor([[-2.0, 3.0]])
    session.run(x.numpy())

    first = next(node.id for node in session.graph.nodes if node.op_type == "add")
    assert session.activation(first).tolist() == [[-1.0, 4.0]]


def test_a_layer_asks_for_its_settings_once(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    session = netviz_desktop.open(scripted(tmp_path, net))
    program = session._model.runner._known_program

    def steps(block: Block) -> int:
        inner = (i for form in block.forms for i in form.blocks)
        return len(block.steps) + sum(map(steps, inner))

    assert steps(folded(program).block) < steps(program.forward.block)
