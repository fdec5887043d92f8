"""From the scopes that nodes name to the tree of those that are worth a box."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from netviz_desktop.graph._convexity import Convexity
from netviz_desktop.graph._weights import readers_of_weights
from netviz_desktop.graph.model import ModelGraph

_SHORTEST_RUN = 3
_FEWEST_OF_WEIGHTS = 3


@dataclass(eq=False, slots=True)  # frozen once the tree is grown
class Scope:
    """Nodes that belong together: a module, or a run of identical ones.

    Args:
        id: stable, unique among scopes and nodes.
        path: as the nodes have it; of a run, its parent's.
        name: what tells it from its siblings: "layer1.0"; of a run "0 – 11".
        parent: an index into `Scopes.all`; -1: the root, which has no box.
        depth: scopes around it, runs not counted.
        nodes: those in it directly, as indices into the graph's nodes.
        children: scopes in it directly, runs in place of their members, as indices.
        start, stop: where its nodes, with those of all scopes in it, stand in `Scopes.order`.
        members: of a run: the identical scopes, else nothing.
        of_weights: whether it only prepares weights for one node, whatever the inputs are.
    """

    id: str
    path: tuple[str, ...]
    name: str
    parent: int
    depth: int
    nodes: tuple[int, ...]
    children: tuple[int, ...]
    start: int
    stop: int
    members: tuple[int, ...] = ()
    of_weights: bool = False

    @property
    def count(self) -> int:
        """Nodes in it, and in all scopes in it."""
        return self.stop - self.start


class _Bud:
    """A scope as the nodes name it, before anything is left out or folded."""

    __slots__ = (
        "children",
        "count",
        "is_called_repeatedly",
        "is_container",
        "nodes",
        "of_weights",
        "path",
        "skipped",
    )

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.nodes: list[int] = []
        self.children: list[_Bud] = []
        self.count = 0
        self.skipped = 0  # scopes around it that hold nothing else
        self.is_called_repeatedly = False
        self.is_container = False  # of modules alone; computes nothing itself
        self.of_weights = False


def grow(graph: ModelGraph) -> tuple[list[Scope], list[int]]:
    """The scopes, parents before children, and the nodes in their order."""
    scopes: list[Scope] = []
    children: list[list[int]] = []
    order: list[int] = []
    # depth first, without recursion: a file decides how deep scopes are nested
    waiting: list[tuple[_Bud | None, int]] = [
        (_with_weights_apart(_simplified(_buds(graph), graph), graph), -1)
    ]
    while waiting:
        bud, parent = waiting.pop()
        if bud is None:  # all in the parent has been seen
            scopes[parent].stop = len(order)
            scopes[parent].children = tuple(children[parent])
            continue
        index, depth = len(scopes), scopes[parent].depth + 1 if parent >= 0 else -1
        told = bud.skipped + 1
        if told == 1 and bud.path and bud.path[-1].isdecimal():
            told = 2  # a number alone tells nothing
        name = ".".join(bud.path[-told:])
        nodes = tuple(bud.nodes)
        made = Scope(
            _id("scope", bud.path), bud.path, name, parent, depth, nodes, (), len(order), 0
        )
        made.of_weights = bud.of_weights
        scopes.append(made)
        children.append([])
        order += nodes
        if parent >= 0:
            children[parent].append(index)
        waiting.append((None, index))
        waiting += [(child, index) for child in reversed(bud.children)]
    return _folded(graph, scopes, order), order


def _buds(graph: ModelGraph) -> _Bud:
    buds: dict[tuple[str, ...], _Bud] = {(): _Bud(())}
    for index, node in enumerate(graph.nodes):
        bud = buds.get(node.scope)
        if bud is None:
            for length in range(1, len(node.scope) + 1):
                path = node.scope[:length]
                if path not in buds:
                    buds[path] = _Bud(path)
                    buds[path[:-1]].children.append(buds[path])
            bud = buds[node.scope]
        bud.nodes.append(index)
    for bud in buds.values():
        bud.is_called_repeatedly = not bud.children and _are_calls(graph, bud.nodes)
        bud.is_container = not bud.nodes
    return buds[()]


def _are_calls(graph: ModelGraph, indices: list[int]) -> bool:
    """Whether these are calls of one module at several places, such as a shared ReLU."""
    if len(indices) < 2:
        return False
    first, last = graph.nodes[indices[0]], graph.nodes[indices[-1]]
    if first.op_type != last.op_type:
        return False
    nodes = [graph.nodes[index] for index in indices]
    if any(n.op_type != nodes[0].op_type or not n.outputs for n in nodes):
        return False
    computed = {name for node in nodes for name in node.outputs}
    read = [{*node.inputs} - {p.name for p in node.parameters} for node in nodes]
    # those that read the same are parts of one call
    return not set.intersection(*read) and all(n and computed.isdisjoint(n) for n in read)


def _simplified(root: _Bud, graph: ModelGraph) -> _Bud:
    """Without scopes of one node or of calls that have nothing to do with each other, without
    those that only hold another one, and without lists of modules between which the flow
    leaves the list."""
    convexity = Convexity(graph)
    preorder = [root]
    for bud in preorder:  # grows while it is read
        preorder += bud.children
    for bud in reversed(preorder):
        kept = []
        for child in bud.children:
            if child.count == 1 or child.is_called_repeatedly:
                bud.nodes += child.nodes
            elif child.is_container and convexity.comes_back(_all_nodes(child), child.count):
                bud.nodes += child.nodes
                kept += child.children
            else:
                kept.append(child)
        bud.nodes.sort()
        bud.children = kept
        bud.count = len(bud.nodes) + sum(child.count for child in kept)
        if bud is not root and len(kept) == 1 and not bud.nodes:
            only = kept[0]
            bud.path, bud.nodes, bud.children = only.path, only.nodes, only.children
            bud.is_container = only.is_container
            bud.skipped = only.skipped + 1
    while len(root.children) == 1 and not root.nodes:  # a box around everything
        root.nodes, root.children = root.children[0].nodes, root.children[0].children
    return root


def _with_weights_apart(root: _Bud, graph: ModelGraph) -> _Bud:
    """With what computes the weights of one node, in the same scope, in a scope of its own."""
    readers = readers_of_weights(graph)
    if not readers:
        return root
    inside = [root]
    for bud in inside:  # grows while it is read
        inside += bud.children
        here, groups = set(bud.nodes), dict[int, list[int]]()
        for index in bud.nodes:
            if readers.get(index) in here:
                groups.setdefault(readers[index], []).append(index)
        taken = {child.path for child in bud.children}
        for reader, indices in groups.items():
            if len(indices) < _FEWEST_OF_WEIGHTS:
                continue
            name = f"weights of {graph.nodes[reader].op_type}"
            numbered = (f"{name} {number}" for number in itertools.count(2))
            free = (n for n in itertools.chain((name,), numbered) if (*bud.path, n) not in taken)
            apart = _Bud((*bud.path, next(free)))
            taken.add(apart.path)
            apart.nodes, apart.count, apart.of_weights = indices, len(indices), True
            here.difference_update(indices)
            bud.children.append(apart)
        bud.nodes = [index for index in bud.nodes if index in here]
    return root


def _all_nodes(bud: _Bud) -> Iterator[int]:
    inside = [bud]
    for inner in inside:  # grows while it is read
        inside += inner.children
        yield from inner.nodes


def _id(kind: str, path: tuple[str, ...]) -> str:
    joined = "\n".join(path)
    if "\\" in joined or joined.count("\n") >= len(path):  # or other paths would join to it
        joined = "\n".join(p.replace("\\", "\\\\").replace("\n", "\\n") for p in path)
    return f"{kind}\n{joined}"


def run_id(first: Scope, last: Scope) -> str:
    return f"{_id('run', first.path)}\n–\n{last.path[-1]}"


def run_name(first: Scope, last: Scope) -> str:
    """ "layer.0" and "layer.11" are "layer.0 – 11"."""
    start, end = first.name, last.name
    return f"{start} – {end.rpartition('.')[2]}"


def _folded(graph: ModelGraph, scopes: list[Scope], order: list[int]) -> list[Scope]:
    """With runs in place of identical children in a row."""
    likeness = _Likeness(graph, scopes, order)
    for index in range(len(scopes)):
        children: list[int] = []
        for run in likeness.runs(scopes[index].children):
            if len(run) < _SHORTEST_RUN:
                children += run
                continue
            first, last = scopes[run[0]], scopes[run[-1]]
            whole = scopes[index]
            if index and not whole.nodes and len(run) == len(whole.children):
                whole.members = tuple(run)  # the scope holds nothing else
                inner = ".".join(first.path[len(whole.path) :])
                whole.name = f"{whole.name}.{inner} – {last.path[-1]}"
                break
            children.append(len(scopes))
            scopes.append(
                replace(
                    scopes[index],
                    id=run_id(first, last),
                    name=run_name(first, last),
                    parent=index,
                    depth=first.depth,
                    nodes=(),
                    children=(),
                    start=first.start,
                    stop=last.stop,
                    members=tuple(run),
                )
            )
            for member in run:
                scopes[member].parent = len(scopes) - 1
        scopes[index].children = tuple(children)
    return scopes


class _Likeness:
    """Which scopes hold the same, wired the same way, one after the other."""

    def __init__(self, graph: ModelGraph, scopes: list[Scope], order: list[int]) -> None:
        self._graph = graph
        self._nodes = [graph.nodes[index] for index in order]
        self._index = order
        self._scopes = scopes
        self._producer = {
            name: at for at, node in enumerate(self._nodes) for name in node.outputs if name
        }
        self._kinds: list[int] = []
        """Equal numbers are equal nodes, but for where their inputs come from."""
        self._back: list[tuple[int, ...]] = []
        """How far before each node its inputs are computed; 0: nobody computes them."""
        numbers: dict[tuple[object, ...], int] = {}
        producer, number = self._producer.get, numbers.setdefault
        for at, node in enumerate(self._nodes):
            constant = not node.attributes or node.op_type == "Constant"
            kind = (
                node.op_type,
                node.domain,
                "" if constant else repr(node.attributes),
                tuple([p.shape for p in node.parameters]) if node.parameters else (),
            )
            self._kinds.append(number(kind, len(numbers)))
            self._back.append(tuple([at - producer(name, at) for name in node.inputs]))

    def runs(self, children: Sequence[int]) -> Iterator[list[int]]:
        """The children, those together that fold into one."""
        run: list[int] = []
        for child in children:
            if run and not (self._alike(run[-1], child) and self._follows(run, child)):
                yield run
                run = []
            run.append(child)
        if run:
            yield run

    def _alike(self, one: int, other: int) -> bool:
        a, b = self._scopes[one], self._scopes[other]
        if a.count != b.count or len(a.nodes) != len(b.nodes) or len(a.children) != len(b.children):
            return False
        if self._kinds[a.start : a.stop] != self._kinds[b.start : b.stop]:
            return False
        pairs = zip(self._back[a.start : a.stop], self._back[b.start : b.stop], strict=True)
        for place, (one_back, other_back) in enumerate(pairs):
            if one_back == other_back:
                continue
            if len(one_back) != len(other_back):
                return False
            for near, far in zip(one_back, other_back, strict=True):
                # what comes from outside may come from anywhere
                if near != far and (0 < near <= place or 0 < far <= place):
                    return False
        return True

    def _follows(self, run: Sequence[int], child: int) -> bool:
        """Whether the child goes on where the run ends, and nothing else comes between.

        Without lines, as in a file of weights alone, what stands in a row is a row.
        """
        first, last, scope = self._scopes[run[0]], self._scopes[run[-1]], self._scopes[child]
        begin = min(self._index[first.start : first.stop])
        alone, linked = True, False
        for place in range(scope.start, scope.stop):
            for back in self._back[place]:
                at = place - back
                if back == 0 or scope.start <= at < scope.stop:
                    continue
                alone = False
                if first.start <= at < last.stop:
                    linked = linked or at >= last.start
                elif self._index[at] >= begin and any(self._back[at]):
                    return False  # through something else, and back
        return not self._producer if alone else linked
