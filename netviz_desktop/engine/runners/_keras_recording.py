"""A Keras model or layer that calls others in Python, recorded: a layer is one operation.

What is computed between layers are operations of torch. Everything that a run would write to
variables goes to a scope of Keras, and what it leaves in attributes is taken out again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, handle_torch_function

from netviz_desktop.engine.forward_pass import Recorded
from netviz_desktop.engine.runners._eager import Eager
from netviz_desktop.engine.runners._keeping import Weights
from netviz_desktop.engine.runners._keras_layers import (
    Layers,
    ending_of,
    in_place_of,
    layers_of,
    parameters_of,
    settings_of,
)
from netviz_desktop.engine.runners._recorded_graph import recorded_graph
from netviz_desktop.engine.runners._recorder import Operation, Recorder
from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.readers._keras_graph import ACTIVATION, DOMAIN

Call = Callable[[Mapping[str, Tensor]], Any]


def recorded_layer(
    layer: Any, call: Call, device: str, names: Mapping[int, str], path: str = ""
) -> Eager:
    """A layer that is a scope.

    Args:
        call: calls it on inputs by name.
        device: as Keras calls it; "meta" computes shapes alone, without weights.
        names: id(variable) -> its name.
        path: where the layer is.
    """
    found = layers_of(layer, path)
    constants = [(variable, _constant(variable, device)) for variable in layer.variables]
    named = [(names.get(id(variable), variable.path), tensor) for variable, tensor in constants]

    def recorded(recorder: Recorder, fed: Mapping[str, Tensor]) -> Any:
        with recorder.listening(found.scopes.values()), _Variables():
            result = call(fed)
        gc.collect(0)  # Keras leaves cycles that hold the tensors that it walked over
        return result

    parameters = {
        name: Parameter(
            name, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), variable.name
        )
        for (name, tensor), (variable, _) in zip(named, constants, strict=True)
    }
    return Eager(
        type(layer).__name__,
        recorded,
        Weights(named),
        parameters,
        {id(one): path for path, one in found.scopes.items()},
        partial(_laid_open, found, constants, device),
        naming=_id_of,
    )


def in_words_of_keras(
    graph: ModelGraph, layer: Any, names: Mapping[int, str], path: str = ""
) -> ModelGraph:
    """A recorded graph, with its layers as the nodes of a Keras file are."""
    found = layers_of(layer, path)
    nodes = tuple(_node(node, found, names) for node in graph.nodes)
    values = graph.values | {
        p.name: Value(p.name, p.shape, p.dtype) for node in nodes for p in node.parameters
    }
    modules = {path.replace("/", "."): kind for path, kind in graph.modules.items()}
    return replace(graph, nodes=nodes, values=values, modules=modules)


def _node(node: Node, found: Layers, names: Mapping[int, str]) -> Node:
    scope = tuple(node.name.split("/")) if node.name else ()
    path = node.id.partition("#")[0]
    home = path.removesuffix(f"/{ACTIVATION}")
    if (layer := found.nodes.get(path)) is not None and node.op_type == type(layer).__name__:
        return replace(
            node,
            domain=DOMAIN,
            name=path.rpartition("/")[2],
            scope=scope,
            attributes=settings_of(layer),
            parameters=parameters_of(layer, names),
            execution="Keras on torch",
        )
    if home != path and (layer := found.nodes.get(home)) is not None:
        name = f"{home.rpartition('/')[2]}/{ACTIVATION}"
        return replace(
            node, domain=DOMAIN, name=name, scope=scope, attributes={}, execution="Keras on torch"
        )
    attributes = {name: said for name, said in node.attributes.items() if name != "device"}
    return replace(node, scope=scope, attributes=attributes)


class _Layer:
    """A layer's work as one function of torch."""

    argument_names = ()

    def __init__(self, path: str, name: str, work: Callable[..., Any]) -> None:
        self.path = path
        self.__name__ = name
        self._work = work

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if torch._C._is_torch_function_mode_enabled():
            return handle_torch_function(self, (), *args, **kwargs)
        return self._work(*args, **kwargs)


