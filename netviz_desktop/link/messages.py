"""What the two halves can say: requests, their answers, and what ends or accompanies a call.

Everything is a frozen dataclass of plain types and numpy arrays. A request names the type
of its answer: `EngineClient.ask(ActivationOf("conv1"))` is answered by `Maps`.
Whatever is long is cut down to what a view needs before it travels.
"""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.graph.receptive_field import Axis
from netviz_desktop.layout import Box, Edge, Frame, Placement

Array = NDArray[Any]


class Message:
    """Anything that can be said."""


AnswerT = TypeVar("AnswerT", bound=Message)


class Request(Message, Generic[AnswerT]):
    """What the window asks. `Answer` is the type that comes back."""

    Answer: ClassVar[type[Message]]


# --- the call itself ---------------------------------------------------------------------


@dataclass(frozen=True)
class Cancel(Message):
    """Window to engine: nobody waits for this call any more. It ends with `Stopped`."""


@dataclass(frozen=True)
class Progress(Message):
    """Engine to window, any number of times before the answer.

    Args:
        done: 0 to 1, or negative while nobody can tell.
        what: what is being done, a few words for the status line.
    """

    done: float
    what: str


@dataclass(frozen=True)
class Failed(Message):
    """Ends a call: a `Problem`, with all that it says."""

    what: str
    remedy: str
    node: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Crashed(Message):
    """Ends a call: a defect of the engine. The traceback is for the crash report alone."""

    summary: str
    traceback: str


@dataclass(frozen=True)
class Stopped(Message):
    """Ends a call that was cancelled."""


# --- who the engine is -------------------------------------------------------------------


@dataclass(frozen=True)
class FormatInfo:
    """A file format that the engine opens; `suffixes` with their dot, most usual first."""

    id: str
    label: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class MethodParameter:
    """A parameter of an attribution method; its type is that of `default`."""

    name: str
    default: bool | int | float | str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class MethodInfo:
    """An attribution method.

    Args:
        id: as `netviz explain --method` takes it: "grad-cam".
        of_layer: the map belongs to a node and has its resolution; otherwise to the input.
        source: the paper or specification, with its address.
        help: one sentence: what the map says.
    """

    id: str
    label: str
    of_layer: bool
    source: str
    help: str
    parameters: tuple[MethodParameter, ...] = ()


@dataclass(frozen=True)
class Hello(Message):
    """The engine's first message, in call 0: what it can do."""

    version: str
    torch_version: str
    device: str
    formats: tuple[FormatInfo, ...]
    methods: tuple[MethodInfo, ...]


