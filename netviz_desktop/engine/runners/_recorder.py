"""What an eager run did: every operation, every value, and where autograd knows it.

An operation is the outermost call of a torch function that returns a tensor; a Python
composite such as `multi_head_attention_forward` is one operation. Calls that pass through
no such function (those of TorchScript helpers) are seen one level lower, by the dispatcher.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from netviz_desktop.engine.memory import Spill, storage_of
from netviz_desktop.engine.runners._keeping import Keeper, SeenValue, Weights, saved, version_of
from netviz_desktop.engine.runners._listening import arguments_in, listening, tensors_in
from netviz_desktop.engine.runners._writing import written_by
from netviz_desktop.problems import Problem

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


def named_by_place(operation: Operation) -> str:
    """What identifies an operation, but for how often it was called: "features.0.conv2d"."""
    return f"{operation.path}.{operation.op_type}" if operation.path else operation.op_type


@dataclass(eq=False)
class Recorder:
    """Records what happens inside `recording()`.

    Args:
        module_paths: id(module) -> its path, of the modules whose operations are located.
        weights: the model's parameters and buffers.
        gradients: keep what gradients need; the caller enables autograd.
        step: called between operations; may raise `Cancelled`.
        expected: how many operations there will be, for the progress; 0 when not known.
        naming: gives an operation's id, without the number of the call.
    """

    module_paths: Mapping[int, str]
    weights: Weights
    gradients: bool = True
    step: Step | None = None
    expected: int = 0
    naming: Callable[[Operation], str] = named_by_place
    operations: list[Operation] = field(default_factory=list)
    values: dict[str, SeenValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seen: dict[int, SeenValue] = {}
        self.spill = Spill(others=self.weights.by_storage)
        self._keeper = Keeper(self.weights, self.spill, self._seen)
        self._last_writer: dict[int, Operation] = {}
        self._calls: dict[str, int] = defaultdict(int)
        # Modules that were called, the paths at which they were, and with what.
        self._modules: list[tuple[torch.nn.Module, str, tuple[Any, ...]]] = []
        self._path = self._kind = self._source = ""
        self._failed: tuple[Exception, Operation] | None = None
        self.modules: dict[str, str] = {}  # path -> class, of those that were called
        self._from_tokens: set[str] = set()

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """What is computed meanwhile inside `listening`, or by `call`, is recorded; weights
        that it writes get their numbers back."""
        with ExitStack() as stack:
            stack.callback(self._let_go)
            stack.callback(self._keeper.forget)
            stack.callback(self._keeper.restore_weights)
            if self.gradients:
                stack.enter_context(saved_tensors_hooks(self._keeper.save, saved))
            yield self

    def listening(self, modules: Collection[torch.nn.Module] = ()) -> AbstractContextManager[None]:
        """Inside it, what torch is called for is recorded, and at which of these modules."""
        return listening(self, modules)

    @property
    def where(self) -> str:
        """Where the run is, in words: "in features.0 (Conv2d)"."""
        if self._modules:
            self._kind = type(self._modules[-1][0]).__name__
        elif not self._path:
            return "in its forward" if self.operations else "before its first layer"
        kind = f" ({self._kind})" if self._kind else ""
        return f"in {self._path}{kind}" if self._path else "in its forward"

    def stopped_at(self, error: BaseException) -> Operation:
        """What was under way when the run raised: an operation, else the module."""
        if self._failed is not None and self._failed[0] is error:
            operation = self._failed[1]
        else:
            kind, given = self._kind, []
            if self._modules:
                module, _, arguments = self._modules[-1]
                kind, given = type(module).__name__, tensors_in(arguments)
            inputs = [self.name_of(tensor) for tensor in given]
            operation = Operation(
                "", kind or "forward", self._path, inputs, [], _no_function, (), {}, 0.0,
                self._source,
            )  # fmt: skip
        operation.id = self._next(self.naming(operation))
        return operation

    def place(self, path: str, kind: str = "", source: str = "") -> None:
        """What follows happens in this module, for whoever calls no modules that are heard.

        Args:
            kind: the module's class.
            source: where the model's code says it; see `Node.source`.
        """
        self._path, self._kind, self._source = path, kind, source
        if path and kind:
            self.modules[path] = kind

    def add_input(self, name: str, tensor: Tensor) -> None:
        self._see(name, tensor)
        if _may_be_tokens(tensor) and "mask" not in name:
            self._from_tokens.add(name)

    def name_of(self, tensor: Tensor) -> str:
        """The name of the value that this tensor holds now."""
        seen = self._seen.get(id(tensor))
        if seen is None:
            weight = self.weights.names.get(id(tensor))
            return weight or self._see(self._next("constant"), tensor).name
        if seen.version != version_of(tensor) and (
            writer := self._last_writer.get(storage_of(tensor))
        ):
            # Written through a view of it: one more output of the operation that wrote.
            name = f"{writer.id}:{len(writer.outputs)}"
            writer.outputs.append(name)
            return self._see(name, tensor).name
        return seen.name

    def call(
        self, name: str, function: Function, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        """Call a torch function, and record it if it computes tensors."""
        given = arguments_in(arguments)
        if keywords:
            given += tensors_in(keywords.values())
        inputs = [self.name_of(tensor) for tensor in given]
        overwritten = written_by(name, arguments, keywords, given)
        start = time.perf_counter()
        try:
            if overwritten is None:
                for tensor in given:  # `detach_` makes autograd forget
                    if (seen := self._seen.get(id(tensor))) is not None:
                        seen.look_for_edge()
                versions = [version_of(tensor) for tensor in given]
                result = function(*arguments, **keywords)
                written = [t for t, v in zip(given, versions, strict=True) if version_of(t) != v]
            else:
                with torch._C._DisableTorchDispatch():
                    result, written = (
                        self._keeper.write(name, function, arguments, keywords, overwritten)
                        if overwritten
                        else (function(*arguments, **keywords), overwritten)
                    )
        except Exception as error:
            if self._failed is None or self._failed[0] is not error:
                self._failed = error, Operation(
                    "", name, self._path, inputs, [], function, arguments, keywords, 0.0,
                    self._source,
                )  # fmt: skip
            raise
        milliseconds = (time.perf_counter() - start) * 1000
        computed = [result] if isinstance(result, Tensor) else tensors_in((result,)) or written
        if not computed:
            return result
        if not written and id(computed[0]) in self._seen and _is_among(computed[0], given):
            if name in _CONVERSIONS:
                return result  # nothing to convert
            if isinstance(result, Tensor):
                # Dropout at rest is a place of its own. A `view` would give its gradient
                # other strides, with which torch's CPU batch_norm goes back wrongly.
                result = torch.ops.aten.alias(result)
                computed = [result]
        from_tokens = bool(self._from_tokens) and not self._from_tokens.isdisjoint(inputs)
        if from_tokens or name == "embedding":
            result, computed = self._after_tokens(name, result, computed, given)
        operation = Operation(
            "", name, self._path, inputs, [], function, arguments, keywords, milliseconds,
            self._source,
        )  # fmt: skip
        for tensor in written:
            self._last_writer[storage_of(tensor)] = operation
        self._add(operation, computed, from_tokens=from_tokens)
        return result

    def before_write(self, tensor: Tensor) -> None:
        self._keeper.before_write(tensor)

    def enter(self, module: torch.nn.Module, arguments: tuple[Any, ...]) -> None:
        self._modules.append((module, self._path, arguments))
        path = self.module_paths.get(id(module))
        if path is not None:
            self._path = path
            self.modules[path] = type(module).__name__

    def leave(self, module: torch.nn.Module) -> None:
        while self._modules:
            left, self._path, _ = self._modules.pop()
            if left is module:
                return  # else an inner module raised, and the model went on

    def _add(self, operation: Operation, computed: list[Tensor], *, from_tokens: bool) -> None:
        operation.id = self._next(self.naming(operation))
        self.operations.append(operation)
        for port, tensor in enumerate(computed):
            name = f"{operation.id}:{port}" if port else operation.id
            operation.outputs.append(name)
            self._see(name, tensor)
            if from_tokens and _may_be_tokens(tensor):
                self._from_tokens.add(name)
        if self.spill.is_full and (moved := self._keeper.settle()):
            self._last_writer = {moved.get(s, s): by for s, by in self._last_writer.items()}
        if self.step is not None:
            done = len(self.operations) / self.expected if self.expected else -1.0
            self.step(min(1.0, done), f"Running {operation.id}")

    def _next(self, name: str) -> str:
        self._calls[name] += 1
        return name if self._calls[name] == 1 else f"{name}#{self._calls[name]}"

    def _see(self, name: str, tensor: Tensor) -> SeenValue:
        if tensor.is_nested:
            raise Problem(
                f"A nested tensor was computed {self.where}: its samples have different shapes, "
                "and nothing can show them.",
                "Let the model pad its samples to one length.",
            )
        seen = SeenValue(name, tensor)
        self._seen[id(tensor)] = self.values[name] = seen
        self._keeper.keep(seen)
        return seen

    def _let_go(self) -> None:
        """What was written over holds the operation that wrote, which may have saved it for
        the way back: a cycle."""
        for seen in self.values.values():
            seen.look_for_edge()
            if seen.copy is not None:
                seen.held = seen.copy

    def _after_tokens(
        self, operation_name: str, result: Any, computed: list[Tensor], given: list[Tensor]
    ) -> tuple[Any, list[Tensor]]:
        """Where tokens become floating-point numbers (an embedding), gradients begin."""
        if (
            not self.gradients
            or operation_name in _NUMBERS_OF_THEIR_OWN
            or not isinstance(result, Tensor)
            or not result.is_floating_point()
            or result.requires_grad
            or any(t.is_floating_point() and id(t) in self._seen for t in given)
        ):
            return result, computed
        begun = result.detach().requires_grad_().clone()  # a view of it could not be written to
        return begun, [begun]


_NUMBERS_OF_THEIR_OWN = frozenset(
    "zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full "
    "new_empty new_tensor".split()
)
_CONVERSIONS = frozenset(
    "to type type_as contiguous float double half bfloat16 int long bool cpu cuda "
    "requires_grad_ detach_".split()
)


def _no_function() -> None:
    """A module is no torch function."""


def _is_among(tensor: Tensor, given: list[Tensor]) -> bool:
    return any(tensor is other for other in given)


def _may_be_tokens(tensor: Tensor) -> bool:
    """Integers; truth values are masks."""
    return not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype is torch.bool)
