"""Checkpoints over several files: whole from any of them, and shown where one is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Options, read

CODE = """
from torch import nn

def make():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
"""


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def spread(folder: Path, net: nn.Module, kind: str) -> Path:
    """As transformers' save_pretrained spreads it."""
    (folder / "architecture.py").write_text(CODE)
    stem, suffix, save = {
        "safetensors": ("model", ".safetensors", save_file),
        "torch": ("pytorch_model", ".bin", torch.save),
    }[kind]
    weight_map: dict[str, str] = {}
    for number, part in enumerate(("0.", "2."), 1):
        name = f"{stem}-{number:05}-of-00002{suffix}"
        tensors = {key: value for key, value in net.state_dict().items() if key.startswith(part)}
        save(tensors, folder / name)
        weight_map |= dict.fromkeys(tensors, name)
    index = folder / f"{stem}{suffix}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


def opened_wholly(path: Path, net: nn.Module) -> bool:
    opened = read(path, Options(model_code="architecture:make"))
    x = torch.randn(3, 4)
    assert isinstance(opened.executable, nn.Module)
    return torch.equal(opened.executable(x), net(x))


@pytest.mark.parametrize("kind", ["safetensors", "torch"])
def test_the_index_and_every_shard_open_the_whole(
    tmp_path: Path, net: nn.Module, kind: str
) -> None:
    index = spread(tmp_path, net, kind)

    assert opened_wholly(index, net)
    for shard in tmp_path.glob("*-of-*"):
        assert opened_wholly(shard, net)
    assert opened_wholly(tmp_path, net)


def test_its_size_is_that_of_all_its_files(tmp_path: Path, net: nn.Module) -> None:
    index = spread(tmp_path, net, "safetensors")

    assert read(index).size_bytes == sum(f.stat().st_size for f in tmp_path.glob("*-of-*"))


def test_a_shard_without_its_index_opens_alone(tmp_path: Path, net: nn.Module) -> None:
    spread(tmp_path, net, "safetensors").unlink()

    assert [n.id for n in read(tmp_path / "model-00002-of-00002.safetensors").graph.nodes] == ["2"]


@pytest.mark.parametrize("kind", ["safetensors", "torch"])
def test_a_missing_shard_is_named_and_the_tree_is_shown(
    tmp_path: Path, net: nn.Module, kind: str
) -> None:
    index = spread(tmp_path, net, kind)
    lost = next(tmp_path.glob("*-00001-of-*"))
    lost.unlink()
    opened = read(index)

    assert opened.structure_only is not None
    assert lost.name in opened.structure_only.what
    assert opened.structure_only.node == "0"
    first, second = opened.graph.nodes
    assert (first.id, first.parameters) == ("0", ())
    assert lost.name in first.fault
    assert (second.id, second.op_type, second.fault) == ("2", "Linear", "")
    assert opened.weights.keys() == {"2.weight", "2.bias"}


def test_a_weight_that_is_not_in_its_shard_is_named(tmp_path: Path, net: nn.Module) -> None:
    index = spread(tmp_path, net, "safetensors")
    said = json.loads(index.read_text())
    said["weight_map"]["4.weight"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(said))
    opened = read(index)

    assert opened.structure_only is not None
    assert "names weights that are not in their files (4.weight)" in opened.structure_only.what


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "C:\\x", "a/../../b", ""])
def test_an_index_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": name}}))

    with pytest.raises(Problem, match="names a file outside its folder"):
        read(index)


@pytest.mark.parametrize(
    "said", ["{", '{"weight_map": 3}', '{"weight_map": {"a": 1}}', "[" * 100_000]
)
def test_a_damaged_index_is_a_problem(tmp_path: Path, said: Any) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(f"{said}" if said.startswith("{") else f'{{"weight_map": {said}')

    with pytest.raises(Problem, match="cannot be read as the index"):
        read(index)