# --- opening a model ---------------------------------------------------------------------


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the tensor that the model takes.

    The image is turned upright, converted to `channels`, its shorter side resized to
    `resize` (bilinear, antialiased), the centre `height` x `width` cut out, divided by
    255, then `(x - mean) / std` per channel.

    Args:
        layout: "NCHW" or "NHWC".
        resize: None: the whole image is squeezed to height x width.
        mean, std: per channel, of values between 0 and 1.
        bgr: the channels go to the model as blue, green, red; `mean` and `std` are in the
            model's order.
        reason: where the choice comes from, a few words for the person.
    """

    height: int
    width: int
    channels: int = 3
    layout: str = "NCHW"
    resize: int | None = None
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    reason: str = ""
    bgr: bool = False


@dataclass(frozen=True)
class ModelOpened(Message):
    """A model, ready to be drawn.

    Args:
        path: as it was asked for.
        structure_only: empty when the model can be run, else the Problem's two sentences:
            why it can not, and what to do.
        can_be_trusted: the file holds code that runs once the person trusts it: opening it
            again with `trust=True` may make it runnable.
        needs_code: a state dict: opening it with `model_code` may make it runnable.
        stopped_at: id of the node because of which it can not be run, where there is one.
        architecture: of a state dict, the network that its names and shapes were recognised
            as: "torchvision: resnet50"; empty when they were not, or need not be.
        architectures: all that fit, the likeliest first; `OpenModel.architecture` takes them.
        preprocessing: None when no input takes an image.
        labels: class names in the order of the output; empty when not known.
        inputs: what a run must be given; empty for a model that cannot be run, and where only
            a run can tell.
    """

    path: str
    size_bytes: int
    graph: ModelGraph
    structure_only: tuple[str, str] | None = None
    can_be_trusted: bool = False
    needs_code: bool = False
    stopped_at: str = ""
    architecture: str = ""
    architectures: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = ()
    inputs: tuple[Value, ...] = ()


@dataclass(frozen=True)
class OpenModel(Request[ModelOpened]):
    """Open a file in place of the open one, which stays open if this fails.

    Args:
        trust: run the code of a pickled module.
        model_code: `package.module:function` or `file.py:function`, called without
            arguments, gives the network that weights belong to.
        labels: a file of class names: one a line, or JSON.
        architecture: for a state dict, in place of the recognised one; "none" for its
            weights alone.
        member: which of the models in an archive.
    """

    Answer = ModelOpened
    path: str
    trust: bool = False
    model_code: str | None = None
    labels: str | None = None
    architecture: str | None = None
    member: str | None = None


# --- running it --------------------------------------------------------------------------


@dataclass(frozen=True)
class Prediction:
    """One class of the output. `target` is its index in the output before softmax;
    `logit` is the value there, `score` the probability (0 to 1)."""

    target: int
    label: str
    logit: float
    score: float


@dataclass(frozen=True)
class RunFinished(Message):
    """An image or tensors went through the model, and every activation is kept in the engine.

    Args:
        picture: (H, W, 3) uint8, the whole image upright, at most 1024 pixels a side. Of
            tensors: the one that an image would become, drawn as `taken`, as are `seen` and
            the crop; (0, 0, 3) where there is none.
        crop: left, top, width, height, in pixels of `picture`: the part the model saw.
        seen: (H, W, 3) uint8: the part that the model saw, in its resolution.
        taken: (H, W, 3) uint8: the tensor as the model takes it, its channels in the model's
            order, spread from its least number to its greatest.
        taken_range: the least and the greatest of them.
        predictions: most likely first, at most 10; empty when the model has no classes.
        score_kind: "softmax", "sigmoid" or "" : how `score` came from `logit`.
        graph: None when it is the graph as opened; otherwise the graph as it ran.
        shapes: value name -> its shape in this run.
        dtypes: value name -> its dtype in this run.
        milliseconds: node id -> time spent in it.
        default_node: the node that layer-based methods take when none is named, or None.
        default_reason: why that one; when None, why there is none.
        bytes_on_disk: of the activations, what did not fit into `RunImage.memory_bytes`.
        stopped: empty when the model ran to its end, else the Problem's two sentences: why
            it did not. What it computed before is there, the outputs are not.
        stopped_at: id of the node that stopped it, the last in `graph`.
    """

    picture: Array
    crop: tuple[float, float, float, float]
    seen: Array
    predictions: tuple[Prediction, ...]
    score_kind: str
    graph: ModelGraph | None
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    milliseconds: dict[str, float]
    total_milliseconds: float
    default_node: str | None
    default_reason: str
    bytes_on_disk: int = 0
    stopped: tuple[str, str] | None = None
    stopped_at: str = ""
    taken: Array = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))
    taken_range: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class RunImage(Request[RunFinished]):
    """Run the open model on an image.

    Args:
        data: the image file's bytes, in any format Pillow reads.
        name: what to call it in a Problem.
        preprocessing: None: as the model was opened with.
        memory_bytes: how much the activations and what gradients need may fill; what is
            beyond lies in temporary files. None: a quarter of the engine's machine.
    """

    Answer = RunFinished
    data: bytes
    name: str
    preprocessing: Preprocessing | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class RunTensors(Request[RunFinished]):
    """Run the open model on tensors as it takes them, without preprocessing.

    Args:
        inputs: by the inputs' names.
        memory_bytes: as in `RunImage`.
    """

    Answer = RunFinished
    inputs: dict[str, Array]
    memory_bytes: int | None = None


# --- looking inside ----------------------------------------------------------------------


@dataclass(frozen=True)
class Statistics:
    """Of all finite numbers of a tensor; `zeros` is the share (0 to 1) that is exactly 0.

    `count` is of all numbers, finite or not. `std` is the population's. `counts` are the
    numbers in each of 64 equal bins between `minimum` and `maximum`.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: float
    nan_count: int
    inf_count: int
    counts: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Maps(Message):
    """A tensor as pictures: one a channel.

    Args:
        shape: of the whole tensor; the pictures are of its first sample.
        axes: what one picture and the row of pictures are, for the titles:
            "channels" (N, C, H, W), "tokens" (N, T, D), the patches of an image as a map for
            each D, without tokens that stand before them, "heads" (N, H, T, T), "matrix" (one
            picture, T x D), "vector" (one picture, 1 x D), "scalar", "slices" (any other
            rank), or "" when there is nothing to draw.
        thumbnails: (C, h, w) float32, each at most 96 pixels a side (averaged down).
        size: (H, W) of a picture in full.
        minimum, maximum: (C,) float32, exact, over the full picture.
        mean, std, zeros: (C,) float32, of the finite numbers of each full picture; `std` is the
            population's, `zeros` the share (0 to 1) that is exactly 0.
        looks_at: where on the image the rows and the columns of the pictures look; empty when
            that is not known.
        state: empty when this is simply the value; otherwise one sentence that explains
            it ("Not on a path to the output.", "Straight-through ...").
        names: dead channels and the like are the view's business; labels for vectors of
            classes are in `ModelOpened.labels`.
    """

    node: str
    output: int
    value: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    thumbnails: Array
    size: tuple[int, int]
    minimum: Array
    maximum: Array
    statistics: Statistics | None
    state: str = ""
    mean: Array = field(default_factory=lambda: np.zeros(0))
    std: Array = field(default_factory=lambda: np.zeros(0))
    zeros: Array = field(default_factory=lambda: np.zeros(0))
    looks_at: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class ActivationOf(Request[Maps]):
    """What a node computed in the last run."""

    Answer = Maps
    node: str
    output: int = 0


