"""Two trained networks in plain torch, and what hooks see inside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from netviz_desktop import resource


class Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return torch.cat(
            [
                self.expand1x1_activation(self.expand1x1(x)),
                self.expand3x3_activation(self.expand3x3(x)),
            ],
            1,
        )


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1 (Iandola et al. 2016, https://arxiv.org/abs/1602.07360)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(64, 16, 64),
            Fire(128, 16, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(128, 32, 128),
            Fire(256, 32, 128),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(256, 48, 192),
            Fire(384, 48, 192),
            Fire(384, 64, 256),
            Fire(512, 64, 256),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.classifier(self.features(x)), 1)


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class TinyViT(nn.Module):
    """A vision transformer (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929) for
    8 × 8 digits."""

    def __init__(self, width: int = 48, depth: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(1, width, 2, 2)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 17, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.size(0), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def squeezenet() -> SqueezeNet:
    """With the weights of the demo model."""
    net = SqueezeNet()
    stored = onnx.load(resource.path(resource.DEMO_MODEL)).graph.initializer
    weights = {w.name: torch.tensor(numpy_helper.to_array(w)) for w in stored}
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net.eval()


def digits_vit() -> TinyViT:
    """Trained on scikit-learn's digits: 98.3 % of 360 held back."""
    net = TinyViT()
    file = Path(__file__).with_name("digits_vit.pth")
    net.load_state_dict(torch.load(file, weights_only=True))
    return net.eval()


@dataclass
class Seen:
    """What the plain module computes: by module path, the output and the gradient there."""

    output: Tensor
    target: int
    activations: dict[str, Tensor] = field(default_factory=dict)
    gradients: dict[str, Tensor] = field(default_factory=dict)

    def grad_cam(self, path: str) -> Tensor:
        """Selvaraju et al. 2017, eq. 1 and 2: (H, W)."""
        weight = self.gradients[path].mean(dim=(2, 3), keepdim=True)
        return (weight * self.activations[path]).sum(dim=1).clamp(min=0)[0]


def under_hooks(net: nn.Module, x: Tensor) -> Seen:
    """A plain run with a hook on every module."""
    taken: dict[str, Tensor] = {}

    def hook(path: str) -> object:
        def take(_module: nn.Module, _inputs: object, output: object) -> object:
            is_tuple = isinstance(output, tuple)
            computed = output[0] if is_tuple else output
            kept = taken[path] = computed.clone()
            kept.retain_grad()
            passed_on = kept.clone()  # a copy: what follows may write over it
            return (passed_on, *output[1:]) if is_tuple else passed_on

        return take

    hooks = [part.register_forward_hook(hook(path)) for path, part in net.named_modules() if path]
    output = net(x.clone().requires_grad_())
    target = int(output.argmax())
    output.reshape(-1)[target].backward()
    for each in hooks:
        each.remove()
    net.zero_grad(set_to_none=True)
    gradients = {path: kept.grad for path, kept in taken.items() if kept.grad is not None}
    activations = {path: kept.detach() for path, kept in taken.items()}
    return Seen(output.detach(), target, activations, gradients)
