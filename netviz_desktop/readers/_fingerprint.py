"""What two state dicts of one architecture have in common.

Left out is what differs between them although the network is the same: the classifier,
whose classes are the data's; how many channels the image has; position embeddings, which
follow the image's size; and buffers that some versions save and others compute.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache

from netviz_desktop import resource

Shape = tuple[int, ...]

COMPUTED = re.compile(
    r"(^|\.)(num_batches_tracked|relative_position_index|relative_coords_table|attn_mask"
    r"|total_ops|total_params)$"
)
"""What a file may lack or have too much: the module computes it, or a profiler left it."""
HEAD = re.compile(
    r"(^|\.)(fc|classifier|heads?|head_dist|last_linear|logits|(aux|Aux)\w*|output|prelogits)(\.|$)"
)
POSITIONS = re.compile(r"(^|\.)(pos_embed\w*|relative_position_bias_table|rel_pos_[hw])(\.|$)")
_FEW_CHANNELS = 4


def fingerprint(shapes: Mapping[str, Shape]) -> tuple[str, str]:
    """Of names and shapes; and of shapes alone, for versions that name weights otherwise."""
    kept = [
        (name, _without_channels(shape))
        for name, shape in shapes.items()
        if not (COMPUTED.search(name) or HEAD.search(name) or POSITIONS.search(name))
    ]
    return (
        _hash(f"{name} {shape}" for name, shape in kept),
        _hash(str(shape) for _, shape in kept),
    )


def candidates(shapes: Mapping[str, Shape]) -> tuple[str, ...]:
    """Architectures whose weights look like these, likeliest first."""
    by_key = _index()
    return next((by_key[key] for key in fingerprint(shapes) if key in by_key), ())


def known() -> tuple[str, ...]:
    """Every architecture of the index."""
    return tuple(dict.fromkeys(name for names in _index().values() for name in names))


def _without_channels(shape: Shape) -> Shape:
    if len(shape) >= 4 and shape[1] <= _FEW_CHANNELS:
        return (shape[0], 0, *shape[2:])
    return shape


def _hash(lines: Iterable[str]) -> str:
    text = "\n".join(sorted(lines))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:10]


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Fingerprint -> names."""
    text = resource.path(resource.ARCHITECTURES).read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for name, *keys in json.loads(text)["architectures"]:
        for key in keys:
            found[key] = (*found.get(key, ()), name)
    return found
