"""Single nodes in onnxruntime, where it is installed: for operators that only it has."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import onnx
from onnx import helper
from torch import Tensor

from netviz_desktop.engine.runners._onnx_values import from_numpy, to_numpy, type_of

# It would keep a device id and a database in the home folder and send reports to Microsoft,
# from the moment it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


@cache
def installed() -> bool:
    return importlib.util.find_spec("onnxruntime") is not None


def runs(node: onnx.NodeProto) -> bool:
    """Whether it is installed and has this operator on the CPU."""
    return installed() and (node.domain, node.op_type) in _operators()


@cache
def _operators() -> frozenset[tuple[str, str]]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return frozenset(
        (kernel.domain, kernel.op_name)
        for kernel in state.get_all_opkernel_def()
        if kernel.provider == "CPUExecutionProvider"
    )


def kernel(node: onnx.NodeProto, opsets: Mapping[str, int]) -> Callable[..., Any]:
    """The node as a model of its own, made anew for each combination of input types."""
    sessions: dict[bytes, Any] = {}

    def run(*arguments: Any) -> tuple[Any, ...]:
        feeds = {
            name: argument
            for name, argument in zip(node.input, arguments, strict=False)
            if name and argument is not None
        }
        model = _model(node, opsets, feeds)
        try:
            if model not in sessions:
                sessions[model] = _session(model)
            results = iter(sessions[model].run(None, {n: to_numpy(x) for n, x in feeds.items()}))
        except _failures() as error:
            raise RuntimeError(str(error)) from error
        device = next((a.device for a in arguments if isinstance(a, Tensor)), None)
        return tuple(from_numpy(next(results), device) if name else None for name in node.output)

    return run


def _model(node: onnx.NodeProto, opsets: Mapping[str, int], feeds: Mapping[str, Any]) -> bytes:
    graph = onnx.GraphProto(name="one node")
    graph.node.append(node)
    for name, value in feeds.items():
        given = graph.input.add()
        given.name = name
        given.type.CopyFrom(type_of(value))
        given.type.tensor_type.ClearField("shape")
    for name in filter(None, node.output):
        graph.output.add().name = name
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    return bytes(model.SerializeToString())


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it would print is in the error that it raises
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _failures() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("EPFail", "Fail", "InvalidArgument", "InvalidGraph", "NotImplemented")
    return tuple(getattr(state, name) for name in (*names, "RuntimeException"))
