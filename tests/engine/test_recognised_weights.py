"""Recognised weights run as the network that they are of; the plain network is the judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netviz_desktop.engine.session import Session
from netviz_desktop.problems import Cancelled
from netviz_desktop.readers._architectures import architectures


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return architectures()["torchvision: squeezenet1_1"].make().eval()


def test_activations_and_gradients_are_the_plain_networks(tmp_path: Path, net: nn.Module) -> None:
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    session = Session("cpu")
    session.open(tmp_path / "w.safetensors")
    assert session.structure_only is None
    assert session.graph.nodes[0].op_type == "conv2d"  # recorded before any weight was read
    x = torch.randn(1, 3, 64, 64)
    session.run(x.numpy())

    seen: list[torch.Tensor] = []
    handle = net.features[12].register_forward_hook(lambda _m, _i, out: seen.append(out))
    scores = net(x)
    handle.remove()
    (gradient,) = torch.autograd.grad(scores[0, 7], seen)
    node = "features.12.cat"
    np.testing.assert_allclose(session.activation(node), seen[0].detach(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(session.gradient(node, 7), gradient, rtol=1e-4, atol=1e-7)


def test_half_precision_weights_compute_in_full(tmp_path: Path, net: nn.Module) -> None:
    half = {name: tensor.to(torch.float16) for name, tensor in net.state_dict().items()}
    save_file(half, tmp_path / "w.safetensors")
    session = Session("cpu")
    session.open(tmp_path / "w.safetensors")
    x = torch.randn(1, 3, 64, 64)
    session.run(x.numpy())

    net.load_state_dict(half)
    with torch.no_grad():
        expected = net(x)
    np.testing.assert_allclose(session.value("output"), expected, rtol=1e-5, atol=1e-6)
    assert session.weight("features.0.weight").dtype == np.float16


def test_a_run_does_not_write_to_the_file(tmp_path: Path, net: nn.Module) -> None:
    path = tmp_path / "w.pth"
    torch.save(net.state_dict(), path)
    before = path.read_bytes()
    session = Session("cpu")
    session.open(path)
    session.run(np.zeros((1, 3, 64, 64), np.float32))

    assert path.read_bytes() == before


def test_images_are_prepared_as_the_architecture_was_trained(tmp_path: Path) -> None:
    vit = architectures()["timm: vit_tiny_patch16_384"].make()
    save_file(vit.state_dict(), tmp_path / "vit_tiny_patch16_384.safetensors")
    session = Session("cpu")
    session.open(tmp_path / "vit_tiny_patch16_384.safetensors")
    found = session.preprocessing

    assert found is not None
    assert (found.height, found.width, found.resize) == (384, 384, 384)
    assert found.mean == found.std == (0.5, 0.5, 0.5)
    assert "timm: vit_tiny_patch16_384" in found.reason


def test_reading_weights_can_be_cancelled(tmp_path: Path, net: nn.Module) -> None:
    save_file(net.double().state_dict(), tmp_path / "w.safetensors")
    session = Session("cpu")
    session.open(tmp_path / "w.safetensors")
    looks = 0

    def stop(_done: float, what: str) -> None:
        nonlocal looks
        looks += what == "Reading the weights"
        if looks > 3:
            raise Cancelled

    x = np.ones((1, 3, 64, 64), np.float32)
    with pytest.raises(Cancelled):
        session.run(x, stop)
    assert session.run(x).graph.nodes