@dataclass(frozen=True)
class GradientOf(Request[Maps]):
    """d score / d activation of a node; `target` None is the predicted class."""

    Answer = Maps
    node: str
    target: int | None = None
    output: int = 0


@dataclass(frozen=True)
class GradientStates(Message):
    """How the gradient of the score stands at a node.

    Args:
        states: of each output; empty when the gradient is simply there, otherwise one sentence,
            as in `Maps.state`.
    """

    node: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class GradientStatesOf(Request[GradientStates]):
    """`target` None is the predicted class."""

    Answer = GradientStates
    node: str
    target: int | None = None


@dataclass(frozen=True)
class Channel(Message):
    """One picture of a `Maps` in full: (H, W) float32.

    Args:
        placed: the same over `RunFinished.seen`; None when nobody asked.
    """

    index: int
    values: Array
    placed: Array | None = None


@dataclass(frozen=True)
class ChannelOf(Request[Channel]):
    """One picture of the `Maps` of the same node, output and target, in full.

    Args:
        gradient: of the gradient's maps; otherwise of the activation's.
        placed: also laid over the image, each cell where it looks.
    """

    Answer = Channel
    node: str
    index: int
    output: int = 0
    gradient: bool = False
    target: int | None = None
    placed: bool = False


@dataclass(frozen=True)
class TensorPart(Message):
    """Numbers of a value of the last run, as they are.

    Args:
        shape, dtype: of the whole value.
        rows: (R, C): the beginning of the part that was asked for, at most 256 x 256; of a
            vector its one row. bfloat16 and smaller floats, which numpy lacks, as float32.
        size: (R, C) of that part in full.
        statistics: of the whole value; None when nobody asked, or it is empty.
    """

    value: str
    shape: tuple[int, ...]
    dtype: str
    rows: Array
    size: tuple[int, int]
    statistics: Statistics | None = None


@dataclass(frozen=True)
class TensorPartOf(Request[TensorPart]):
    """The last two axes of a value at an index of those before: the first ones are 0.

    Args:
        value: its name: an input, an output, or what flows between nodes.
        statistics: whether they are wanted.
    """

    Answer = TensorPart
    value: str
    at: tuple[int, ...] = ()
    statistics: bool = True


@dataclass(frozen=True)
class Numbers(Message):
    """Some of a value's numbers: (N,), in row-major order, as in `TensorPart`."""

    values: Array
    shape: tuple[int, ...]


@dataclass(frozen=True)
class NumbersOf(Request[Numbers]):
    """Numbers of a value of the last run, from `start` up to `stop` of all of them."""

    Answer = Numbers
    value: str
    start: int
    stop: int


