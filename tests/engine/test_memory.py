from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator

import pytest
import torch

from netviz_desktop.engine import memory
from netviz_desktop.engine.memory import Spill, machine_bytes, storage_of, within
from netviz_desktop.problems import Problem

KB = 1024


def kilobyte(value: float = 1.0) -> torch.Tensor:
    return torch.full((KB // 4,), value)


@pytest.fixture
def kept() -> Iterator[Callable[[int], Spill]]:
    made: list[Spill] = []

    def make(limit_bytes: int) -> Spill:
        made.append(Spill(limit_bytes))
        return made[-1]

    yield make
    for spill in made:
        spill.forget()


def test_the_oldest_goes_to_disk_and_its_numbers_stay(kept: Callable[[int], Spill]) -> None:
    tensors = [kilobyte(value) for value in range(8)]
    before = [storage_of(tensor) for tensor in tensors]
    spill = kept(4 * KB)
    for tensor in tensors:
        spill.add(tensor)
        spill.settle()

    assert spill.bytes_on_disk >= 4 * KB
    assert storage_of(tensors[0]) != before[0]
    assert storage_of(tensors[-1]) == before[-1]
    assert [float(tensor[7]) for tensor in tensors] == [*range(8)]


def test_there_is_always_room_for_the_operation_under_way(kept: Callable[[int], Spill]) -> None:
    tensors: list[torch.Tensor] = []
    spill = kept(16 * KB)
    for value in range(40):
        tensors.append(kilobyte(value))  # computed before it is known
        spill.add(tensors[-1])
        assert len(tensors) * KB - spill.bytes_on_disk <= 16 * KB
        spill.settle()
        assert len(tensors) * KB - spill.bytes_on_disk <= 14 * KB


def test_tensors_over_the_same_memory_move_together(kept: Callable[[int], Spill]) -> None:
    whole = kilobyte()
    part = whole[10:20]
    spill = kept(0)
    spill.add(whole)
    spill.add(part)
    spill.settle()

    part.mul_(3)
    assert float(whole[15]) == 3
    assert storage_of(whole) == storage_of(part)


def test_memory_that_somebody_unknown_sees_stays_where_it_is(kept: Callable[[int], Spill]) -> None:
    whole = kilobyte()
    alias = whole[:10]
    spill = kept(0)
    spill.add(whole)
    spill.settle()

    alias.zero_()
    assert spill.bytes_on_disk == 0
    assert float(whole[5]) == 0


def test_what_moves_keeps_its_place_in_autograd(kept: Callable[[int], Spill]) -> None:
    leaf = kilobyte(2.0).requires_grad_()
    squared = leaf**2
    doubled = squared * 2
    spill = kept(0)
    for tensor in (squared, doubled):
        spill.add(tensor)
    spill.settle()

    doubled.sum().backward()
    assert torch.equal(leaf.grad, kilobyte(8.0))


def test_within_is_for_the_runs_inside_it() -> None:
    with within(5):
        assert memory.budget() == 5
    assert memory.budget() == machine_bytes() // 4
    assert machine_bytes() > 2**28


def test_a_full_disk_is_a_problem(
    kept: Callable[[int], Spill], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    spill = kept(0)
    spill.add(kilobyte())

    with pytest.raises(Problem, match="No space left"):
        spill.settle()
