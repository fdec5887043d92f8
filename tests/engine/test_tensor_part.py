from __future__ import annotations

import numpy as np
import pytest
import torch

from netviz_desktop.engine.tensor_part import numbers, part


def test_the_last_two_axes_at_an_index_are_numpys() -> None:
    tensor = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)

    found = part("v", tensor, (1, 2), with_statistics=True)

    assert (found.value, found.shape, found.dtype) == ("v", (2, 3, 4, 5), "int64")
    np.testing.assert_array_equal(found.rows, tensor.numpy()[1, 2])
    assert found.size == (4, 5)
    assert found.statistics is not None
    assert found.statistics.mean == pytest.approx(tensor.numpy().mean())
    assert found.statistics.std == pytest.approx(tensor.numpy().std())
    histogram, _ = np.histogram(tensor.numpy(), 64)
    np.testing.assert_array_equal(found.statistics.counts, histogram)


@pytest.mark.parametrize(
    ("shape", "size"), [((), (1, 1)), ((7,), (1, 7)), ((0, 3), (0, 0)), ((2, 700, 3), (700, 3))]
)
def test_every_rank_has_rows(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    found = part("v", torch.ones(shape), (9,), with_statistics=False)

    assert found.size == size
    assert found.rows.shape == tuple(min(side, 256) for side in size)
    assert found.statistics is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float16, torch.bool])
def test_what_numpy_lacks_is_float32(dtype: torch.dtype) -> None:
    tensor = torch.tensor([[0.0, 1.0]]).to(dtype)

    assert part("v", tensor, (), with_statistics=False).rows.tolist() == [[0, 1]]
    assert numbers(tensor, 0, 2).values.tolist() == [0, 1]


@pytest.mark.parametrize("turned", [False, True])
def test_numbers_come_in_row_major_order_whatever_lies_in_memory(turned: bool) -> None:
    tensor = torch.arange(24).reshape(2, 3, 4)
    tensor = tensor.movedim(2, 0) if turned else tensor

    chunks = [numbers(tensor, start, start + 5) for start in range(0, 24, 5)]

    assert {chunk.shape for chunk in chunks} == {tuple(tensor.shape)}
    np.testing.assert_array_equal(
        np.concatenate([chunk.values for chunk in chunks]), tensor.numpy().ravel()
    )
    assert numbers(torch.tensor(3.0), 0, 5).values.tolist() == [3.0]
