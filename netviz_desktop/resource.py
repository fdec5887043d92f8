"""Files that come with the program: the demo model and image, labels, fonts, icons."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DEMO_MODEL = "demo/squeezenet1_1.onnx"
DEMO_IMAGE = "demo/chelsea.png"
IMAGENET_LABELS = "labels/imagenet1k.json"
ARCHITECTURES = "architectures.json"


@cache
def _root() -> Path:
    package = Path(__file__).resolve().parent
    installed = package / "resources"  # a wheel and a bundle carry them inside the package
    return installed if installed.is_dir() else package.parent / "resources"


def path(name: str) -> Path:
    """Where the file is, on this machine; `name` is relative to `resources/`."""
    return _root() / name
