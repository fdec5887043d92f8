"""The judge: what the demo shows, computed without a line of the program."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import Image
from torch import Tensor, nn

from netviz_desktop import resource

LAYERS: dict[str, Callable[..., Tensor]] = {
    "Relu": lambda x, **_: torch.relu(x),
    "Concat": lambda *x, axis, **_: torch.cat(x, dim=axis),
    "Dropout": lambda x, **_: x,
    "MaxPool": lambda x, kernel_shape, strides, ceil_mode=0, **_: nn.functional.max_pool2d(
        x, kernel_shape, strides, ceil_mode=bool(ceil_mode)
    ),
    "Conv": lambda x, w, b, strides=(1, 1), pads=(0, 0, 0, 0), **_: nn.functional.conv2d(
        x, w, b, stride=strides, padding=pads[:2]
    ),
    "GlobalAveragePool": lambda x, **_: x.mean(dim=(2, 3), keepdim=True),
    "Flatten": lambda x, **_: x.flatten(1),
    "Reshape": lambda x, shape, **_: x.reshape([int(size) for size in shape]),
}


class Judge:
    """The demo model on the demo image: by onnxruntime forwards, by plain torch backwards."""

    def __init__(self) -> None:
        self._model = onnx.load(str(resource.path(resource.DEMO_MODEL)))
        self.x = _preprocessed()
        self.output_of = {node.name: node.output[0] for node in self._model.graph.node}

    def activations(self, *names: str) -> list[NDArray[np.float32]]:
        """What onnxruntime computes at these nodes."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        known = {value.name for value in model.graph.output}
        outputs = [self.output_of[name] for name in names]
        for output in outputs:
            if output not in known:
                model.graph.output.append(onnx.ValueInfoProto(name=output))
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        found = session.run(outputs, {session.get_inputs()[0].name: self.x})
        return [np.asarray(value, np.float32) for value in found]

    def logits(self) -> NDArray[np.float32]:
        session = onnxruntime.InferenceSession(
            self._model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        (found,) = session.run(None, {session.get_inputs()[0].name: self.x})
        return np.asarray(found, np.float32).reshape(-1)

    def gradient(self, name: str, target: int) -> NDArray[np.float32]:
        """d logit / d activation of a node, by plain torch over the initialisers."""
        values: dict[str, Tensor] = {
            tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
            for tensor in self._model.graph.initializer
        }
        values[self._model.graph.input[0].name] = torch.from_numpy(self.x)
        wanted = self.output_of[name]
        for node in self._model.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                values[node.output[0]] = torch.from_numpy(
                    numpy_helper.to_array(attributes["value"]).copy()
                )
                continue
            result = LAYERS[node.op_type](*(values[i] for i in node.input if i), **attributes)
            if node.output[0] == wanted:
                result = result.detach().requires_grad_()
            values[node.output[0]] = result
        score = values[self._model.graph.output[0].name].reshape(-1)[target]
        (gradient,) = torch.autograd.grad(score, values[wanted])
        return np.asarray(gradient.numpy())

    def grad_cam(self, name: str, target: int) -> NDArray[np.float32]:
        """Selvaraju et al. 2017, eq. 1 and 2: (H, W)."""
        (activation,) = self.activations(name)
        weight = self.gradient(name, target).mean(axis=(2, 3), keepdims=True)
        return np.maximum((weight * activation).sum(axis=1), 0)[0]

    def weight(self, name: str) -> NDArray[np.float32]:
        (node,) = (node for node in self._model.graph.node if node.name == name)
        (tensor,) = (t for t in self._model.graph.initializer if t.name == node.input[1])
        return np.asarray(numpy_helper.to_array(tensor))


def _preprocessed() -> NDArray[np.float32]:
    """As torchvision does it for ImageNet: shorter side 256, the longer one cut down to whole
    pixels, centre 224, mean and deviation: (1, 3, 224, 224)."""
    image = Image.open(resource.path(resource.DEMO_IMAGE)).convert("RGB")
    scale = 256 / min(image.size)
    width, height = (int(side * scale) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - 224) // 2, (height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    pixels = (pixels - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return pixels.transpose(2, 0, 1)[None].astype(np.float32)


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge()
