"""ViT-B/16 (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929) in plain torch."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

PATCH, WIDTH, HEADS, DEPTH = 16, 768, 12, 12
TOKENS = (224 // PATCH) ** 2 + 1


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, 1e-6)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, 1e-6)
        self.expand = nn.Linear(WIDTH, 4 * WIDTH)
        self.contract = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(self.norm1(x)).unflatten(2, (3, HEADS, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.project(attended)
        return x + self.contract(F.gelu(self.expand(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.class_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.positions = nn.Parameter(0.02 * torch.randn(1, TOKENS, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
        self.norm = nn.LayerNorm(WIDTH, 1e-6)
        self.head = nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.class_token.expand(len(x), -1, -1), x), 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


def vit() -> ViT:
    """Random weights, the same every time; ready to infer."""
    torch.manual_seed(0)
    return ViT().eval()


def export(module: nn.Module, path: Path, *, dynamo: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both exporters warn about themselves
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, 224, 224),),
            path,
            dynamo=dynamo,
            input_names=["input"],
            output_names=["logits"],
            **({"external_data": False, "verbose": False} if dynamo else {}),
        )
