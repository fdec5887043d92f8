"""Products of matrices."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netviz_desktop.engine.onnx_ops import onnx_op


@onnx_op("MatMul")
def matmul(a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


@onnx_op("Gemm")
def gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    broadcast: int = 1,
    transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
) -> Tensor:
    del broadcast  # before opset 7; what it allowed is allowed everywhere
    if transB and not transA and alpha == beta == 1 and (c is None or c.ndim == 1):
        return F.linear(a, b, c)
    product = (a.mT if transA else a) @ (b.mT if transB else b)
    if alpha != 1:
        product = (alpha * product).to(a.dtype)
    if c is None:
        return product
    return product + (c if beta == 1 else (beta * c).to(c.dtype))


@onnx_op("TransposeMatMul", domain="com.microsoft")
@onnx_op("FusedMatMul", domain="com.microsoft")
def fused_matmul(
    a: Tensor,
    b: Tensor,
    *,
    alpha: float = 1.0,
    transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
    transBatchA: int = 0,  # noqa: N803
    transBatchB: int = 0,  # noqa: N803
) -> Tensor:
    if transBatchA:
        a = a.movedim(0, -2)
    if transBatchB:
        b = b.movedim(0, -2)
    product = (a.mT if transA else a) @ (b.mT if transB else b)
    return product if alpha == 1 else product * alpha


@onnx_op("FusedGemm", domain="com.microsoft")
def fused_gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    activation: str = "",
    activation_alpha: float = 0.01,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
) -> Tensor:
    y = gemm(a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)
    match activation:
        case "":
            return y
        case "LeakyRelu":
            return F.leaky_relu(y, activation_alpha)
        case "Relu" | "Tanh" | "Sigmoid":
            applied: Tensor = getattr(torch, activation.lower())(y)
            return applied
        case _:
            raise NotImplementedError(f"the activation {activation} is not known")


@onnx_op("Einsum")
def einsum(*xs: Tensor, equation: str) -> Tensor:
    return torch.einsum(equation, *xs)


@onnx_op("Det")
def determinant(x: Tensor) -> Tensor:
    found: Tensor = torch.linalg.det(x)
    return found


@onnx_op("Inverse", domain="com.microsoft")
def inverse(x: Tensor) -> Tensor:
    found: Tensor = torch.linalg.inv(x)
    return found
