from __future__ import annotations

import numpy as np
import pytest
import torch

from netviz_desktop.engine.patches import Patches, patches
from netviz_desktop.engine.pictures import channel, maps
from netviz_desktop.graph import Node
from netviz_desktop.graph.receptive_field import Axis

FIELD = {2: Axis(2, 16, 7.5, 16), 3: Axis(3, 16, 7.5, 16)}
NODE = Node("n", "Add", "ai.onnx", "", (), ("x",), ("y",), {})


def test_patches_are_where_a_map_becomes_tokens() -> None:
    shapes = {"image": (1, 3, 64, 96), "map": (1, 8, 4, 6), "tokens": (1, 24, 8), "all": (1, 25, 8)}
    assert patches(shapes, {"map": FIELD}) == Patches((4, 6), FIELD)
    assert patches({"map": (1, 8, 4, 6), "other": (1, 24, 9)}, {}) is None


@pytest.mark.parametrize("before", [0, 1, 5])
def test_tokens_are_a_map_for_each_channel_without_those_that_stand_before(before: int) -> None:
    grid = torch.randn(1, 8, 4, 6)
    tokens = torch.cat([torch.full((1, before, 8), 99.0), grid.flatten(2).mT], dim=1)
    found = maps(NODE, tokens, patches=Patches((4, 6), FIELD))
    assert (found.axes, found.size) == ("tokens", (4, 6))
    assert np.array_equal(found.thumbnails, grid[0].numpy())
    assert found.looks_at == (FIELD[2], FIELD[3])
    one = channel(NODE, tokens, 5, patches=Patches((4, 6), FIELD))
    assert np.array_equal(one.values, grid[0, 5].numpy())


def test_what_has_another_number_of_tokens_stays_a_matrix() -> None:
    assert maps(NODE, torch.randn(1, 60, 8), patches=Patches((4, 6), None)).axes == "matrix"
