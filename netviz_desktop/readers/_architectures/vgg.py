"""VGG (Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556)."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from netviz_desktop.readers._architectures import Architecture

_CHANNELS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4),
}  # fmt: skip


class VGG(nn.Module):
    """Args:
    depth: layers with weights.
    """

    def __init__(
        self, depth: int, *, batch_norm: bool, num_classes: int = 1000, in_chans: int = 3
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, count in zip(_CHANNELS, _CONVOLUTIONS[depth], strict=True):
            for _ in range(count):
                layers.append(nn.Conv2d(in_chans, channels, 3, padding=1))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(channels))
                layers.append(nn.ReLU(inplace=True))
                in_chans = channels
            layers.append(nn.MaxPool2d(2, stride=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


ARCHITECTURES = {
    f"torchvision: vgg{depth}{'_bn' if batch_norm else ''}": Architecture(
        partial(VGG, depth, batch_norm=batch_norm)
    )
    for depth in _CONVOLUTIONS
    for batch_norm in (False, True)
}
