"""Diagnosis of all layers of ResNet-50, beside a forward and a backward pass of plain torch.

python tests/benchmarks/diagnosis.py [repeats]: one thread; the kept run is not timed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch
from resnet50 import export, resnet50
from timing import report

from netviz_desktop.engine.session import Session


def main(repeats: int) -> None:
    torch.set_num_threads(1)
    module, x = resnet50(), torch.rand(1, 3, 224, 224)

    def forward_backward() -> None:
        module.zero_grad()
        module(x)[0, 0].backward()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet50.onnx"
        export(module, path)
        session = Session("cpu")
        session.open(path)
        session.run(x.numpy())

        def diagnosis() -> None:
            session.last._gradients.clear()
            session.diagnosis(0)

        variants = {"forward and backward": forward_backward, "diagnosis": diagnosis}
        report("ResNet-50", variants, repeats, {"diagnosis": ("forward and backward",)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
