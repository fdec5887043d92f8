"""Files of more than 2 GB whose numbers are holes in the file: they take no room on disk,
and whoever reads the weights anyway reads all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from onnx import ModelProto, TensorProto, helper

from netviz_desktop.readers._architectures import architectures

_WIDTH = 4096
_LAYERS = 36  # of 64 MB each
_TENSOR_BYTES = _WIDTH * _WIDTH * 4
_NODES_BETWEEN = 10  # activations and additions that come with each product
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9  # field numbers of onnx.proto

# The kernel's own count of a process begins with what its parent had.
_NETVIZ = """
import re, sys, time
from netviz_desktop.cli import main
code = main()
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
sys.stderr.write(f"{time.process_time()} {peak}")
sys.exit(code)
"""


class Spent(NamedTuple):
    """What a command took: CPU seconds of all threads, and its largest memory in MB."""

    cpu_seconds: float
    peak_mb: float


def with_external_data(folder: Path) -> Path:
    """A model of 400 nodes beside 2.4 GB of weights."""
    path = folder / "external.onnx"
    model = _model()
    for index, tensor in enumerate(_weights()):
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", "external.data"),
            ("offset", index * _TENSOR_BYTES),
            ("length", _TENSOR_BYTES),
        ):
            tensor.external_data.add(key=key, value=str(value))
        model.graph.initializer.append(tensor)
    path.write_bytes(model.SerializeToString())
    with (folder / "external.data").open("wb") as file:
        file.truncate(_LAYERS * _TENSOR_BYTES)
    return path


def in_one_file(folder: Path) -> Path:
    """The same model with its weights inside, as protobuf writes them. onnx.load reads no such
    file: protobuf itself ends at 2 GB."""
    path = folder / "inline.onnx"
    model = _model()
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    heads = []
    for tensor in _weights():
        head = tensor.SerializeToString() + _key(_RAW_DATA) + _varint(_TENSOR_BYTES)
        heads.append(_key(_INITIALIZER) + _varint(len(head) + _TENSOR_BYTES) + head)
    size = len(graph) + sum(map(len, heads)) + _LAYERS * _TENSOR_BYTES
    with path.open("wb") as file:
        file.write(model.SerializeToString() + _key(_GRAPH) + _varint(size) + graph)
        for head in heads:
            file.write(head)
            file.seek(_TENSOR_BYTES, os.SEEK_CUR)
        file.truncate()
    return path


def checkpoints(folder: Path) -> dict[str, Path]:
    """Of 2.4 GB each: weights by name in both kinds of file, of a network that is recognised
    (ViT-L in double precision) and of one that nobody knows."""
    with torch.device("meta"):
        recognised = architectures()["torchvision: vit_l_16"].make().double().state_dict()
    shape = (_WIDTH, _WIDTH)
    unknown = {f"part{n}.weight": torch.empty(shape, device="meta") for n in range(_LAYERS)}
    files = {}
    for name, weights in (("recognised", recognised), ("not recognised", unknown)):
        for kind, write in ((".pt", _write_torch), (".safetensors", _write_safetensors)):
            path = folder / f"{name}{kind}"
            write(weights, path)
            files[f"2.4 GB of {kind}, {name}"] = path
    return files


def _write_torch(weights: dict[str, torch.Tensor], path: Path) -> None:
    with torch.serialization.skip_data():
        torch.save({name: torch.empty_like(w, device="cpu") for name, w in weights.items()}, path)


def _write_safetensors(weights: dict[str, torch.Tensor], path: Path) -> None:
    head, end = {}, 0
    for name, tensor in weights.items():
        begin, end = end, end + tensor.nbytes
        dtype = {4: "F32", 8: "F64"}[tensor.itemsize]
        head[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(head).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


def spent(*command: str) -> Spent:
    """By `netviz` with these arguments, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", _NETVIZ, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )
    seconds, peak = done.stderr.split()[-2:]
    return Spent(float(seconds), int(peak) / 1024)


def _model() -> ModelProto:
    nodes = []
    before = "x"
    for layer in range(_LAYERS):
        nodes.append(helper.make_node("MatMul", [before, f"w{layer}"], [f"{layer}.0"]))
        nodes += [
            helper.make_node("Relu", [f"{layer}.{step}"], [f"{layer}.{step + 1}"])
            for step in range(_NODES_BETWEEN)
        ]
        before = f"{layer}.{_NODES_BETWEEN}"
    shape = ["batch", _WIDTH]
    graph = helper.make_graph(
        nodes,
        "big",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(before, TensorProto.FLOAT, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _weights() -> list[TensorProto]:
    return [
        TensorProto(name=f"w{layer}", data_type=TensorProto.FLOAT, dims=[_WIDTH, _WIDTH])
        for layer in range(_LAYERS)
    ]


def _key(field: int) -> bytes:
    return _varint(field << 3 | 2)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
