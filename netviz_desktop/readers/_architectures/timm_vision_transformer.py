"""Vision Transformer (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929) and DeiT
(Touvron et al. 2020, https://arxiv.org/abs/2012.12877), with timm's names."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from netviz_desktop.readers import ImagePreparation
from netviz_desktop.readers._architectures import IMAGENET, Architecture
from netviz_desktop.readers._architectures._attention import attended

_EPSILON = 1e-6


class PatchEmbed(nn.Module):
    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, patch)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)  # (N, T, D)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(attended(self.qkv(x), self.heads))


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPSILON)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=_EPSILON)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """Args:
    distilled: a second token with a head of its own; the answer is the mean of both.
    """

    def __init__(
        self,
        patch: int,
        depth: int,
        width: int,
        heads: int,
        *,
        distilled: bool = False,
        num_classes: int = 1000,
        in_chans: int = 3,
        img_size: int = 224,
    ) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(in_chans, width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, width)) if distilled else None
        tokens = (img_size // patch) ** 2 + (2 if distilled else 1)
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=_EPSILON)
        self.head = _head(width, num_classes)
        self.head_dist = _head(width, num_classes) if distilled else None

    def forward(self, x: Tensor) -> Tensor:
        first = [token for token in (self.cls_token, self.dist_token) if token is not None]
        x = self.patch_embed(x)
        x = torch.cat([*(token.expand(len(x), -1, -1) for token in first), x], 1)
        x = self.norm(self.blocks(x + self.pos_embed))
        if self.head_dist is None:
            return self.head(x[:, 0])
        return (self.head(x[:, 0]) + self.head_dist(x[:, 1])) / 2


def _head(width: int, classes: int) -> nn.Module:
    return nn.Linear(width, classes) if classes else nn.Identity()


_SIZES = {
    "tiny": (12, 192, 3), "small": (12, 384, 6), "base": (12, 768, 12), "large": (24, 1024, 16),
}  # fmt: skip
_PATCHES = {"tiny": (16,), "small": (16, 32), "base": (16, 32, 8), "large": (16, 32, 14)}
_HALVES = (0.5, 0.5, 0.5)


def _architecture(
    size: str, patch: int, side: int, scale: tuple[float, ...], *, distilled: bool = False
) -> Architecture:
    make = partial(VisionTransformer, patch, *_SIZES[size], distilled=distilled, img_size=side)
    mean, std = (scale, scale) if scale is _HALVES else (IMAGENET.mean, IMAGENET.std)
    return Architecture(make, ImagePreparation(side, 248 if side == 224 else side, mean, std))


ARCHITECTURES = {
    f"timm: vit_{size}_patch{patch}_{side}": _architecture(size, patch, side, _HALVES)
    for size, patches in _PATCHES.items()
    for patch in patches
    for side in (224, 384)
    if (patch >= 16 or side == 224) and (size, patch, side) != ("large", 32, 224)
} | {
    f"timm: deit_{size}{'_distilled' if distilled else ''}_patch16_{side}": _architecture(
        size, 16, side, IMAGENET.mean, distilled=distilled
    )
    for size, side in (("tiny", 224), ("small", 224), ("base", 224), ("base", 384))
    for distilled in (False, True)
}
