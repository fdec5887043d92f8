"""Each network as its author would hand it on, in every format."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from netviz_desktop import resource

sys.path.insert(0, str(Path(__file__).parent))  # a pickle names the module of its class

import networks

_SEVEN = """
    0  0  1 14 16 16 15  1
    0  0 11 14  8 13 11  0
    0  0 15  6  0 14  3  0
    0  0  5  1  5 13  1  0
    0  0  0 13 16 16  9  0
    0  0  2 16 15  9  1  0
    0  0  0 11  9  0  0  0
    0  0  3 16  2  0  0  0
"""


@dataclass(frozen=True)
class Network:
    """A plain module, what it is given, what hooks see, and a layer to look at."""

    module: nn.Module
    x: Tensor
    seen: networks.Seen
    layer: str
    factory: str


@pytest.fixture(scope="session", params=["squeezenet", "digits_vit"])
def network(request) -> Network:
    if request.param == "squeezenet":
        module, x, layer = networks.squeezenet(), _cat(), "features.12"
    else:
        numbers = np.array(_SEVEN.split(), np.float32).reshape(1, 1, 8, 8)
        module, x, layer = networks.digits_vit(), torch.from_numpy(numbers / 16), "patch_embed"
    with spelled_out_attention():
        seen = networks.under_hooks(module, x)
    return Network(module, x, seen, layer, f"{networks.__file__}:{request.param}")


@contextmanager
def spelled_out_attention() -> Iterator[None]:
    """Without torch's fused attention, which shows no inside and cannot be traced."""
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


@pytest.fixture(scope="session")
def written(network, tmp_path_factory) -> Callable[[str], Path]:
    """The network's file in a format, written once."""
    folder = tmp_path_factory.mktemp("formats")
    known: dict[str, Path] = {}

    def path(kind: str) -> Path:
        if kind not in known:
            known[kind] = folder / kind
            with warnings.catch_warnings(), spelled_out_attention():
                warnings.simplefilter("ignore")  # exporters warn of their own future
                _WRITERS[kind](network.module, network.x, known[kind])
        return known[kind]

    return path


def _state_dict(net: nn.Module, _x: Tensor, path: Path) -> None:
    torch.save(net.state_dict(), path)


def _pickled(net: nn.Module, _x: Tensor, path: Path) -> None:
    torch.save(net, path)


def _traced(net: nn.Module, x: Tensor, path: Path) -> None:
    torch.jit.trace(net, x).save(str(path))


def _scripted(net: nn.Module, _x: Tensor, path: Path) -> None:
    torch.jit.script(net).save(str(path))


def _exported(net: nn.Module, x: Tensor, path: Path) -> None:
    torch.export.save(torch.export.export(net, (x,)), path)


def _onnx(*, dynamo: bool) -> Callable[[nn.Module, Tensor, Path], None]:
    def write(net: nn.Module, x: Tensor, path: Path) -> None:
        options = {"verbose": False} if dynamo else {"opset_version": 17}
        torch.onnx.export(net, (x,), path, dynamo=dynamo, **options)

    return write


_WRITERS: dict[str, Callable[[nn.Module, Tensor, Path], None]] = {
    "state_dict.pth": _state_dict,
    "module.pt": _pickled,
    "traced.pt": _traced,
    "scripted.pt": _scripted,
    "exported.pt2": _exported,
    "torchscript_exporter.onnx": _onnx(dynamo=False),
    "dynamo_exporter.onnx": _onnx(dynamo=True),
}
FORMATS = tuple(_WRITERS)


def _cat() -> Tensor:
    image = Image.open(resource.path(resource.DEMO_IMAGE)).convert("RGB").resize((224, 224))
    pixels = (np.asarray(image, np.float32) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", FORMATS, scope="session")
