"""A finished run: every value that flowed, and gradients of any target with respect to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from netviz_desktop.engine.memory import Spill, budget
from netviz_desktop.problems import Problem

if TYPE_CHECKING:
    from torch import Tensor
    from torch.autograd.graph import GradientEdge

    from netviz_desktop.graph import ModelGraph, Node

_GRADIENTS_KEPT = 2  # targets whose gradients at every node stay in memory


@dataclass(frozen=True)
class Recorded:
    """A value of the run.

    Args:
        tensor: detached; nobody writes to it.
        edge: where autograd knows this value. It stays right when a later op overwrites
            the tensor in place, which the tensor itself does not. None: no gradient.
        state: one sentence about its gradient where the runner knows more than autograd does
            ("Its gradient through “x”, which runs forward only, is missing."), else empty.
    """

    tensor: Tensor
    edge: GradientEdge | None = None
    state: str = ""


@dataclass
class ForwardPass:
    """One run of a model, with everything kept.

    Args:
        graph: the graph as it ran.
        values: by value name; holds at least all that nodes computed, and the inputs.
        milliseconds: node id -> time spent in it.
        logits: name of the value that targets index, flattened: what the final softmax or
            sigmoid reads; None where none ends the model, whose first output it then is.
        score_kind: "softmax" or "sigmoid": what turns logits into probabilities of
            classes; "" for a model without classes.
        bytes_on_disk: of the values, what lies in temporary files because it was too much
            for the memory that the run may fill, which is `memory_bytes`.
    """

    graph: ModelGraph
    values: dict[str, Recorded]
    milliseconds: dict[str, float] = field(default_factory=dict)
    logits: str | None = None
    score_kind: str = ""
    bytes_on_disk: int = 0
    memory_bytes: int = field(default_factory=budget)
    _gradients: OrderedDict[int, dict[str, Tensor]] = field(default_factory=OrderedDict)
    _latest: tuple[int, dict[str, Tensor]] = (-1, {})

    def value(self, name: str) -> Tensor:
        """A value by name.

        Raises:
            Problem: this run did not compute it.
        """
        if name not in self.values:
            raise Problem(
                f"The value “{name}” was not computed in this run.",
                "Choose a node that the run reached.",
            )
        return self.values[name].tensor

    def activation(self, node_id: str, output: int = 0) -> Tensor:
        """What a node computed, in its own shape."""
        return self.value(self._output(node_id, output))

    @property
    def target_value(self) -> str:
        """The value that a target indexes, flattened, in its first sample.

        Raises:
            Problem: the run stopped before it.
        """
        if self.logits is None and not self.graph.outputs:
            raise Problem(
                "The run stopped before it gave a score.",
                "What the nodes before that computed can be looked at.",
            )
        return self.logits or self.graph.outputs[0]

    def check_target(self, target: int) -> None:
        """Raises: Problem: there is no such class."""
        count = self.value(self.target_value).numel()
        if not 0 <= target < count:
            raise Problem(
                f"There is no target {target}: the output has {count} elements.",
                f"Choose one from 0 to {count - 1}.",
            )

    def gradient(self, target: int, node_id: str, output: int = 0) -> Tensor:
        """d score / d activation, in the activation's shape. Zeros where the score does
        not depend on it; `gradient_state` says which of the reasons it is.

        Only the part between the node and the score is differentiated.

        Raises:
            Problem: there is no such target, or the activation has no gradient at all.
        """
        name = self._output(node_id, output)
        known = self._known(target)
        if name in known:
            return known[name]
        recorded = self.values.get(name)
        if recorded is None or recorded.edge is None:
            raise Problem(
                f"{node_id} has no gradient. {self.gradient_state(target, node_id, output)}",
                "Choose a node whose floating-point output leads to the score.",
            )
        found = self._differentiate(target, [name])
        self._latest = target, found
        return found.get(name, torch.zeros_like(recorded.tensor))

    def gradients(self, target: int) -> dict[str, Tensor]:
        """The gradient at every value that has one, by value name; kept for later calls."""
        if target in self._gradients:
            self._gradients.move_to_end(target)
            return self._gradients[target]
        names = [name for name, recorded in self.values.items() if recorded.edge is not None]
        spill = Spill(self.memory_bytes)
        found: dict[str, Tensor] = {}
        for batch in self._batches(names):
            for name, gradient in self._differentiate(target, batch).items():
                found[name] = gradient
                spill.add(gradient)
            spill.settle()
        spill.forget()
        self._gradients[target] = found
        while len(self._gradients) > _GRADIENTS_KEPT:
            self._gradients.popitem(last=False)
        return found

    def gradient_state(self, target: int, node_id: str, output: int = 0) -> str:
        """One sentence when the gradient is not simply there, else empty. That it is zero
        everywhere is known once it was asked for."""
        name = self._output(node_id, output)
        recorded = self.values.get(name)
        if recorded is None:
            return "The node was not reached in this run."
        if not recorded.tensor.is_floating_point() and not recorded.tensor.is_complex():
            return f"Its output is {str(recorded.tensor.dtype)[6:]}, which has no derivative."
        if recorded.edge is None:
            missing = "It does not depend on the input through differentiable operations."
            return recorded.state or missing
        if (recorded.edge.node, recorded.edge.output_nr) not in self._reached:
            if recorded.state:
                return recorded.state
            if name not in self._read:
                return "It is not on a path to the score."
            return "It leads to the score only through values that have no derivative."
        if recorded.state:
            return recorded.state
        known = self._known(target).get(name)
        if known is not None and not known.any():
            return "It is zero everywhere: nothing here changes the score of this class."
        return ""

    def gradient_states(self, target: int, node_id: str) -> list[str]:
        """`gradient_state` of each output of a node, also whether it is zero everywhere."""
        outputs = self._node(node_id).outputs
        names = [n for n in outputs if n in self.values and self.values[n].edge is not None]
        known = self._known(target)
        asked = target in self._gradients or all(name in known for name in names)
        if not asked and self.values[self.target_value].edge is not None:
            self._latest = target, self._differentiate(target, names)
        return [
            self.gradient_state(target, node_id, output) if name else "It is left out."
            for output, name in enumerate(outputs)
        ]

    def _known(self, target: int) -> dict[str, Tensor]:
        """Gradients that were computed before."""
        if target in self._gradients:
            return self._gradients[target]
        return self._latest[1] if self._latest[0] == target else {}

    @cached_property
    def _reached(self) -> set[tuple[Any, int]]:
        """All that autograd goes through on its way back from the score, as (node, output)."""
        start = self.values[self.target_value].edge
        reached: set[tuple[Any, int]] = set()
        waiting: list[tuple[Any, int]] = []
        if start is not None:
            waiting.append((start.node, start.output_nr))
        while waiting:
            function, index = waiting.pop()
            if function is not None and (function, index) not in reached:
                reached.add((function, index))
                waiting += function.next_functions
        return reached

    @cached_property
    def _read(self) -> set[str]:
        """Values that the score is computed from, differentiably or not."""
        read: set[str] = set()
        waiting = [self.target_value]
        while waiting:
            name = waiting.pop()
            if name not in read:
                read.add(name)
                producer = self.graph.producer.get(name)
                waiting += [] if producer is None else self.graph.node(producer).inputs
        return read

    def _batches(self, names: list[str]) -> Iterator[list[str]]:
        """All at once, unless their gradients would fill the memory that the run may."""
        batch: list[str] = []
        size = 0
        for name in names:
            bytes_of_it = self.values[name].tensor.nbytes
            if batch and size + bytes_of_it > self.memory_bytes:
                yield batch
                batch, size = [], 0
            batch.append(name)
            size += bytes_of_it
        if batch:
            yield batch

    def _differentiate(self, target: int, names: list[str]) -> dict[str, Tensor]:
        self.check_target(target)
        score = self.values[self.target_value]
        if score.edge is None:
            raise Problem(
                "The score has no gradient: nothing differentiable leads to it.",
                "Choose a model that computes its output in floating point.",
            )
        seed = torch.zeros_like(score.tensor)
        seed.reshape(-1)[target] = 1
        edges = [edge for name in names if (edge := self.values[name].edge) is not None]
        found = torch.autograd.grad(
            [score.edge], edges, [seed], retain_graph=True, allow_unused=True
        )
        return {n: g.detach() for n, g in zip(names, found, strict=True) if g is not None}

    def _output(self, node_id: str, output: int) -> str:
        node = self._node(node_id)
        if not 0 <= output < len(node.outputs) or not node.outputs[output]:
            raise Problem(
                f"{node_id} has no output {output}.",
                f"It has {len(node.outputs)}: choose one of them.",
            )
        return node.outputs[output]

    def _node(self, node_id: str) -> Node:
        if node_id not in self.graph:
            raise Problem(
                f"There is no node “{node_id}” in this model.",
                "Take an id from `netviz graph`, or click a node in the window.",
            )
        return self.graph.node(node_id)


class RunStopped(Problem):
    """A run that did not reach its end.

    Args:
        problem: why.
        run: what it computed until then. Its graph has no outputs, and ends with the node
            that stopped it.
    """

    def __init__(self, problem: Problem, run: ForwardPass) -> None:
        super().__init__(problem.what, problem.remedy, node=problem.node, choices=problem.choices)
        self.run = run
