"""SqueezeNet 1.1 (Iandola et al. 2016, https://arxiv.org/abs/1602.07360) in plain torch."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

# input channels, squeeze, each expand; None: pooling
_FEATURES = [
    *((64, 16, 64), (128, 16, 64), None),
    *((128, 32, 128), (256, 32, 128), None),
    *((256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)),
]


class Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu_()
        return torch.cat([self.expand1x1(x).relu_(), self.expand3x3(x).relu_()], 1)


def squeezenet(file: Path) -> nn.Module:
    """With the weights of the ONNX file, ready to infer."""
    module = nn.Sequential()
    features = nn.Sequential(nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True), _pool())
    features.extend(_pool() if row is None else Fire(*row) for row in _FEATURES)
    module.features = features
    last = [nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)]
    module.classifier = nn.Sequential(*last)
    module.flatten = nn.Flatten()
    weights = {
        w.name: torch.tensor(numpy_helper.to_array(w)) for w in onnx.load(file).graph.initializer
    }
    module.load_state_dict(weights)
    return module.eval()


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)
