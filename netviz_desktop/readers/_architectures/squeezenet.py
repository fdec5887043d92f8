"""SqueezeNet (Iandola et al. 2016, https://arxiv.org/abs/1602.07360)."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from netviz_desktop.readers._architectures import Architecture


class Fire(nn.Module):
    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        near = self.expand1x1_activation(self.expand1x1(x))
        wide = self.expand3x3_activation(self.expand3x3(x))
        return torch.cat([near, wide], 1)


class SqueezeNet(nn.Module):
    """Args:
    kernel, width: of the first convolution.
    pooled_after: the Fire modules, counted from 2 as in the paper, that a pooling follows.
    """

    def __init__(
        self,
        kernel: int,
        width: int,
        pooled_after: tuple[int, ...],
        num_classes: int = 1000,
        in_chans: int = 3,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(in_chans, width, kernel, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
        ]
        channels = width
        for number in range(2, 10):
            expanded = 64 * (number // 2)
            layers.append(Fire(channels, expanded // 4, expanded))
            channels = 2 * expanded
            if number in pooled_after:
                layers.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Conv2d(512, num_classes, 1),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.classifier(self.features(x)), 1)


ARCHITECTURES = {
    "torchvision: squeezenet1_0": Architecture(partial(SqueezeNet, 7, 96, (4, 8))),
    "torchvision: squeezenet1_1": Architecture(partial(SqueezeNet, 3, 64, (3, 5))),
}
