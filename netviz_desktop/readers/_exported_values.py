"""Which value of the model graph a tensor of an exported program is, at each place.

Programs overwrite tensors: `x[:, 0] = 0` is a view and a call that writes to it, and what
reads x afterwards reads what that call computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from netviz_desktop.readers._exported_steps import Step

_VIEWS = frozenset(
    "select slice view reshape flatten unflatten transpose permute t numpy_T mT squeeze "
    "unsqueeze expand expand_as view_as narrow split split_with_sizes chunk tensor_split unbind "
    "diagonal movedim swapaxes detach alias real imag as_strided unfold getitem".split()
)


@dataclass(eq=False)
class _Tensor:
    """Args:
    value: the name of its value.
    memory: all tensors that share its memory.
    writer: what wrote to its memory, through another tensor, since it was last read.
    """

    value: str
    memory: list[_Tensor]
    writer: Step | None = None


class Values:
    """Follows the tensors through the steps, which must come in running order."""

    def __init__(self, given: dict[str, str]) -> None:
        """Args:
        given: value by tensor, of what is there before the first step.
        """
        self._tensors = {name: self._made(value) for name, value in given.items()}

    def follow(self, step: Step) -> None:
        """Fill in what the step reads and computes."""
        inputs = [name for name in step.inputs if name in self._tensors]
        if step.node:
            step.reads = [(name, self.read(name)) for name in inputs]
        first = self._tensors[inputs[0]] if inputs else None
        written = first if step.writes_over and step.node else None
        outputs = list(step.outputs)
        if written is not None:
            for other in written.memory:
                other.writer = step
            written.value, written.writer = step.node, None
        for place, name in enumerate(outputs):
            value = f"{step.node}:{place}" if place else step.node
            if first is not None and step.passes_on:
                shares = step.operator != "lift_fresh_copy"
                self._tensors[name] = self._made(self.read(inputs[0]), first if shares else None)
            elif written is not None and place == 0:
                self._tensors[name] = written
            else:
                shares = step.operator in _VIEWS
                self._tensors[name] = self._made(value, first if shares else None)
            if step.node:
                step.computes.append((name, value))
        if written is not None and not outputs:
            step.computes.append((inputs[0], step.node))

    def read(self, name: str) -> str:
        """The value that a tensor holds now."""
        tensor = self._tensors[name]
        if tensor.writer is not None:
            tensor.value = f"{tensor.writer.node}:{len(tensor.writer.computes)}"
            tensor.writer.computes.append((name, tensor.value))
            tensor.writer = None
        return tensor.value

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    @staticmethod
    def _made(value: str, like: _Tensor | None = None) -> _Tensor:
        tensor = _Tensor(value, like.memory if like is not None else [])
        tensor.memory.append(tensor)
        return tensor
