"""One open model and its last run: what the server, the command line and notebooks call."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netviz_desktop.engine import explain as attribution
from netviz_desktop.engine import images, labels, predictions
from netviz_desktop.engine.diagnosis import diagnosis
from netviz_desktop.engine.explanation import Explanation, as_numpy, explanation
from netviz_desktop.engine.finished_run import FinishedRun
from netviz_desktop.engine.forward_pass import ForwardPass, RunStopped
from netviz_desktop.engine.memory import give_back_freed_memory, within
from netviz_desktop.engine.model import Model, open_model
from netviz_desktop.engine.node_values import node_values
from netviz_desktop.engine.patches import Patches
from netviz_desktop.engine.preprocessing import ImageInput
from netviz_desktop.engine.runners import Runner, Step
from netviz_desktop.graph import ModelGraph, Value, collector, overlay
from netviz_desktop.graph.receptive_field import Field
from netviz_desktop.link.messages import Diagnosis, Prediction, Preprocessing, RunFinished
from netviz_desktop.problems import Problem, short
from netviz_desktop.readers import OpenedModel, Options

Array = NDArray[Any]


class Session:
    """One open model and its last run.

    Args:
        device: "cuda", "mps", "cpu"; None: the best of them that is there.
    """

    def __init__(self, device: str | None = None) -> None:
        self.device = torch.device(device or _best_device())
        self.memory_bytes: int | None = None
        """How much memory a run may fill; None: a quarter of the machine's. What is beyond
        lies in temporary files."""
        self._open: Model | None = None
        self._run: FinishedRun | None = None
        self._inputs: Mapping[str, Tensor] | None = None  # of the last run that ended
        self._graph_as_run: ModelGraph | None = None
        self._raised = False  # whether the last attempt at a run did

    # --- the model ----------------------------------------------------------------------

    def open(
        self,
        path: str | Path,
        options: Options | None = None,
        labels: str | Path | None = None,
        step: Step | None = None,
    ) -> None:
        """Open a model in place of the open one, which stays open if this raises.

        A model that can be looked at but not run opens too: see `structure_only`.

        Args:
            labels: a file of class names.

        Raises:
            Problem: the file or the labels cannot be read.
        """
        if step is not None:
            step(-1, f"Opening {Path(path).name}")
            options = dataclasses.replace(options or Options(), step=step)
        self._open = open_model(Path(path), options, labels, self.device, step)
        self._run = self._inputs = self._graph_as_run = None

    @property
    def opened(self) -> OpenedModel:
        return self._model.opened

    @property
    def path(self) -> Path:
        return self._model.path

    @property
    def structure_only(self) -> Problem | None:
        """Why the model cannot be run; None when it can."""
        return self._model.problem

    @property
    def graph_as_opened(self) -> ModelGraph:
        return self._model.graph

    @property
    def graph(self) -> ModelGraph:
        """As it ran; before the first run, as it was opened."""
        return self._graph_as_run or self._model.graph

    def body(self, name: str) -> ModelGraph:
        """The graph inside a node, by its name in `Node.bodies`.

        Raises:
            Problem: there is none of this name.
        """
        bodies = self._model.opened.bodies
        found = bodies(name) if bodies is not None else None
        if found is not None:
            return found
        raise Problem(
            f"No node of {self._model.path.name} holds a graph named “{short(name)}”.",
            "Take a name from the “bodies” of a node in `netviz graph`.",
        )

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What a run must be given; empty for a model that cannot be run."""
        return self._model.runner.inputs if self._model.runner is not None else ()

    @property
    def preprocessing(self) -> Preprocessing | None:
        """How an image becomes the input; None when no input takes an image."""
        found = self._model.image_input
        return found.preprocessing if found is not None else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the output; empty when not known."""
        if self._model.labels:
            return self._model.labels
        if self._inputs is None or self._model.image_input is None:
            return ()
        return labels.usual(predictions.scores(self.last).numel())

    def weight(self, name: str) -> Array:
        """A parameter as the file has it.

        Raises:
            Problem: there is none of this name.
        """
        if name not in self.opened.weights:
            raise Problem(
                f"There is no weight “{name}” in {self.path.name}.",
                "`netviz graph` lists the parameters of every node.",
            )
        return self.opened.weights[name]()

    # --- running it ---------------------------------------------------------------------

    def run(self, inputs: Mapping[str, Array] | Array, step: Step | None = None) -> ForwardPass:
        """Run on tensors as the model takes them, without preprocessing.

        Args:
            inputs: by the inputs' names; for a model with one input the tensor itself.

        Raises:
            Problem: the model cannot be run, or not on these.
            RunStopped: it stopped on the way; what it computed until then is `last`.
        """
        if not isinstance(inputs, Mapping):
            inputs = {self._only_input(): inputs}
        tensors = {name: self._tensor(array, name) for name, array in inputs.items()}
        return self._run_on(tensors, step)

    def run_image(
        self,
        data: bytes,
        name: str,
        preprocessing: Preprocessing | None = None,
        step: Step | None = None,
        *,
        partly: bool = False,
    ) -> RunFinished:
        """Run on an image file.

        Args:
            name: what to call it in a Problem.
            preprocessing: None: as inferred.
            partly: a model that stops on the way is no Problem; the answer says so.

        Raises:
            Problem: it is no image, or the model takes none.
        """
        where = self._image_input()
        how = preprocessing or where.preprocessing
        image = images.decode(data, name)
        prepared = images.prepare(image, how, where.dtype)
        tensor = self._tensor(np.repeat(prepared.tensor, where.batch, axis=0), where.name)
        run, stopped = self._run_partly({where.name: tensor}, step, partly=partly)
        picture = images.picture(image)
        left, top, width, height = prepared.crop
        scale = picture.shape[1] / image.width
        taken, taken_range = images.taken(prepared.tensor, how.layout)
        return self._finished(
            run,
            stopped,
            picture=picture,
            crop=(left * scale, top * scale, width * scale, height * scale),
            seen=prepared.seen,
            taken=taken,
            taken_range=taken_range,
        )

    def run_tensors(
        self, inputs: Mapping[str, Array], step: Step | None = None, *, partly: bool = False
    ) -> RunFinished:
        """Run on tensors as the model takes them, by the inputs' names.

        Args:
            partly: as in `run_image`.

        Raises:
            Problem: the model cannot be run, or not on these.
        """
        self._runner()
        tensors = {name: self._tensor(array, name) for name, array in inputs.items()}
        run, stopped = self._run_partly(tensors, step, partly=partly)
        taken, taken_range = self._as_picture(inputs)
        crop = (0.0, 0.0, float(taken.shape[1]), float(taken.shape[0]))
        return self._finished(
            run,
            stopped,
            picture=taken,
            crop=crop,
            seen=taken,
            taken=taken,
            taken_range=taken_range,
        )

    @property
    def last(self) -> ForwardPass:
        """The last run.

        Raises:
            Problem: nothing was run yet.
        """
        return self._last_run().forward

    def recall(self, step: Step | None = None) -> None:
        """Compute the last run again, if a later one that was refused or cancelled took its
        place. Whoever asks about the last run does so by itself, but cannot be cancelled."""
        if self._run is None and self._inputs is not None:
            with suppress(RunStopped):  # as it did the first time
                self._run_on(self._inputs, step)

    # --- what the run says --------------------------------------------------------------

    def predicted_target(self) -> int:
        return predictions.predicted_target(self.last)

    def predictions(self, count: int = 10) -> list[Prediction]:
        """The likeliest classes first; none for a model without classes."""
        return predictions.predictions(self.last, self.labels, count)

    def label(self, target: int) -> str:
        return predictions.label(target, self.labels)

    def value(self, name: str) -> Array:
        """A value by its name: an input, an output, or what flows between nodes."""
        return as_numpy(self.last.value(name))

    def activation(self, node_id: str, output: int = 0) -> Array:
        """What a node computed, in its own shape."""
        return as_numpy(self.last.activation(node_id, output))

    def gradient(self, node_id: str, target: int | None = None, output: int = 0) -> Array:
        """d score / d activation, in the activation's shape.

        Args:
            target: an index in the output before softmax; None: the predicted class.
        """
        chosen = self.predicted_target() if target is None else target
        return as_numpy(self.last.gradient(chosen, node_id, output))

    def overlay(
        self, kind: str, target: int | None = None, step: Step | None = None
    ) -> dict[str, float]:
        """What the last run says about each node that has it, by id.

        Args:
            kind: the id of one that needs a run; `graph.overlay` says what each of them is.
            target: of the gradient; None: the predicted class.

        Raises:
            Problem: there is no such overlay, or the score has no gradient.
        """
        known = overlay.BY_ID.get(kind)
        if known is None or not known.needs_run:
            names = ", ".join(other.id for other in overlay.KINDS if other.needs_run)
            raise Problem(f"“{kind}” is nothing that a run says.", f"Take one of {names}.")
        if known in overlay.OF_GRADIENT and target is None:
            target = self.predicted_target()
        return node_values(self._last_run(), known, target, step)

    def image_size(self) -> tuple[int, int] | None:
        """(H, W) of the image as the last run took it; None: it took none."""
        run = self._last_run()
        if run.spatial_axes is None:
            return None
        shape = run.shapes[run.input]
        return shape[run.spatial_axes[0]], shape[run.spatial_axes[1]]

    def patches(self) -> Patches | None:
        """Of the image, where the last run made tokens of them."""
        return self._last_run().patches

    def field(self, value: str) -> Field | None:
        """Where on the image a value of the last run looks; None: it is not known."""
        return self._last_run().fields.get(value)

    def diagnosis(self, target: int | None = None, step: Step | None = None) -> Diagnosis:
        """What the last run says about all nodes, in one pass over it.

        Args:
            target: of the gradient; None: the predicted class.
        """
        run, why = self._last_run(), ""
        if target is None:
            try:
                target = self.predicted_target()
            except Problem as problem:
                why = f"{problem.what} {problem.remedy}"
        return diagnosis(run, target, step, why)

    def channels_last(self) -> frozenset[str]:
        """Names of the values of the last run whose channels stand in the last axis."""
        return self._last_run().channels_last

    def default_layer(self) -> tuple[str | None, str]:
        """The node that methods of a layer take when none is named, and why; or why none."""
        return self._last_run().default_layer

    def explain(
        self,
        method: str,
        node: str | None = None,
        target: int | None = None,
        step: Step | None = None,
        **parameters: bool | float | str,
    ) -> Explanation:
        """Where a method sees evidence for a class in the last run.

        Args:
            method: its id: "grad-cam".
            node: for methods of a layer; None: the default layer.
            target: an index in the output before softmax; None: the predicted class.

        Raises:
            Problem: there is no such method, node, target or parameter, or they do not fit.
        """
        self.recall(step)
        run = self._last_run()
        layer = self._layer(node) if attribution.method(method).of_layer else ""
        chosen = self.predicted_target() if target is None else target
        case = attribution.Case(
            run=run.forward,
            target=chosen,
            node=layer,
            input=run.input,
            again=self._again,
            channels_last=run.channels_last,
            **({} if step is None else {"step": step}),
        )
        return explanation(run, case, method, parameters, self.label(chosen))

    # --- inside -------------------------------------------------------------------------

    @property
    def _model(self) -> Model:
        if self._open is None:
            raise Problem("No model is open.", "Open a model first.")
        return self._open

    def _last_run(self) -> FinishedRun:
        self.recall()
        if self._run is None:
            self._runner()  # a model that cannot be run says so instead
            raise Problem("The model has not been run yet.", "Run it on an image first.")
        return self._run

    def _runner(self) -> Runner:
        model = self._model
        if model.runner is None:
            raise model.problem or Problem("The model cannot be run.", "Open another one.")
        return model.runner

    @collector.at_rest()  # it makes much, and next to no garbage
    def _run_on(self, tensors: Mapping[str, Tensor], step: Step | None) -> ForwardPass:
        runner = self._runner()
        spilled = self._run is not None and self._run.forward.bytes_on_disk > 0
        self._run = None  # two at once would take twice the memory
        if spilled:
            give_back_freed_memory()
        if self._raised:
            gc.collect()  # the frames of what rose may hold in cycles what was computed
        self._raised = True
        try:
            with within(self.memory_bytes):
                forward = runner.run(tensors, step=step)
        except RunStopped as stopped:
            self._keep(stopped.run, tensors)
            raise
        self._keep(forward, tensors)
        self._raised = False
        return forward

    def _keep(self, forward: ForwardPass, inputs: Mapping[str, Tensor]) -> None:
        self._run, self._inputs = FinishedRun(forward, self._model), inputs
        self._graph_as_run = forward.graph

    def _run_partly(
        self, tensors: Mapping[str, Tensor], step: Step | None, *, partly: bool
    ) -> tuple[ForwardPass, Problem | None]:
        """The run, and what stopped it, if it may be stopped and was."""
        try:
            return self._run_on(tensors, step), None
        except RunStopped as found:
            if not partly:
                raise
            return found.run, Problem(found.what, found.remedy, node=found.node)  # holds no run

    def _finished(
        self,
        run: ForwardPass,
        stopped: Problem | None,
        *,
        picture: Array,
        crop: tuple[float, float, float, float],
        seen: Array,
        taken: Array,
        taken_range: tuple[float, float],
    ) -> RunFinished:
        node, reason = (
            (None, "The run stopped before it gave a score.")
            if stopped is not None
            else self.default_layer()
        )
        return RunFinished(
            picture=picture,
            crop=crop,
            seen=seen,
            predictions=() if stopped is not None else tuple(self.predictions(10)),
            score_kind=run.score_kind,
            graph=None if run.graph == self._model.graph else run.graph,
            shapes=self._last_run().shapes,
            dtypes={n: str(r.tensor.dtype)[6:] for n, r in run.values.items()},
            milliseconds=dict(run.milliseconds),
            total_milliseconds=sum(run.milliseconds.values()),
            default_node=node,
            default_reason=reason,
            bytes_on_disk=run.bytes_on_disk,
            stopped=None if stopped is None else (stopped.what, stopped.remedy),
            stopped_at="" if stopped is None else stopped.node,
            taken=taken,
            taken_range=taken_range,
        )

    def _as_picture(self, inputs: Mapping[str, Array]) -> tuple[Array, tuple[float, float]]:
        """Of the input that takes an image, if there is one and it is no larger than one."""
        where = self._model.image_input
        array = inputs.get(where.name) if where is not None else None
        if where is None or array is None or array.ndim != 4 or not array.size:
            return np.zeros((0, 0, 3), np.uint8), (0.0, 0.0)
        how = where.preprocessing
        channels = array.shape[1 if how.layout == "NCHW" else 3]
        if channels not in (1, 3) or array.dtype.kind not in "biuf":
            return np.zeros((0, 0, 3), np.uint8), (0.0, 0.0)
        return images.taken(array, how.layout)

    def _again(self, tensors: Mapping[str, Tensor]) -> ForwardPass:
        with within(self.memory_bytes):
            return self._runner().run(tensors, gradients=True)

    def _only_input(self) -> str:
        names = [value.name for value in self._runner().inputs]
        if len(names) != 1:
            raise Problem(
                f"{self.path.name} takes {len(names)} inputs: {', '.join(names)}.",
                "Give each of them by its name.",
            )
        return names[0]

    def _image_input(self) -> ImageInput:
        self._runner()
        found = self._model.image_input
        if found is None:
            raise Problem(
                f"{self.path.name} takes no image: its inputs are {_described(self.inputs)}.",
                "Give its input as a tensor: Model > Inputs…, or `netviz run --input X.npy`.",
            )
        others = [value for value in self.inputs if value.name != found.name]
        if others:
            raise Problem(
                f"{self.path.name} takes more than an image: also {_described(others)}.",
                "Give each as a tensor: Model > Inputs…, or `netviz run --input NAME=X.npy`.",
            )
        return found

    def _layer(self, node: str | None) -> str:
        if node is not None:
            return node
        found, reason = self.default_layer()
        if found is None:
            raise Problem(reason, "Name a node whose output has height and width.")
        return found

    def _tensor(self, array: Array, name: str) -> Tensor:
        """A copy, so that nobody's array is written to."""
        try:
            own = np.array(array, np.asarray(array).dtype.newbyteorder("="), order="C")
            return torch.from_numpy(own).to(self.device)
        except TypeError as error:  # text, objects, 128-bit floats
            raise Problem(
                f"The input “{name}” was given {np.asarray(array).dtype}, which cannot be run on.",
                "Give it numbers of a usual type, such as float32.",
            ) from error


def _described(values: tuple[Value, ...] | list[Value]) -> str:
    return ", ".join(
        f"{value.name} ({' × '.join(map(str, value.shape or ()))}, {value.dtype})"
        for value in values
    )


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
