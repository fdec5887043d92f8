"""Opening a model, and the graphs inside its nodes."""

# No `from __future__ import annotations`: msgspec reads the annotations.
from dataclasses import dataclass

from netviz_desktop.graph import ModelGraph, Value
from netviz_desktop.link.messages.base import Message, Request


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


@dataclass(frozen=True)
class Body(Message):
    """A graph inside a node, such as a branch of an If."""

    graph: ModelGraph


@dataclass(frozen=True)
class BodyOf(Request[Body]):
    """One of `Node.bodies`, by its name."""

    Answer = Body
    name: str
