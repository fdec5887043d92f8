"""What an eager run did: every operation, every value, and where autograd knows it.

An operation is the outermost call of a torch function that returns a tensor; a Python
composite such as `multi_head_attention_forward` is one operation. Calls that pass through
no such function (those of TorchScript helpers) are seen one level lower, by the dispatcher.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge, saved_tensors_hooks

from netviz_desktop.engine.runners._keeping import Keeper, Kept, Weights, saved, storage_of
from netviz_desktop.engine.runners._listening import listening, tensors_in
from netviz_desktop.engine.runners._writing import written_by

if TYPE_CHECKING:
    from netviz_desktop.engine.runners import Step

Function: TypeAlias = Callable[..., Any]


@dataclass(slots=True)
class Operation:
    """One call, as it was made; `inputs` and `outputs` are value names."""

    id: str
    op_type: str
    path: str
    inputs: list[str]
    outputs: list[str]
    function: Function
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    milliseconds: float
    source: str


class SeenValue(Kept):
    """A tensor at the moment it was computed; `edge` is where autograd knows it."""

    __slots__ = ("edge", "name", "version")

    def __init__(self, name: str, tensor: Tensor) -> None:
        super().__init__(tensor)
        self.name = name
        self.version = version_of(tensor)
        self.edge: GradientEdge | None = None
        self.look_for_edge()

    def look_for_edge(self) -> None:
        """Some outputs get their grad_fn only after the call that computed them."""
        if self.edge is None and self.held.requires_grad and version_of(self.held) == self.version:
            self.edge = get_gradient_edge(self.held)


@dataclass(eq=False)
class Recorder:
    """Records what happens inside `recording()`.

    Args:
        module_paths: id(module) -> its path, of the modules whose operations are located.
        weights: the model's parameters and buffers.
        gradients: keep what gradients need; the caller enables autograd.
        step: called between operations; may raise `Cancelled`.
        expected: how many operations there will be, for the progress; 0 when not known.
    """

    module_paths: Mapping[int, str]
    weights: Weights
    gradients: bool = True
    step: Step | None = None
    expected: int = 0
    operations: list[Operation] = field(default_factory=list)
    values: dict[str, SeenValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seen: dict[int, SeenValue] = {}
        self._keeper = Keeper(self.weights)
        self._last_writer: dict[int, Operation] = {}
        self._calls: dict[str, int] = defaultdict(int)
        self._modules: list[torch.nn.Module] = []
        self._path = self._kind = self._source = ""
        self._from_tokens: set[str] = set()

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Everything that this thread computes meanwhile is recorded; weights that it writes
        get their numbers back."""
        with ExitStack() as stack:
            stack.callback(self._keeper.forget)
            stack.callback(self._keeper.restore_weights)
            if self.gradients:
                stack.enter_context(saved_tensors_hooks(self._keeper.save, saved))
            stack.enter_context(listening(self))
            yield self
        for seen in self.values.values():
            seen.look_for_edge()

    @property
    def where(self) -> str:
        """Where the run is, in words: "in features.0 (Conv2d)"."""
        if self._modules:
            self._kind = type(self._modules[-1]).__name__
        elif not self._path:
            return "in its forward" if self.operations else "before its first layer"
        kind = f" ({self._kind})" if self._kind else ""
        return f"in {self._path}{kind}" if self._path else "in its forward"

    def place(self, path: str, kind: str = "", source: str = "") -> None:
        """What follows happens in this module, for whoever calls no modules that are heard.

        Args:
            kind: the module's class.
            source: where the model's code says it; see `Node.source`.
        """
        self._path, self._kind, self._source = path, kind, source

    def add_input(self, name: str, tensor: Tensor) -> None:
        self._see(name, tensor)
        if not tensor.is_floating_point():
            self._from_tokens.add(name)

    def name_of(self, tensor: Tensor) -> str:
        """The name of the value that this tensor holds now."""
        return self._name_at(tensor, version_of(tensor))

    def call(
        self, name: str, function: Function, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        """Call a torch function, and record it if it computes tensors."""
        given = tensors_in((arguments, keywords))
        versions = [version_of(tensor) for tensor in given]
        for tensor in given:
            if id(tensor) not in self._seen and id(tensor) not in self.weights.names:
                self._see(self._next("constant"), tensor)
        overwritten = written_by(name, arguments, keywords, given)
        start = time.perf_counter()
        if overwritten is None:
            result = function(*arguments, **keywords)
        else:
            with torch._C._DisableTorchDispatch():
                for tensor in overwritten:
                    self._keeper.before_write(tensor)
                result = function(*arguments, **keywords)
        milliseconds = (time.perf_counter() - start) * 1000
        written = [t for t, v in zip(given, versions, strict=True) if version_of(t) != v]
        computed = tensors_in(result) or written
        if not computed:
            return result
        if not written and any(computed[0] is tensor for tensor in given):
            if name in _CONVERSIONS:
                return result  # nothing to convert
            result = result.view_as(result) if isinstance(result, Tensor) else result
            computed = tensors_in(result)  # dropout at rest is a place of its own
        inputs = [self._name_at(t, v) for t, v in zip(given, versions, strict=True)]
        if not self._from_tokens.isdisjoint(inputs):
            result, computed = self._after_tokens(result, computed, given)
        operation = Operation(
            "", name, self._path, inputs, [], function, arguments, keywords, milliseconds,
            self._source,
        )  # fmt: skip
        self._add(operation, computed)
        for tensor in written:
            self._last_writer[storage_of(tensor)] = operation
        return result

    def before_write(self, tensor: Tensor) -> None:
        self._keeper.before_write(tensor)

    def enter(self, module: torch.nn.Module) -> None:
        self._modules.append(module)
        self._path = self.module_paths.get(id(module), self._path)

    def leave(self, module: torch.nn.Module) -> None:
        while self._modules and self._modules.pop() is not module:
            pass  # an inner module raised, and the model went on
        paths = (self.module_paths.get(id(outer)) for outer in reversed(self._modules))
        self._path = next((path for path in paths if path is not None), "")

    def _add(self, operation: Operation, computed: list[Tensor]) -> None:
        op_type, path = operation.op_type, operation.path
        operation.id = self._next(f"{path}.{op_type}" if path else op_type)
        operation.outputs = [
            f"{operation.id}:{port}" if port else operation.id for port in range(len(computed))
        ]
        self.operations.append(operation)
        tokens = not self._from_tokens.isdisjoint(operation.inputs)
        for name, tensor in zip(operation.outputs, computed, strict=True):
            self._see(name, tensor)
            if tokens and not tensor.is_floating_point():
                self._from_tokens.add(name)
        if self.step is not None:
            done = len(self.operations) / self.expected if self.expected else -1.0
            self.step(min(1.0, done), f"Running {operation.id}")

    def _next(self, name: str) -> str:
        self._calls[name] += 1
        return name if self._calls[name] == 1 else f"{name}#{self._calls[name]}"

    def _see(self, name: str, tensor: Tensor) -> SeenValue:
        seen = SeenValue(name, tensor)
        self._seen[id(tensor)] = self.values[name] = seen
        self._keeper.keep(seen)
        return seen

    def _name_at(self, tensor: Tensor, version: int) -> str:
        seen = self._seen.get(id(tensor))
        if seen is None:
            return (
                self.weights.names.get(id(tensor)) or self._see(self._next("constant"), tensor).name
            )
        if seen.version != version and (writer := self._last_writer.get(storage_of(tensor))):
            # Written through a view of it: one more output of the operation that wrote.
            name = f"{writer.id}:{len(writer.outputs)}"
            writer.outputs.append(name)
            return self._see(name, tensor).name
        seen.look_for_edge()
        return seen.name

    def _after_tokens(
        self, result: Any, computed: list[Tensor], given: list[Tensor]
    ) -> tuple[Any, list[Tensor]]:
        """Where tokens become floating-point numbers (an embedding), gradients begin."""
        if (
            not self.gradients
            or not isinstance(result, Tensor)
            or not result.is_floating_point()
            or result.requires_grad
            or any(t.is_floating_point() and id(t) in self._seen for t in given)
        ):
            return result, computed
        begun = result.detach().requires_grad_().clone()  # a view of it could not be written to
        return begun, [begun]


_CONVERSIONS = frozenset(
    "to type type_as contiguous float double half bfloat16 int long bool cpu cuda "
    "requires_grad_ detach_".split()
)


def version_of(tensor: Tensor) -> int:
    try:
        return tensor._version
    except RuntimeError:  # computed in inference mode, where nobody counts
        return 0
