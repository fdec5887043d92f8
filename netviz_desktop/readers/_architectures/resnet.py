"""ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385), with the stride in the 3x3
convolution; ResNeXt (https://arxiv.org/abs/1611.05431), Wide ResNet
(https://arxiv.org/abs/1605.07146)."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from netviz_desktop.readers._architectures import Architecture


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(
        self, channels: int, width: int, stride: int, _groups: int, _group_width: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += shortcut
        return self.relu(out)


class Bottleneck(nn.Module):
    """Args:
    groups, group_width: of the 3x3 convolution: its groups, and the channels of one of them
        where `width` is 64.
    """

    expansion = 4

    def __init__(
        self, channels: int, width: int, stride: int, groups: int, group_width: int
    ) -> None:
        super().__init__()
        inner, out = width * group_width // 64 * groups, width * self.expansion
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _downsample(channels, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += shortcut
        return self.relu(out)


def _downsample(channels: int, out: int, stride: int) -> nn.Module | None:
    if stride == 1 and channels == out:
        return None
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))


class ResNet(nn.Module):
    """Args:
    blocks: how many in each of the four stages.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        blocks: tuple[int, int, int, int],
        groups: int = 1,
        group_width: int = 64,
        num_classes: int = 1000,
        in_chans: int = 3,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_chans, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels, stages = 64, []
        for stage, count in enumerate(blocks):
            width, layers = 64 << stage, []
            for number in range(count):
                stride = 2 if stage and not number else 1
                layers.append(block(channels, width, stride, groups, group_width))
                channels = width * block.expansion
            stages.append(nn.Sequential(*layers))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


_VARIANTS = {
    "resnet18": partial(ResNet, BasicBlock, (2, 2, 2, 2)),
    "resnet34": partial(ResNet, BasicBlock, (3, 4, 6, 3)),
    "resnet50": partial(ResNet, Bottleneck, (3, 4, 6, 3)),
    "resnet101": partial(ResNet, Bottleneck, (3, 4, 23, 3)),
    "resnet152": partial(ResNet, Bottleneck, (3, 8, 36, 3)),
    "resnext50_32x4d": partial(ResNet, Bottleneck, (3, 4, 6, 3), 32, 4),
    "resnext101_32x8d": partial(ResNet, Bottleneck, (3, 4, 23, 3), 32, 8),
    "resnext101_64x4d": partial(ResNet, Bottleneck, (3, 4, 23, 3), 64, 4),
    "wide_resnet50_2": partial(ResNet, Bottleneck, (3, 4, 6, 3), 1, 128),
    "wide_resnet101_2": partial(ResNet, Bottleneck, (3, 4, 23, 3), 1, 128),
}
ARCHITECTURES = {f"torchvision: {name}": Architecture(make) for name, make in _VARIANTS.items()}
