"""torchvision and timm, where they are installed: judges of what is recognised and rebuilt."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import pytest
import torch

_kept: list[torch.library.Library] = []


@pytest.fixture(scope="session")
def torchvision() -> Any:
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    try:
        import torchvision
    except RuntimeError:
        # PyPI's build is for CUDA. Beside torch for the CPU it lacks the operators of its
        # detectors, but its classifiers need none of them: that they are named is enough.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)
        import torchvision
    return torchvision


@pytest.fixture(scope="session")
def timm(torchvision: Any) -> Any:
    del torchvision  # timm imports it, too
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its own dependencies have to say
        import timm
    return timm
