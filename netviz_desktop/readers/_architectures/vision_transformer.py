"""Vision Transformer (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929), with
torchvision's names."""

# Calling a module gives Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn

from netviz_desktop.readers._architectures import Architecture
from netviz_desktop.readers._architectures._attention import attended

_EPSILON = 1e-6


class SelfAttention(nn.Module):
    """With the names of nn.MultiheadAttention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        qkv = nn.functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        return self.out_proj(attended(qkv, self.heads))


class EncoderBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=_EPSILON)
        self.self_attention = SelfAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=_EPSILON)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(0.0),
            nn.Linear(hidden, width),
            nn.Dropout(0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attention(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    def __init__(self, tokens: int, depth: int, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.zeros(1, tokens, width))
        blocks = [EncoderBlock(width, heads, hidden) for _ in range(depth)]
        self.layers = nn.Sequential(
            OrderedDict((f"encoder_layer_{number}", block) for number, block in enumerate(blocks))
        )
        self.ln = nn.LayerNorm(width, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.ln(self.layers(x + self.pos_embedding))


class VisionTransformer(nn.Module):
    """Args:
    hidden: channels inside an MLP.
    """

    def __init__(
        self,
        patch: int,
        depth: int,
        width: int,
        heads: int,
        hidden: int,
        num_classes: int = 1000,
        in_chans: int = 3,
        img_size: int = 224,
    ) -> None:
        super().__init__()
        self.conv_proj = nn.Conv2d(in_chans, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        tokens = (img_size // patch) ** 2 + 1
        self.encoder = Encoder(tokens, depth, width, heads, hidden)
        self.heads = nn.Sequential(OrderedDict(head=nn.Linear(width, num_classes)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_proj(x).flatten(2).transpose(1, 2)  # (N, T, D)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1)
        return self.heads(self.encoder(x)[:, 0])


_VARIANTS = {
    "vit_b_16": (16, 12, 768, 12, 3072),
    "vit_b_32": (32, 12, 768, 12, 3072),
    "vit_l_16": (16, 24, 1024, 16, 4096),
    "vit_l_32": (32, 24, 1024, 16, 4096),
    "vit_h_14": (14, 32, 1280, 16, 5120),
}
ARCHITECTURES = {
    f"torchvision: {name}": Architecture(partial(VisionTransformer, *variant))
    for name, variant in _VARIANTS.items()
}