class _Variables(TorchFunctionMode):
    """Where an operation of torch is given a variable of Keras it is given its tensor; and
    numbers that become tensors are constants, not operations."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {name: _tensor(one) for name, one in (kwargs or {}).items()}
        if func is torch.as_tensor and not isinstance(args[0], Tensor):  # a number in the code
            with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
                return func(*args, **given)
        return func(*map(_tensor, args), **given)


def _tensor(argument: Any) -> Any:
    import keras

    return argument.value if isinstance(argument, keras.Variable) else argument


def _id_of(operation: Operation) -> str:
    """As in files of Keras: "block/conv"; an operation between layers: "block/add"."""
    if isinstance(operation.function, _Layer):
        return operation.function.path
    return f"{operation.path}/{operation.op_type}" if operation.path else operation.op_type


@dataclass(frozen=True)
class Inside:
    """What happened in a call of a layer that is a scope.

    Args:
        graph: its nodes, which give the values that the call gives.
        values: all that they computed, but for those.
        results: what the call gave.
    """

    graph: ModelGraph
    values: dict[str, Recorded]
    milliseconds: dict[str, float]
    results: list[Tensor]


def recorded_inside(
    layer: Any,
    path: str,
    call: Callable[[], Any],
    given: Mapping[str, Tensor],
    outputs: tuple[str, ...],
    names: Mapping[int, str],
    device: str,
    *,
    gradients: bool,
) -> Inside | None:
    """Call a layer of a larger model; None when what it gives is computed by no node.

    Args:
        path: of its scope.
        given, outputs: the values that it reads and gives, by their names in the model.
    """
    import keras

    eager = recorded_layer(layer, lambda _fed: call(), device, names, path)
    recorder = Recorder(eager.paths, eager.weights, gradients, naming=_id_of)
    with eager.resting():
        for name, tensor in given.items():
            recorder.add_input(name, tensor)
        with recorder.recording():
            result = eager.call(recorder, given)
        results = keras.tree.flatten(result)
        computed = {name for operation in recorder.operations for name in operation.outputs}
        own = [recorder.name_of(tensor) for tensor in results]
    if len(own) != len(outputs) or len(set(own)) != len(own) or not computed.issuperset(own):
        return None
    read = {name for operation in recorder.operations for name in operation.inputs} | {*own}
    recorder.operations = [  # without what an attempt left that Keras gave up
        operation
        for operation in recorder.operations
        if operation.inputs or not read.isdisjoint(operation.outputs)
    ]
    renamed = {name: f"{path}/{name}" for name in recorder.values if name.startswith("constant")}
    renamed |= dict(zip(own, outputs, strict=True))
    for operation in recorder.operations:
        operation.inputs = [renamed.get(name, name) for name in operation.inputs]
        operation.outputs = [renamed.get(name, name) for name in operation.outputs]
    recorder.values = {renamed.get(n, n): seen for n, seen in recorder.values.items()}
    like = ModelGraph("", "", (), (), (), {})
    graph = recorded_graph(recorder, eager.parameters, tuple(given), outputs, like)
    return Inside(
        in_words_of_keras(graph, layer, names, path),
        {
            name: Recorded(seen.tensor.detach(), seen.edge)
            for name, seen in recorder.values.items()
            if name not in given and name not in outputs
        },
        {operation.id: operation.milliseconds for operation in recorder.operations},
        results,
    )


@contextmanager
def _laid_open(found: Layers, constants: list[tuple[Any, Tensor]], device: str) -> Iterator[None]:
    """Layers that are nodes are called as one function each; afterwards all are as they were."""
    import keras

    every = [*found.scopes.values(), *found.nodes.values()]
    every = list({id(one): one for layer in every for one in layer._flatten_layers()}.values())
    tables = [(one.__dict__, dict(one.__dict__)) for one in every]
    random = torch.get_rng_state()
    explains = keras.config.is_traceback_filtering_enabled()
    with ExitStack() as stack:
        stack.callback(torch.set_rng_state, random)
        for table, before in tables:
            stack.callback(_restore, table, before)
        if explains:
            stack.callback(keras.config.enable_traceback_filtering)
            keras.config.disable_traceback_filtering()  # it hides what was raised
        for path, layer in found.nodes.items():
            layer.__dict__["call"] = _in_one(path, layer)
        for layer in found.scopes.values():
            if isinstance(layer, keras.layers.MultiHeadAttention):
                layer.__dict__["_compute_attention"] = _with_scores(layer)
        stack.enter_context(_on(device))
        stack.enter_context(keras.StatelessScope(constants))
        yield


class _Meta(str):
    """The name of the device "meta", equal to torch's object for it: Keras compares the two,
    and would take every tensor that lies there for one that lies elsewhere."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, str(other))

    def __ne__(self, other: object) -> bool:
        return not self == other


@contextmanager
def _on(device: str) -> Iterator[None]:
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute("torch_device")
    global_state.set_global_attribute("torch_device", _Meta(device) if device == "meta" else device)
    try:
        yield
    finally:
        global_state.set_global_attribute("torch_device", before)


def _restore(table: dict[str, Any], before: dict[str, Any]) -> None:
    table.clear()
    table.update(before)


def _in_one(path: str, layer: Any) -> Callable[..., Any]:
    """What stands in the place of a layer's `call`."""
    call = layer.call
    ending = ending_of(layer)
    name = type(layer).__name__
    if not ending:
        return _Layer(path, name, call)
    activation = layer.activation

    def without(*args: Any, **kwargs: Any) -> Any:
        with in_place_of(layer, None):
            return call(*args, **kwargs)

    begin = _Layer(path, name, without)
    end = _Layer(f"{path}/{ACTIVATION}", ending, activation)

    def both(*args: Any, **kwargs: Any) -> Any:
        return end(begin(*args, **kwargs))

    return both


def _with_scores(layer: Any) -> Callable[..., Any]:
    """Attention whose weights can be seen, which Keras would compute in one operation."""
    compute = layer._compute_attention

    def seen(
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        **settings: Any,
    ) -> Any:
        # Of a query that may look at nothing the two ways make different numbers.
        wanted = return_attention_scores or attention_mask is None
        return compute(query, key, value, attention_mask, training, wanted, **settings)

    return seen


def _constant(variable: Any, device: str) -> Tensor:
    if device == "meta":
        dtype = getattr(torch, variable.dtype)
        return torch.empty(tuple(variable.shape), dtype=dtype, device="meta")
    value: Tensor = variable.value.detach()
    return value.to(device)