@dataclass(frozen=True)
class WeightView:
    """A parameter as pictures.

    Args:
        axes: "kernels" (one picture an output channel, of one input channel),
            "rgb kernels" (O, h, w, 3), "matrix" (rows are outputs), "vector", "scalar",
            "slices", or "" when there is nothing to draw.
        pictures: (P, h, w) float32, or (P, h, w, 3) for "rgb kernels"; values as stored.
        reduced: pictures are averaged down (a matrix above 1024 a side).
        size: (H, W) of a picture in full; None: that of `pictures`.
        input_channel, input_channels: which of how many is shown ("kernels" only).
        norms: (O,) Euclidean norm of what leads to each output; None: it has no such axis.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    pictures: Array
    reduced: bool
    statistics: Statistics | None
    input_channel: int = 0
    input_channels: int = 1
    state: str = ""
    size: tuple[int, int] | None = None
    norms: Array | None = None


@dataclass(frozen=True)
class Weights(Message):
    """The parameters of a node, in its own order."""

    node: str
    weights: tuple[WeightView, ...]


@dataclass(frozen=True)
class WeightsOf(Request[Weights]):
    """A node's parameters, as the file has them: no run is needed."""

    Answer = Weights
    node: str
    input_channel: int = 0


@dataclass(frozen=True)
class Body(Message):
    """A graph inside a node, such as a branch of an If."""

    graph: ModelGraph


@dataclass(frozen=True)
class BodyOf(Request[Body]):
    """One of `Node.bodies`, by its name."""

    Answer = Body
    name: str


@dataclass(frozen=True)
class Attribution(Message):
    """Where an attribution method sees evidence.

    Args:
        node: the layer, for methods of a layer; None for those of the input.
        label: the target's class name.
        raw: (h, w) float32, signed, at the method's own resolution; no unit. Of methods of
            the input, the sum over channels.
        placed: (H, W) float32, signed, over `RunFinished.seen`: pixel (i, j) of it speaks
            for that pixel, placed by the receptive fields of the layer.
        placement: one sentence on how it was placed.
        state: empty, or one sentence a person must know ("No positive evidence ...").
    """

    method: str
    node: str | None
    target: int
    label: str
    raw: Array
    placed: Array
    placement: str
    state: str = ""


@dataclass(frozen=True)
class Explain(Request[Attribution]):
    """An attribution for the last run. None: the default node, the predicted class."""

    Answer = Attribution
    method: str
    node: str | None = None
    target: int | None = None
    parameters: dict[str, bool | int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeValues(Message):
    """A number for each node that has one.

    Args:
        nodes: ids, in the order in which they ran.
        values: (N,) float64, finite.
    """

    nodes: tuple[str, ...]
    values: Array


@dataclass(frozen=True)
class OverlayOf(Request[NodeValues]):
    """What the last run says about each node.

    Args:
        kind: the id of one of `graph.overlay.KINDS` that needs a run.
        target: of the gradient; None: the predicted class.
    """

    Answer = NodeValues
    kind: str
    target: int | None = None


@dataclass(frozen=True)
class Diagnosis(Message):
    """Every overlay of `graph.overlay.DIAGNOSIS` at once.

    Args:
        nodes: ids of those that have any number, in the order in which they ran.
        kinds: ids of the overlays, one for each column.
        values: (N, K) float64; NaN where a node has none.
        no_gradient: why the columns of the gradient are empty, else empty.
    """

    nodes: tuple[str, ...]
    kinds: tuple[str, ...]
    values: Array
    no_gradient: str = ""


@dataclass(frozen=True)
class DiagnosisOf(Request[Diagnosis]):
    """What the last run says about all nodes.

    Args:
        target: of the gradient; None: the predicted class.
    """

    Answer = Diagnosis
    target: int | None = None


# --- drawing -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Placed(Message):
    placement: Placement


@dataclass(frozen=True)
class LayOut(Request[Placed]):
    """Where boxes and edges go. Answered beside whatever else the engine is busy with."""

    Answer = Placed
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    left_to_right: bool = False
    frames: tuple[Frame, ...] = ()


def _concrete(kind: type[Message]) -> dict[str, type[Message]]:
    found = {kind.__name__: kind} if hasattr(kind, "__dataclass_fields__") else {}
    for child in kind.__subclasses__():
        found |= _concrete(child)
    return found


KINDS: dict[str, type[Message]] = _concrete(Message)
"""Every message by the name it travels under."""
