"""An attribution laid over the image that the model saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.cli._output import whole

_OPACITY = (0.15, 0.85)
"""Where there is no evidence, and where it is strongest. Less than this, and pale yellow over
dark blue becomes green."""

# matplotlib's "inferno" (CC0), every 16th of its 256 colours: perceptually uniform.
_INFERNO = bytes.fromhex(
    "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 d24644 e45a31 f1731d f98e09"
    "fcac11 f9cb35 f2ea69 fcffa4"
)


def write_overlay(path: Path, seen: NDArray[np.uint8], placed: NDArray[Any]) -> None:
    """A PNG of the size of `seen` (H, W, 3); `placed` (H, W) is signed, and its positive
    part is what is shown."""
    from PIL import Image

    with whole(path) as part:
        Image.fromarray(overlay(seen, placed)).save(part, "PNG")


def overlay(seen: NDArray[np.uint8], placed: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W, 3): the evidence in colour, the more opaque the stronger it is."""
    evidence = np.nan_to_num(placed.astype(np.float64)).clip(min=0)
    strength = evidence / (evidence.max() or 1.0)
    opacity = (_OPACITY[0] + (_OPACITY[1] - _OPACITY[0]) * strength)[..., None]
    blended = seen * (1 - opacity) + _colours(strength) * opacity
    found: NDArray[np.uint8] = np.rint(blended).astype(np.uint8)
    return found


def _colours(strength: NDArray[Any]) -> NDArray[np.float64]:
    """(H, W) from 0 to 1 -> (H, W, 3) from 0 to 255."""
    table = np.frombuffer(_INFERNO, np.uint8).reshape(-1, 3)
    where = np.linspace(0, 1, len(table))
    channels = [np.interp(strength, where, table[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1)
