"""The model graph: frozen nodes and values, and the networkx graph over the same ids."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import networkx

Dimension: TypeAlias = int | str | None
"""A known size, the name of a free one ("batch"), or nothing known."""

Attribute: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
"""What JSON can say. A tensor or a subgraph is described in a string."""


@dataclass(frozen=True)
class Value:
    """What flows along an edge.

    Args:
        shape: None when even the rank is not known.
        dtype: numpy's name ("float32", "int64", "bfloat16", ...), None when not known.
        origin: who says so: the "file"; "inferred", from the operators; or "observed", in a
            run. It makes no difference between values.
    """

    name: str
    shape: tuple[Dimension, ...] | None = None
    dtype: str | None = None
    origin: str = field(default="file", compare=False)


@dataclass(frozen=True)
class Parameter:
    """A weight that a node reads: stored in the file, not computed.

    Args:
        name: unique in the model; the state_dict key or the initialiser's name.
        role: what the node calls it: "weight", "bias", "W"; empty when not known.
        buffer: stored, but never trained, as a BatchNorm's running mean: PyTorch does not
            count it among the parameters.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: str = ""
    buffer: bool = False

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Node:
    """One operation, or one module where only the module tree is known.

    Args:
        id: stable (the same file gives the same ids), readable, unique.
        domain: whose op it is: "ai.onnx", "com.microsoft", "torch", "torch.nn", "keras".
        name: as the file has it; may be empty.
        scope: the module path, outermost first: ("features", "3").
        inputs: value names in the op's own order; "" for one left out. A parameter
            that the op takes as an input stands here too, by its name.
        outputs: value names in the op's own order; "" for one left out.
        note: one sentence a person should know about this node, else empty.
        execution: what runs it, a few words: "torch", "function of the model"; empty while
            nobody knows.
        fault: one sentence why the model cannot be run because of this node, else empty.
        source: where the model's code computes it, as the file says: "net.py:31 in forward".
        bodies: names of the graphs that are inside it, such as the branches of an If.
    """

    id: str
    op_type: str
    domain: str
    name: str
    scope: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    note: str = ""
    execution: str = ""
    fault: str = ""
    source: str = ""
    bodies: tuple[str, ...] = ()

    @property
    def parameter_count(self) -> int:
        return sum(p.count for p in self.parameters if not p.buffer)

    def as_run(self, execution: str, note: str, fault: str) -> Node:
        """The same node with what a runner says of it."""
        # as dataclasses.replace, which takes six times as long: a graph may have 50,000
        made = object.__new__(Node)
        made.__dict__.update(self.__dict__, execution=execution, note=note, fault=fault)
        return made


@dataclass(frozen=True)
class ModelGraph:
    """A whole model.

    Args:
        format: for people: "ONNX", "PyTorch module", "PyTorch state dict".
        name: the graph's own name, or the file's.
        inputs: names of the values a run must be given; parameters are not among them.
        outputs: names of the values a run gives back.
        nodes: in an order in which they can run.
        values: every value by name: inputs, what nodes compute, and parameters.
        metadata: what the file says about itself (producer, opset, ...), as text.
        modules: the class of each module, by its dotted path, as far as that is known.
    """

    format: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    values: dict[str, Value]
    metadata: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _node_by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def producer(self) -> dict[str, str]:
        """Value name -> id of the node that computes it."""
        return {name: node.id for node in self.nodes for name in node.outputs if name}

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter once, by name, in node order."""
        return {p.name: p for node in self.nodes for p in node.parameters}

    @cached_property
    def parameter_count(self) -> int:
        """Numbers in all parameters; one that several nodes share counts once."""
        return sum(p.count for p in self.parameters.values() if not p.buffer)

    def node(self, node_id: str) -> Node:
        """The node of this id; KeyError when there is none."""
        return self._node_by_id[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._node_by_id

    @cached_property
    def digraph(self) -> networkx.MultiDiGraph[str]:
        """Nodes by id; an edge for each input that another node computes.

        Edge data: `value`, its name; `output` and `input`, the two ports.
        """
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        graph.add_nodes_from(node.id for node in self.nodes)
        source = {
            name: (node.id, port)
            for node in self.nodes
            for port, name in enumerate(node.outputs)
            if name
        }
        for node in self.nodes:
            for port, name in enumerate(node.inputs):
                if name in source:
                    origin, output = source[name]
                    graph.add_edge(origin, node.id, value=name, output=output, input=port)
        return graph
