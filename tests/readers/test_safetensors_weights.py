"""Safetensors: what the library itself writes is read, what nobody should write is refused."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import Options, read

CODE = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
"""


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))


def saved(folder: Path, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> Path:
    path = folder / "net.safetensors"
    save_file(tensors, path, metadata)
    return path


def written(folder: Path, header: Any, numbers: bytes = b"", length: int | None = None) -> Path:
    """A file with this header, true or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "bad.safetensors"
    length = len(text) if length is None else length
    path.write_bytes(struct.pack("<Q", length) + text + numbers)
    return path


def entry(begin: int, end: int, *shape: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_names_shapes_and_numbers_are_those_that_were_saved(tmp_path: Path, net: nn.Module) -> None:
    opened = read(saved(tmp_path, net.state_dict(), {"format": "pt"}))

    assert opened.graph.format == "Safetensors"
    assert opened.graph.metadata["format"] == "pt"
    assert opened.needs_code
    assert opened.weights.keys() == net.state_dict().keys()
    for name, tensor in net.state_dict().items():
        assert torch.equal(torch.from_numpy(opened.weights[name]()), tensor)
    assert {node.id: node.op_type for node in opened.graph.nodes} == {
        "0": "Conv2d", "1": "BatchNorm", "3": "Linear",
    }  # fmt: skip


def test_with_an_architecture_it_runs(tmp_path: Path, net: nn.Module) -> None:
    (tmp_path / "architecture.py").write_text(CODE)
    path = saved(tmp_path, net.state_dict())
    opened = read(path, Options(model_code="architecture:make"))

    x = torch.randn(2, 1, 4, 4)
    assert isinstance(opened.executable, nn.Module)
    assert torch.equal(opened.executable.eval()(x), net.eval()(x))


@pytest.mark.parametrize(
    "dtype",
    "bfloat16 float16 float64 int8 uint8 int64 bool float8_e4m3fn float8_e5m2 uint16".split(),
)
def test_numbers_of_every_type_are_read(tmp_path: Path, dtype: str) -> None:
    numbers = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 0.5]]).to(getattr(torch, dtype))
    found = read(saved(tmp_path, {"x.weight": numbers})).weights["x.weight"]()

    assert found.dtype.name == dtype
    assert found.astype(np.float32).tolist() == numbers.float().tolist()


def test_numbers_of_four_bits_are_unpacked(tmp_path: Path) -> None:
    # 0.5 is 0b0001, 1 is 0b0010, -6 is 0b1111 in e2m1; the first is in the low half
    path = written(tmp_path, {"w": entry(0, 2, 3, dtype="F4")}, bytes([0b0010_0001, 0b0000_1111]))

    assert read(path).weights["w"]().astype(float).tolist() == [0.5, 1.0, -6.0]


def test_a_weight_of_an_unknown_type_has_a_shape_but_no_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, {"w": entry(0, 3, 4, dtype="F6_E2M3")}, bytes(3))
    opened = read(path)

    assert opened.graph.parameters["w"].shape == (4,)
    with pytest.raises(Problem, match="cannot be shown"):
        opened.weights["w"]()


def test_empty_and_not_finite_weights_are_weights(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.zeros(0, 3), "b.weight": torch.full((2,), torch.nan)}
    opened = read(saved(tmp_path, tensors))

    assert opened.weights["a.weight"]().shape == (0, 3)
    assert np.isnan(opened.weights["b.weight"]()).all()


def test_long_names_and_many_weights_are_quick(tmp_path: Path) -> None:
    header = {f"layer.{n}.weight": entry(4 * n, 4 * n + 4, 1) for n in range(20_000)}
    header["x" * 100_000 + ".weight"] = entry(80_000, 80_004, 1)
    opened = read(written(tmp_path, header, bytes(80_004)))

    assert len(opened.graph.nodes) == 20_001


@pytest.mark.parametrize(
    ("header", "numbers", "said"),
    [
        ({"w": entry(0, 16, 2, 2), "v": entry(8, 24, 2, 2)}, 24, "two weights overlap"),
        ({"w": entry(0, 16, 2, 2)}, 8, "a weight lies behind its end"),
        ({"w": entry(0, 2**60, 2**58)}, 8, "a weight lies behind its end"),
        ({"w": entry(16, 0, 2, 2)}, 16, "a weight lies behind its end"),
        ({"w": entry(0, 16, 3, 3)}, 16, "not the size that its shape says"),
        ({"w": entry(-16, 0, 2, 2)}, 16, "a size or place is no number"),
        ({"w": entry(0, 16, -2, -2)}, 16, "a size or place is no number"),
        ({"w": {"dtype": "F32", "shape": [4]}}, 16, "lacks 'data_offsets'"),
        ({"w": [1, 2]}, 16, "not as it should be"),
        ([1, 2], 16, "its header is no table"),
        (b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "w": {}}', 4, "twice"),
        (b'{"\xff\xfe": 1}', 4, "its header is no text"),
        (b'{"w": ', 4, "its header is no JSON"),
        (b'{"w": ' + b"[" * 100_000, 4, "its header is no JSON"),
        (b'{"w": ' + b'{"a":' * 100_000, 4, "its header is no JSON"),
    ],
)
def test_a_header_that_lies_is_a_problem(
    tmp_path: Path, header: Any, numbers: int, said: str
) -> None:
    with pytest.raises(Problem, match="cut short or damaged") as raised:
        read(written(tmp_path, header, bytes(numbers)))

    assert said in raised.value.what


@pytest.mark.parametrize("length", [2**60, 2**64 - 1, 10_000, 2**31])
def test_a_header_of_impossible_length_is_a_problem(tmp_path: Path, length: int) -> None:
    with pytest.raises(Problem, match="its header ends behind its end"):
        read(written(tmp_path, {"w": entry(0, 4, 1)}, bytes(4), length))


def test_every_way_to_cut_it_short_is_a_problem(tmp_path: Path, net: nn.Module) -> None:
    path = saved(tmp_path, net.state_dict())
    whole = path.read_bytes()
    for size in (1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(Problem, match="cut short or damaged"):
            read(path)


def test_flipped_bytes_in_the_header_never_crash(tmp_path: Path, net: nn.Module) -> None:
    path = saved(tmp_path, net.state_dict())
    whole = path.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    rng = np.random.default_rng(0)
    for place in rng.integers(0, 8 + length, 100):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with suppress(Problem):
            for weight in read(path).weights.values():
                weight()
