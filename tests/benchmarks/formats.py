"""One network in every format, each beside the framework's own forward of the same network.

Each is measured in a process of its own: what one session frees and keeps would be felt by
the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from resnet50 import resnet50
from timing import report, with_gradients, without_gradients

import netviz_desktop

SHAPE = (1, 3, 224, 224)


def write(folder: Path) -> dict[str, Path]:
    """ResNet-50's files, by what they are called in the tables."""
    module, example = resnet50(), (torch.zeros(SHAPE),)
    files = {
        name: folder / f"resnet50-{file}"
        for name, file in (
            ("pickled module", "module.pt"),
            ("state dict, recognised", "weights.pt"),
            ("traced", "traced.pt"),
            ("scripted", "scripted.pt"),
            (".pt2", "program.pt2"),
            ("Keras", "model.keras"),
        )
    }
    torch.save(module, files["pickled module"])
    torch.save(module.state_dict(), files["state dict, recognised"])
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(module, example).save(files["traced"])
        torch.jit.script(module).save(files["scripted"])
        torch.export.save(torch.export.export(module, example), files[".pt2"])
    _keras().applications.ResNet50(weights=None).save(files["Keras"])
    return files


def measure(files: dict[str, Path], threads: int, repeat: int) -> None:
    for name, path in files.items():
        subprocess.run(
            [sys.executable, __file__, name, str(path), str(threads), str(repeat)], check=True
        )


def _measure(name: str, path: Path, threads: int, repeat: int) -> None:
    torch.set_num_threads(threads)
    session = netviz_desktop.open(path, trust=True)
    if name == "Keras":
        x = torch.randn(1, 224, 224, 3)
        plain, prepared = _plain_keras(path, x)
    else:
        x = torch.randn(SHAPE)
        module = resnet50()
        plain, prepared = without_gradients(module, x), with_gradients(module, x)
    array = x.numpy()
    session.run(array)
    found, expected = session.value(session.graph.outputs[0]), plain().detach().numpy()
    difference = np.abs(found - expected).max() / np.abs(expected).max()
    ours = f"NetViz, {name}, everything kept"
    peers = {"plain, no_grad": plain, "plain, gradients of the input prepared": prepared}
    report(
        f"ResNet-50, {name}, 224 px, {threads} thread(s): largest difference {difference:.0e}",
        {**peers, ours: lambda: session.run(array)},
        repeat,
        against={ours: tuple(peers)},
    )


def _plain_keras(
    path: Path, x: torch.Tensor
) -> tuple[Callable[[], torch.Tensor], Callable[[], torch.Tensor]]:
    keras = _keras()
    with keras.device("cpu"):
        model = keras.saving.load_model(path)
    model.trainable = False

    def prepared() -> torch.Tensor:
        with keras.device("cpu"):
            return model(x.clone().requires_grad_(), training=False)

    return torch.no_grad()(prepared), prepared


def _keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras


if __name__ == "__main__":
    _measure(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
