"""Which way edges point, and the rank of every box: longest paths, constants pulled down."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

Pair = tuple[int, int]


def acyclic(count: int, pairs: Sequence[Pair]) -> list[bool]:
    """Which pairs must be turned round so that no cycle is left.

    Pairs that agree with the order of the boxes are kept wherever possible.
    """
    waiting = [0] * count
    following: list[list[int]] = [[] for _ in range(count)]
    for index, (source, target) in enumerate(pairs):
        waiting[target] += 1
        following[source].append(index)
    free = [box for box in range(count) if waiting[box] == 0]
    heapq.heapify(free)
    position = [-1] * count
    stuck_from = 0
    for step in range(count):
        if not free:  # only cycles are left: their first box goes first
            while position[stuck_from] >= 0:
                stuck_from += 1
            free.append(stuck_from)
        box = heapq.heappop(free)
        position[box] = step
        for index in following[box]:
            target = pairs[index][1]
            waiting[target] -= 1
            if waiting[target] == 0 and position[target] < 0:
                heapq.heappush(free, target)
    return [position[source] > position[target] for source, target in pairs]


def topological(count: int, pairs: Iterable[Pair]) -> list[int]:
    """The boxes in an order that the pairs, which hold no cycle, follow."""
    waiting = [0] * count
    following: list[list[int]] = [[] for _ in range(count)]
    for source, target in pairs:
        waiting[target] += 1
        following[source].append(target)
    order = [box for box in range(count) if waiting[box] == 0]
    for box in order:  # grows while it is read
        for target in following[box]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    return order


def ranks(
    count: int, pairs: Sequence[Pair], first: Iterable[int] = (), last: Iterable[int] = ()
) -> list[int]:
    """The row of every box: sources of a pair stand above its targets.

    A row is the length of the longest path from above; what hangs on a source alone, such
    as a constant and its reshape, goes down to just above its consumer. `first` are sources
    that stay in the first row, `last` are alone in the last.
    """
    first, last = frozenset(first), frozenset(last)
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in pairs:
        before[target].append(source)
        after[source].append(target)
    order = topological(count, pairs)
    rank = [0] * count
    floating = [False] * count
    for box in order:
        rank[box] = max((rank[source] + 1 for source in before[box]), default=0)
        floating[box] = box not in first and all(
            floating[source] and len(after[source]) == 1 for source in before[box]
        )
    for box in reversed(order):
        if floating[box] and after[box]:
            rank[box] = min(rank[target] for target in after[box]) - 1
    if last:
        lowest = max((r for box, r in enumerate(rank) if box not in last), default=-1)
        for box in last:
            rank[box] = lowest + 1
    return rank


def components(count: int, pairs: Iterable[Pair]) -> list[list[int]]:
    """The boxes that hang together, each group and the groups in the boxes' order."""
    parent = list(range(count))

    def root(box: int) -> int:
        while parent[box] != box:
            parent[box] = parent[parent[box]]
            box = parent[box]
        return box

    for source, target in pairs:
        a, b = root(source), root(target)
        parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for box in range(count):
        groups.setdefault(root(box), []).append(box)
    return list(groups.values())
