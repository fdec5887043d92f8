"""What the inputs of ONNX operators are called, and which of them hold weights."""

from __future__ import annotations

from functools import lru_cache

import onnx
from onnx import defs

from netviz_desktop.readers._onnx_tensors import StoredTensor

_SHOWN_NUMBERS = 16  # a constant setting of at most so many is written out
LOW_BIT = frozenset({"int8", "uint8", "int4", "uint4", "int2", "uint2"})

# Inputs that hold a setting, not a weight, though they may be of floating point.
_SETTINGS = {
    "BatchNormalization": frozenset({"training_mode"}),
    "Clip": frozenset({"min", "max"}),
    "DequantizeLinear": frozenset({"x_scale", "x_zero_point"}),
    "Dropout": frozenset({"ratio", "training_mode"}),
    "NonMaxSuppression": frozenset({"iou_threshold", "score_threshold"}),
    "OneHot": frozenset({"values"}),
    "Pad": frozenset({"constant_value"}),
    "QuantizeLinear": frozenset({"y_scale", "y_zero_point"}),
    "Resize": frozenset({"roi", "scales"}),
    "Upsample": frozenset({"scales"}),
}

# What the inputs are called, where the schema says X, W, B or there is none.
_ROLES = {
    "Conv": ("input", "weight", "bias"),
    "ConvTranspose": ("input", "weight", "bias"),
    "ConvInteger": ("x", "weight", "x_zero_point", "w_zero_point"),
    "DeformConv": ("input", "weight", "offset", "bias", "mask"),
    "FusedConv": ("input", "weight", "bias", "z"),
    "FusedGemm": ("input", "weight", "bias"),
    "FusedMatMul": ("weight", "weight"),
    "Gemm": ("weight", "weight", "bias"),
    "MatMul": ("weight", "weight"),
    "BiasGelu": ("input", "bias"),
    "FastGelu": ("input", "bias"),
    "SkipLayerNormalization": ("input", "skip", "scale", "bias", "bias"),
    "SkipSimplifiedLayerNormalization": ("input", "skip", "scale", "bias"),
    "Gather": ("weight", "indices"),
    "BatchNormalization": ("input", "scale", "bias", "running mean", "running variance"),
    "InstanceNormalization": ("input", "scale", "bias"),
    "GroupNormalization": ("input", "scale", "bias"),
    "LayerNormalization": ("input", "scale", "bias"),
    "RMSNormalization": ("input", "scale"),
    "SimplifiedLayerNormalization": ("input", "scale"),
}


def roles(node: onnx.NodeProto, opset: int) -> tuple[str, ...]:
    named = _ROLES.get(node.op_type) or _formal_inputs(node.op_type, opset, node.domain)
    count = len(node.input)
    return (named + ("",) * count)[:count]


@lru_cache(maxsize=4096)
def _formal_inputs(op_type: str, opset: int, domain: str) -> tuple[str, ...]:
    try:
        schema = defs.get_schema(op_type, opset, domain)
    except defs.SchemaError:
        return ()
    return tuple(
        "" if formal.option == defs.OpSchema.FormalParameterOption.Variadic else formal.name
        for formal in schema.inputs
    )


def is_weight(node: onnx.NodeProto, tensor: StoredTensor, role: str) -> bool:
    if not tensor.shape or role in _SETTINGS.get(node.op_type, ()):
        return False
    bias = node.op_type.startswith(("DequantizeLinear", "QLinear", "QGemm"))
    return "float" in tensor.dtype or tensor.dtype in LOW_BIT or (bias and tensor.dtype == "int32")


def is_short_setting(node: onnx.NodeProto, tensor: StoredTensor, role: str) -> bool:
    return (
        isinstance(tensor.proto, onnx.TensorProto)
        and tensor.proto.data_location != onnx.TensorProto.EXTERNAL
        and 0 <= tensor.count <= _SHOWN_NUMBERS
        and not is_weight(node, tensor, role)
    )
