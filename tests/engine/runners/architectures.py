"""Small networks of every family that people publish, with random weights.

Each is written as its family is: with its in-place operations, reused modules, functional
calls and outputs. `CASES` has what makes one, and what it is run on, by the names of its
inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint


def conv_bn(given: int, out: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(given, out, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))


def head(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))


def vgg() -> nn.Module:
    layers: list[nn.Module] = []
    for given, out in ((3, 6), (6, 6), (6, 8)):
        layers += [nn.Conv2d(given, out, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    classifier = [nn.Flatten(), nn.Linear(8 * 16, 10), nn.ReLU(True), nn.Dropout(inplace=True)]
    return nn.Sequential(*layers, *classifier, nn.Linear(10, 5))


class ResNet(nn.Module):
    class Block(nn.Module):
        def __init__(self, given: int, out: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(given, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            self.downsample = nn.Conv2d(given, out, 1, stride) if stride > 1 else None

        def forward(self, x: Tensor) -> Tensor:
            identity = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += identity
            return self.relu(out)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 7, 2, 3), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.blocks = nn.Sequential(self.Block(6, 6, 1), self.Block(6, 8, 2), self.Block(8, 8, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.pool(self.stem(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(3 + 4 * i),
                nn.ReLU(inplace=True),
                nn.Conv2d(3 + 4 * i, 4, 3, padding=1),
            )
            for i in range(3)
        )
        self.head = head(15)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return self.head(torch.cat(features, 1))


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = conv_bn(3, 4, 1)
        self.three = nn.Sequential(conv_bn(3, 3, 1), conv_bn(3, 4))
        self.pooled = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv_bn(3, 2, 1))
        self.aux = head(10)
        self.head = head(10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat([branch(x) for branch in (self.one, self.three, self.pooled)], 1)
        return self.head(x), self.aux(x)


class MobileNet(nn.Module):
    """One ReLU6 for two places of a block, as in EfficientNet-Lite."""

    def __init__(self) -> None:
        super().__init__()
        self.expand, self.bn0 = nn.Conv2d(3, 12, 1, bias=False), nn.BatchNorm2d(12)
        self.depthwise = nn.Conv2d(12, 12, 3, 1, 1, groups=12, bias=False)
        self.bn1 = nn.BatchNorm2d(12)
        self.relu6 = nn.ReLU6(inplace=True)
        self.project = nn.Conv2d(12, 3, 1)
        self.head = head(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu6(self.bn0(self.expand(x)))
        y = self.relu6(self.bn1(self.depthwise(y)))
        return self.head(x + self.project(y))


class SamePadConv(nn.Conv2d):
    """A convolution that has a child: a walk over leaves misses it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.static_padding = nn.ZeroPad2d((0, 1, 0, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(self.static_padding(x), self.weight, self.bias, self.stride)


class EfficientNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = SamePadConv(3, 8, 3, 2)
        self.squeeze, self.excite = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.conv = SamePadConv(8, 8, 2)
        self.head = head(8)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.stem(x), inplace=True)
        scale = self.excite(F.silu(self.squeeze(F.adaptive_avg_pool2d(x, 1)), inplace=True))
        x = torch.sigmoid(scale) * x
        return self.head(self.conv(x) * torch.sigmoid(x))


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv_bn(3, 8)
        self.fc = nn.Sequential(nn.Linear(8, 2), nn.ReLU(True), nn.Linear(2, 8), nn.Hardsigmoid())
        self.act = nn.Hardswish(inplace=True)
        self.head = head(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x.mul_(self.fc(x.mean((2, 3))).view(1, 8, 1, 1).expand_as(x))
        return self.head(self.act(x))


class ShuffleNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_bn(3, 8)
        self.branch = nn.Sequential(conv_bn(4, 4, 1), conv_bn(4, 4, groups=4))
        self.head = head(8)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.stem(x).chunk(2, dim=1)
        x = torch.cat((first, self.branch(second)), dim=1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.head(x)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.middle = conv_bn(3, 4), conv_bn(4, 6), conv_bn(6, 6)
        self.up2 = nn.ConvTranspose2d(6, 6, 2, stride=2)
        self.join = conv_bn(12, 4)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x)
        second = self.down2(F.max_pool2d(first, 2))
        y = self.join(torch.cat([self.up2(self.middle(F.max_pool2d(second, 2))), second], 1))
        y = F.interpolate(y, size=first.shape[2:], mode="bilinear", align_corners=False)
        return self.out(torch.cat((first, y), 1))


class Detector(nn.Module):
    """A feature pyramid, and a list of dictionaries for an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([conv_bn(3, 6, stride=2), conv_bn(6, 8, stride=2)])
        self.lateral = nn.ModuleDict({"c2": nn.Conv2d(6, 4, 1), "c3": nn.Conv2d(8, 4, 1)})
        self.classify, self.regress = nn.Conv2d(4, 6, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)

    def forward(self, x: Tensor) -> list[dict[str, Tensor]]:
        c2 = self.stages[0](x)
        c3 = self.stages[1](c2)
        top = self.lateral["c3"](c3)
        below = self.lateral["c2"](c2) + F.interpolate(top, scale_factor=2.0)
        found = []
        for level in (below, top):
            boxes = self.regress(level).permute(0, 2, 3, 1).reshape(1, -1, 4)
            logits = self.classify(level).permute(0, 2, 3, 1).reshape(1, -1, 3)
            best, label = logits.softmax(-1).max(-1)
            kept = best[0].topk(5).indices
            found.append({"boxes": boxes[0, kept].exp(), "labels": label[0, kept]})
        return found


class Detr(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 8, 4, 4)
        self.transformer = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        self.query = nn.Parameter(torch.rand(3, 8))
        self.row, self.column = nn.Parameter(torch.rand(8, 4)), nn.Parameter(torch.rand(8, 4))
        self.classes, self.boxes = nn.Linear(8, 4), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.backbone(x)
        h, w = features.shape[-2:]
        columns = self.column[:w].unsqueeze(0).repeat(h, 1, 1)
        rows = self.row[:h].unsqueeze(1).repeat(1, w, 1)
        position = torch.cat([columns, rows], -1).flatten(0, 1).unsqueeze(0)
        hidden = self.transformer(
            position + 0.1 * features.flatten(2).permute(0, 2, 1), self.query.unsqueeze(0)
        )
        return {"pred_logits": self.classes(hidden), "pred_boxes": self.boxes(hidden).sigmoid()}


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, 8)
        self.token = nn.Parameter(torch.rand(1, 1, 8))
        self.position = nn.Parameter(torch.rand(1, 17, 8))
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Dropout(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.mlp(self.norm2(x))
        return self.head(x[:, 0])


class MetaFormer(nn.Module):
    """Channels stand last in its norm, and so do they in the gradients that come back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.drop = nn.Conv2d(3, 8, 3, 4), nn.BatchNorm2d(8), nn.Dropout()
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.bn(self.drop(self.conv(x))))
        return self.head(self.norm(x.permute(0, 2, 3, 1)).mean((1, 2)))


class Swin(nn.Module):
    """Shifted windows, with a mask that is written slice by slice."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8)
        self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)
        self.bias = nn.Parameter(torch.rand(2, 16, 16))
        self.reduce = nn.Linear(32, 16, bias=False)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.embed(x).permute(0, 2, 3, 1))
        b, h, w, c = x.shape
        shifted = torch.roll(x, shifts=(-2, -2), dims=(1, 2))
        windows = shifted.view(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        windows = windows.reshape(-1, 16, c)
        q, k, v = self.qkv(windows).reshape(-1, 16, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        q = q * 0.5
        scores = q @ k.transpose(-2, -1) + self.bias
        mask = x.new_zeros((h, w))
        for number, rows in enumerate((slice(0, -4), slice(-4, -2), slice(-2, None))):
            mask[rows] += number
            mask[:, rows] = mask[:, rows] * 3 + number
        mask = mask.view(h // 4, 4, w // 4, 4).permute(0, 2, 1, 3).reshape(-1, 16)
        mask = mask.unsqueeze(1) - mask.unsqueeze(2)
        mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
        scores += mask.unsqueeze(1)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c)
        y = self.proj(y).view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        x = x + torch.roll(y.reshape(b, h, w, c), shifts=(2, 2), dims=(1, 2))
        merged = [x[:, i::2, j::2, :] for i in (0, 1) for j in (0, 1)]
        return self.head(self.reduce(torch.cat(merged, -1)).mean((1, 2)))


class Bert(nn.Module):
    @dataclass
    class Output:
        last_hidden_state: Tensor
        pooler_output: Tensor | None = None

    def __init__(self) -> None:
        super().__init__()
        self.words, self.types = nn.Embedding(20, 8, padding_idx=0), nn.Embedding(2, 8)
        self.positions = nn.Embedding(16, 8)
        self.register_buffer("position_ids", torch.arange(16).unsqueeze(0))
        self.norm = nn.LayerNorm(8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.pooler = nn.Linear(8, 8)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> Bert.Output:
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        x = self.words(input_ids)
        x += self.types(token_type_ids)
        x += self.positions(self.position_ids[:, : input_ids.shape[1]])
        x = self.encoder(self.norm(x), src_key_padding_mask=attention_mask == 0)
        return self.Output(x, torch.tanh(self.pooler(x[:, 0])))


class Gpt(nn.Module):
    """Causal, with the embedding's weights for its output."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(20, 8), nn.Embedding(16, 8)
        self.norm, self.c_attn, self.c_proj = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.register_buffer("causal", torch.ones(16, 16).tril().bool(), persistent=False)
        self.lm_head = nn.Linear(8, 20, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, idx: Tensor) -> Tensor:
        b, t = idx.shape
        x = self.wte(idx) + self.wpe(torch.arange(t, device=idx.device))
        for _ in range(2):  # the same layer twice, as in ALBERT
            q, k, v = self.c_attn(self.norm(x)).split(8, dim=2)
            q, k, v = (part.view(b, t, 2, 4).transpose(1, 2) for part in (q, k, v))
            scores = (q @ k.transpose(-2, -1)) / 2.0
            scores = scores.masked_fill(~self.causal[:t, :t], float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
            y = y + F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.c_proj(y.transpose(1, 2).contiguous().view(b, t, 8))
        return self.lm_head(x)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(10, 6, batch_first=True)
        self.cell = nn.LSTMCell(6, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        x, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        x, state = self.gru(x)
        h, c = state[0], torch.zeros_like(state[0])
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.fc(h), c


class AutoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        self.mean, self.deviation = nn.Conv2d(6, 2, 1), nn.Conv2d(6, 2, 1)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(2, 4, 3, 2, 1, output_padding=1),
            nn.InstanceNorm2d(4, affine=True),
            nn.ELU(inplace=True),
            nn.PixelShuffle(2),
            nn.Upsample(scale_factor=0.5, mode="nearest"),
            nn.Conv2d(1, 3, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        encoded = self.encoder(x)
        mean, deviation = self.mean(encoded), self.deviation(encoded)
        sampled = mean + torch.randn_like(mean) * (0.5 * deviation).exp()
        return torch.sigmoid(self.decoder(sampled)), mean, deviation


class GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.edge = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(12, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        source, target = edge_index
        x = F.relu(self.first(x))
        messages = self.edge(torch.cat([x[source], x[target]], -1))
        summed = torch.zeros_like(x).index_add_(0, target, messages)
        count = x.new_zeros(x.shape[0]).scatter_add_(0, target, torch.ones_like(x[target, 0]))
        x = self.second(x) + summed / count.clamp(min=1).unsqueeze(-1)
        return self.out(x.relu_()).mean(0, keepdim=True)


class Deciding(nn.Module):
    """Loops and branches on what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.step, self.large, self.small = nn.Linear(6, 6), nn.Linear(6, 3), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        turns = 0
        while x.norm() > 1 and turns < 4:
            x = torch.tanh(self.step(x)) / 2
            turns += 1
        if x.sum().item() > 0 or bool((x > 5).any()):
            return self.large(x).exp()
        return self.small(x) * float(turns + 1)


class TwoImages(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.compare = conv_bn(3, 4), nn.CosineSimilarity()
        self.fc = nn.Bilinear(4, 4, 3)

    def forward(self, first: Tensor, second: Tensor, scale: Tensor | None = None) -> Tensor:
        a, b = (self.trunk(image).mean((2, 3)) for image in (first, second))
        out = self.fc(a, b) * self.compare(a, b).unsqueeze(1)
        return out if scale is None else out * scale


class FunctionalOnly(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Parameter(torch.randn(4, 3, 3, 3)), nn.Parameter(torch.randn(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, self.w1, padding=1), inplace=True)
        x = torch.einsum("nchw,kc->nkhw", x, self.w2)
        mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
        x = (x - mean) / (var + 1e-5).sqrt()
        return torch.stack([x.amax((2, 3)), x.logsumexp((2, 3))]).sum(0)


class Parametrized(nn.Module):
    class Symmetric(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.triu() + x.triu(1).transpose(-1, -2)

    def __init__(self) -> None:
        super().__init__()
        self.normed = parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
        self.spectral = parametrizations.spectral_norm(nn.Conv2d(4, 4, 3))
        self.fc = nn.Linear(4, 4)
        parametrize.register_parametrization(self.fc, "weight", self.Symmetric())

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.spectral(self.normed(x).relu()).mean((2, 3)))


class Volume(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4)
        self.pool, self.fc = nn.MaxPool3d(2), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.prelu(self.bn(self.conv(x)), torch.full((4,), 0.1)))
        return self.fc(x.flatten(2).mean(-1))


def sound() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(1, 6, 5, 2, padding="valid", dilation=2),
        nn.GroupNorm(2, 6),
        nn.ReLU(inplace=True),
        nn.AvgPool1d(2),
        nn.Conv1d(6, 12, 3, padding="same"),
        nn.GLU(dim=1),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


class Overwriting(nn.Module):
    """Writes into what it computed, and into views of it; plain torch cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        y = x.exp()
        z = y * 2
        y += 1
        x[:, 0] = 0
        x[:, 1:3].mul_(3)
        x[x > 2] = 2
        y[:, ::2].clamp_(max=3)
        x.masked_fill_(x < -1, 0.5)
        alias = z.view(-1)
        z.relu_()
        return self.out(z * y + x) + alias.mean()


class Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return gradient * torch.where(x.abs() < 1, 1.0, 0.25)


class CustomFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(Clipped.apply(self.first(x * 3)) + 0)


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(6, 6), nn.ReLU(inplace=True), nn.Linear(6, 6))
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = checkpoint(self.block, x, use_reentrant=False)
        return self.head(checkpoint(self.block, x, use_reentrant=True) + x)


class FromDictionary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.words = nn.Conv2d(3, 4, 3), nn.Embedding(10, 4)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Any]:
        seen = self.conv(batch["image"]).mean((2, 3))
        read = self.words(batch["input_ids"]).mean(1)
        return {"score": (seen * read).sum(1, keepdim=True), "parts": (seen, [read])}


def image(side: int = 32) -> Tensor:
    return torch.randn(1, 3, side, side)


def tokens() -> Tensor:
    return torch.tensor([[3, 7, 1, 9, 2, 0]])


Inputs = dict[str, Tensor]
CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[], Inputs]]] = {
    "VGG": (vgg, lambda: {"input": image()}),
    "ResNet": (ResNet, lambda: {"x": image()}),
    "DenseNet": (DenseNet, lambda: {"x": image(8)}),
    "Inception": (Inception, lambda: {"x": image(8)}),
    "MobileNet": (MobileNet, lambda: {"x": image(8)}),
    "EfficientNet": (EfficientNet, lambda: {"x": image(16)}),
    "squeeze and excitation": (SqueezeExcite, lambda: {"x": image(8)}),
    "ShuffleNet": (ShuffleNet, lambda: {"x": image(8)}),
    "U-Net": (UNet, lambda: {"x": image(16)}),
    "detector": (Detector, lambda: {"x": image()}),
    "DETR": (Detr, lambda: {"x": image()}),
    "ViT": (ViT, lambda: {"x": image()}),
    "MetaFormer": (MetaFormer, lambda: {"x": image()}),
    "Swin": (Swin, lambda: {"x": image()}),
    "BERT": (Bert, lambda: {"input_ids": tokens(), "attention_mask": (tokens() > 0).long()}),
    "GPT": (Gpt, lambda: {"idx": tokens()}),
    "LSTM and GRU": (
        Recurrent,
        lambda: {"x": torch.randn(2, 5, 4), "lengths": torch.tensor([5, 3])},
    ),
    "autoencoder": (AutoEncoder, lambda: {"x": image(16)}),
    "graph network": (
        GraphNet,
        lambda: {"x": torch.randn(5, 4), "edge_index": torch.randint(5, (2, 9))},
    ),
    "control flow, taken": (Deciding, lambda: {"x": torch.ones(1, 6) * 3}),
    "control flow, not taken": (Deciding, lambda: {"x": torch.zeros(1, 6)}),
    "two images": (TwoImages, lambda: {"first": image(8), "second": image(8)}),
    "two images and a scale": (
        TwoImages,
        lambda: {"first": image(8), "second": image(8), "scale": torch.full((1, 1), 2.0)},
    ),
    "functional": (FunctionalOnly, lambda: {"x": image(8)}),
    "parametrizations": (Parametrized, lambda: {"x": image(8)}),
    "3-D": (Volume, lambda: {"x": torch.randn(1, 1, 6, 6, 6)}),
    "1-D": (sound, lambda: {"input": torch.randn(1, 1, 64)}),
    "overwriting": (Overwriting, lambda: {"x": torch.randn(2, 6)}),
    "custom function": (CustomFunction, lambda: {"x": torch.randn(2, 6)}),
    "checkpointed": (Checkpointed, lambda: {"x": torch.randn(2, 6)}),
    "dictionary": (
        FromDictionary,
        lambda: {"image": image(8), "input_ids": tokens()},
    ),
}
