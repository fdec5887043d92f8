"""What the session says to each request of the link."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from netviz_desktop import __version__, layout, readers, resource
from netviz_desktop.engine import explain, pictures, tensor_part
from netviz_desktop.engine.model import open_model
from netviz_desktop.engine.placement import place
from netviz_desktop.engine.runners import Step
from netviz_desktop.engine.session import Session
from netviz_desktop.graph import Node
from netviz_desktop.graph.memory_limit import limited
from netviz_desktop.graph.overlay import BY_ID, OF_GRADIENT
from netviz_desktop.link import messages
from netviz_desktop.link.messages import Message
from netviz_desktop.problems import Cancelled, Problem

_IDLE_LIMIT_BYTES = 1 << 30  # gradients of larger runs are computed only where asked for
_MOMENT_SECONDS = 0.05


class Answers:
    """A session, asked through messages."""

    def __init__(self) -> None:
        if threads := os.environ.get("NETVIZ_THREADS"):
            torch.set_num_threads(int(threads))
        self.session = Session()
        self._target_in_view: int | None = None
        self._preparing: threading.Thread | None = None

    def hello(self) -> messages.Hello:
        return messages.Hello(
            version=__version__,
            torch_version=str(torch.__version__),  # its own type would drag torch along
            device=str(self.session.device),
            formats=tuple(
                messages.FormatInfo(known.id, known.label, known.suffixes)
                for known in readers.formats()
            ),
            methods=explain.methods(),
        )

    def answer(self, request: Message, step: Step) -> Message:
        """Raises: Problem, Cancelled, and whatever a defect or too little memory raises."""
        with limited():
            return self._answer(request, step)

    def _answer(self, request: Message, step: Step) -> Message:
        match request:
            case messages.OpenModel():
                return self._open(request, step)
            case messages.RunImage() | messages.RunTensors():
                return self._run(request, step)
            case messages.WeightsOf(node, input_channel):
                return self._weights(self._node(node), input_channel)
            case messages.BodyOf(name):
                return messages.Body(self.session.body(name))
        self.session.recall(step)
        match request:
            case messages.ActivationOf(node, output):
                return self._activation(node, output)
            case messages.GradientOf(node, target, output):
                return self._gradient(node, self._target(target), output)
            case messages.GradientStatesOf(node, target):
                return self._gradient_states(node, self._target(target))
            case messages.ChannelOf():
                return self._channel(request)
            case messages.TensorPartOf(value, at, wanted):
                return tensor_part.part(value, self.session.last.value(value), at, wanted)
            case messages.NumbersOf(value, start, stop):
                return tensor_part.numbers(self.session.last.value(value), start, stop)
            case messages.Explain():
                return self._explain(request, step)
            case messages.OverlayOf(kind, target):
                return self._overlay(kind, target, step)
            case messages.DiagnosisOf(target):
                self.wait_until_prepared(step)
                return self.session.diagnosis(target, step)
        raise TypeError(f"{type(request).__name__} is no request that is known")

    def use_idle_time(self) -> None:
        """Prepare for what is likely asked next: the gradients of the class in view at every
        node. What else is asked meanwhile is answered beside it."""
        target, self._target_in_view = self._target_in_view, None
        if target is None:
            return
        run = self.session.last
        size = sum(r.tensor.nbytes for r in run.values.values() if r.edge is not None)
        if (
            size <= min(_IDLE_LIMIT_BYTES, run.memory_bytes)
            and run.values[run.target_value].edge is not None
        ):
            self.wait_until_prepared()
            self._preparing = threading.Thread(
                target=run.gradients, args=(target,), name="gradients", daemon=True
            )
            self._preparing.start()

    def leave(self) -> None:
        """Before the process ends: nothing of it stays on the disk."""
        readers.forget_unpacked()

    def wait_until_prepared(self, step: Step | None = None) -> None:
        """What idle time began is done."""
        while self._preparing is not None and self._preparing.is_alive():
            self._preparing.join(_MOMENT_SECONDS)
            if step is not None:
                step(-1.0, "Computing gradients")
        self._preparing = None

    def _open(self, request: messages.OpenModel, step: Step) -> Message:
        options = readers.Options(
            request.trust, request.model_code, request.architecture, request.member
        )
        session = self.session
        session.open(request.path, options, request.labels, step)
        self._target_in_view = None
        why = session.structure_only
        return messages.ModelOpened(
            path=request.path,
            size_bytes=session.opened.size_bytes or Path(request.path).stat().st_size,
            graph=session.graph,
            structure_only=None if why is None else (why.what, why.remedy),
            can_be_trusted=session.opened.can_be_trusted,
            needs_code=session.opened.needs_code,
            stopped_at="" if why is None else why.node,
            architecture=session.opened.architecture,
            architectures=session.opened.architectures,
            preprocessing=session.preprocessing,
            labels=session.labels,
            inputs=session.inputs,
        )

    def _run(self, request: messages.RunImage | messages.RunTensors, step: Step) -> Message:
        self.session.memory_bytes = request.memory_bytes
        self.wait_until_prepared(step)  # it holds the last run, whose memory this one takes
        if isinstance(request, messages.RunTensors):
            finished = self.session.run_tensors(request.inputs, step, partly=True)
        else:
            finished = self.session.run_image(
                request.data, request.name, request.preprocessing, step, partly=True
            )
        self._target_in_view = self.session.predicted_target() if finished.stopped is None else None
        return finished

    def _activation(self, node_id: str, output: int) -> Message:
        run = self.session.last
        tensor = run.activation(node_id, output)
        return self._maps(self._node(node_id), tensor, output, "")

    def _gradient(self, node_id: str, target: int, output: int) -> Message:
        run = self.session.last
        value = run.activation(node_id, output)
        node = self._node(node_id)
        self._target_in_view = target
        if run.values[node.outputs[output]].edge is None:
            state = run.gradient_state(target, node_id, output)
            return self._maps(node, value.new_zeros(0), output, state)
        self.wait_until_prepared()
        gradient = run.gradient(target, node_id, output)
        return self._maps(node, gradient, output, run.gradient_state(target, node_id, output))

    def _gradient_states(self, node_id: str, target: int) -> Message:
        self._target_in_view = target
        self.wait_until_prepared()
        states = self.session.last.gradient_states(target, self._node(node_id).id)
        return messages.GradientStates(node_id, tuple(states))

    def _channel(self, request: messages.ChannelOf) -> Message:
        run, node = self.session.last, request.node
        if request.gradient:
            self.wait_until_prepared()
            tensor = run.gradient(self._target(request.target), node, request.output)
        else:
            tensor = run.activation(node, request.output)
        found = self._node(node)
        patches = self.session.patches()
        channel = pictures.channel(
            found,
            tensor,
            request.index,
            output=request.output,
            channels_last=self.session.channels_last(),
            patches=patches,
        )
        size = self.session.image_size()
        if not request.placed or size is None:
            return channel
        field = self.session.field(found.outputs[request.output])
        if patches is not None and patches.prefixes(tuple(tensor.shape)) is not None:
            field = patches.field
        placed = place(torch.from_numpy(channel.values), field, size).placed.numpy()
        return replace(channel, placed=placed)

    def _weights(self, node: Node, input_channel: int) -> Message:
        return messages.Weights(
            node.id,
            tuple(
                pictures.weight_view(
                    node,
                    parameter.name,
                    parameter.role,
                    self.session.weight(parameter.name),
                    input_channel,
                )
                for parameter in node.parameters
            ),
        )

    def _explain(self, request: messages.Explain, step: Step) -> Message:
        found = self.session.explain(
            request.method, request.node, request.target, step, **request.parameters
        )
        if found.placed is None:
            raise Problem(
                "The map cannot be laid over the input: the input is no picture.",
                "`netviz explain` gives the map as numbers.",
            )
        raw = found.raw if found.raw.ndim == 2 else found.placed
        return messages.Attribution(
            method=found.method,
            node=found.node,
            target=found.target,
            label=found.label,
            raw=raw.astype(np.float32),
            placed=found.placed.astype(np.float32),
            placement=found.placement,
            state=found.state,
        )

    def _overlay(self, kind: str, target: int | None, step: Step) -> Message:
        if BY_ID.get(kind) in OF_GRADIENT:
            self.wait_until_prepared(step)
        found = self.session.overlay(kind, target, step)
        return messages.NodeValues(tuple(found), np.array(list(found.values()), np.float64))

    def _maps(self, node: Node, tensor: torch.Tensor, output: int, state: str) -> Message:
        last = self.session.channels_last()
        return pictures.maps(
            node,
            tensor,
            output=output,
            state=state,
            channels_last=last,
            field=self.session.field(node.outputs[output]),
            patches=self.session.patches(),
        )

    def _target(self, target: int | None) -> int:
        return self.session.predicted_target() if target is None else target

    def _node(self, node_id: str) -> Node:
        for graph in (self.session.graph, self.session.graph_as_opened):
            if node_id in graph:
                return graph.node(node_id)
        raise Problem(
            f"There is no node “{node_id}” in this model.", "Click a node that is in the graph."
        )


def warm_up() -> None:
    """Do once what takes long the first time, when a person would wait for it: open a model,
    lay it out, compute a gradient. Each imports up to half a second's worth of modules."""
    open_model(resource.path(resource.DEMO_MODEL), None, None, torch.device("cpu"))
    with suppress(Problem):  # without Graphviz; whoever asks for a layout is told
        layout.place([layout.Box("a", 1, 1), layout.Box("b", 1, 1)], [layout.Edge("", "a", "b")])
    x = torch.ones(1, requires_grad=True)
    edge = torch.autograd.graph.get_gradient_edge(2 * x)
    torch.autograd.grad([edge], [x], [torch.ones(1)])


def lay_out(request: messages.LayOut, step: Step) -> Message:
    """Where boxes and edges go."""
    placement = layout.place(
        request.boxes,
        request.edges,
        request.frames,
        left_to_right=request.left_to_right,
        cancelled=partial(_is_cancelled, step),
    )
    return messages.Placed(placement)


def _is_cancelled(step: Callable[[float, str], None]) -> bool:
    try:
        step(-1, "Laying out")
    except Cancelled:
        return True
    return False
