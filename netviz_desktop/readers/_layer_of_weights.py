"""Which layer a module is, as far as the names and shapes of its weights make it certain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from netviz_desktop.graph import Attribute

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """As torch.nn calls it; "Weights" where nothing is certain."""

    op_type: str
    attributes: dict[str, Attribute] = field(default_factory=dict)


_UNKNOWN = Layer("Weights")
_LINEAR = re.compile(
    r"^(linear|dense|fc\d*|qkv|[qkvo]_proj|(out|in|up|gate|down|c)_proj|[qkv]|to_[qkv]|to_qkv|query"
    r"|key|value|lm_head|classifier|head|pooler|intermediate|proj)$"
)
_EMBEDDING = re.compile(r"emb|^w[tp]e$|^shared$", re.IGNORECASE)
_LAYER_NORM = re.compile(r"layer_?norm|^ln(_|\d|$)", re.IGNORECASE)
_GATES = {4: "LSTM", 3: "GRU", 1: "RNN"}


def layer_of(path: str, shapes: Mapping[str, Shape]) -> Layer:
    """The layer at a module path.

    Args:
        shapes: of its own weights, by their role: "weight", "running_mean".
    """
    weight, bias = shapes.get("weight"), shapes.get("bias")
    if "running_mean" in shapes and len(shapes["running_mean"]) == 1:
        return Layer("BatchNorm", {"num_features": shapes["running_mean"][0]})
    if "weight_ih_l0" in shapes and "weight_hh_l0" in shapes:
        return _recurrent(shapes)
    if "in_proj_weight" in shapes and len(shapes["in_proj_weight"]) == 2:
        return Layer("MultiheadAttention", {"embed_dim": shapes["in_proj_weight"][1]})
    if weight is None or shapes.keys() - {"weight", "bias"}:
        return _UNKNOWN
    own_name = path.rpartition(".")[2]
    if len(weight) >= 3:
        return _convolution(weight, bias)
    if len(weight) == 2:
        return _matrix(own_name, weight, bias)
    if len(weight) == 1 and bias == weight and _LAYER_NORM.search(own_name):
        return Layer("LayerNorm", {"normalized_shape": list(weight)})
    return _UNKNOWN


def _convolution(weight: Shape, bias: Shape | None) -> Layer:
    dimensions = len(weight) - 2
    if dimensions > 3 or (dimensions != 2 and bias is None):
        return _UNKNOWN  # three axes and no bias: a batch of matrices as well
    kernel: dict[str, Attribute] = {"kernel_size": list(weight[2:])}
    if bias is None or bias == weight[:1]:
        return Layer(f"Conv{dimensions}d", {"out_channels": weight[0], **kernel})
    if len(bias) == 1 and bias[0] % max(weight[1], 1) == 0:
        transposed = {"in_channels": weight[0], "out_channels": bias[0], **kernel}
        return Layer(f"ConvTranspose{dimensions}d", transposed)
    return _UNKNOWN


def _matrix(own_name: str, weight: Shape, bias: Shape | None) -> Layer:
    if bias == weight[:1] or (bias is None and _LINEAR.match(own_name)):
        return Layer("Linear", {"in_features": weight[1], "out_features": weight[0]})
    if bias is None and _EMBEDDING.search(own_name):
        return Layer("Embedding", {"num_embeddings": weight[0], "embedding_dim": weight[1]})
    return _UNKNOWN


def _recurrent(shapes: Mapping[str, Shape]) -> Layer:
    inner, outer = shapes["weight_ih_l0"], shapes["weight_hh_l0"]
    if len(inner) != 2 or len(outer) != 2 or not outer[1]:
        return _UNKNOWN
    kind = _GATES.get(outer[0] // outer[1])
    if kind is None or inner[0] != outer[0] or outer[0] % outer[1]:
        return _UNKNOWN
    attributes: dict[str, Attribute] = {
        "input_size": inner[1],
        "hidden_size": outer[1],
        "num_layers": sum(bool(re.fullmatch(r"weight_hh_l\d+", role)) for role in shapes),
        "bidirectional": "weight_hh_l0_reverse" in shapes,
    }
    return Layer(kind, attributes)
