"""What the two halves can say: requests, their answers, and what ends or accompanies a call.

Everything is a frozen dataclass of plain types and numpy arrays. A request names the type
of its answer: `EngineClient.ask(ActivationOf("conv1"))` is answered by `Maps`.
Whatever is long is cut down to what a view needs before it travels.
"""

from netviz_desktop.link.messages.base import AnswerT, Array, Message, Request
from netviz_desktop.link.messages.calls import Cancel, Crashed, Failed, Progress, Stopped
from netviz_desktop.link.messages.explaining import Attribution, Explain
from netviz_desktop.link.messages.hello import FormatInfo, Hello, MethodInfo, MethodParameter
from netviz_desktop.link.messages.layout import LayOut, Placed
from netviz_desktop.link.messages.maps import (
    ActivationOf,
    Channel,
    ChannelOf,
    GradientOf,
    GradientStates,
    GradientStatesOf,
    Maps,
)
from netviz_desktop.link.messages.numbers import Numbers, NumbersOf, TensorPart, TensorPartOf
from netviz_desktop.link.messages.opening import Body, BodyOf, ModelOpened, OpenModel, Preprocessing
from netviz_desktop.link.messages.overlays import Diagnosis, DiagnosisOf, NodeValues, OverlayOf
from netviz_desktop.link.messages.running import Prediction, RunFinished, RunImage, RunTensors
from netviz_desktop.link.messages.statistics import Statistics
from netviz_desktop.link.messages.weights import Weights, WeightsOf, WeightView

__all__ = [
    "KINDS",
    "ActivationOf",
    "AnswerT",
    "Array",
    "Attribution",
    "Body",
    "BodyOf",
    "Cancel",
    "Channel",
    "ChannelOf",
    "Crashed",
    "Diagnosis",
    "DiagnosisOf",
    "Explain",
    "Failed",
    "FormatInfo",
    "GradientOf",
    "GradientStates",
    "GradientStatesOf",
    "Hello",
    "LayOut",
    "Maps",
    "Message",
    "MethodInfo",
    "MethodParameter",
    "ModelOpened",
    "NodeValues",
    "Numbers",
    "NumbersOf",
    "OpenModel",
    "OverlayOf",
    "Placed",
    "Prediction",
    "Preprocessing",
    "Progress",
    "Request",
    "RunFinished",
    "RunImage",
    "RunTensors",
    "Statistics",
    "Stopped",
    "TensorPart",
    "TensorPartOf",
    "WeightView",
    "Weights",
    "WeightsOf",
]


def _concrete(kind: type[Message]) -> dict[str, type[Message]]:
    found = {kind.__name__: kind} if hasattr(kind, "__dataclass_fields__") else {}
    for child in kind.__subclasses__():
        found |= _concrete(child)
    return found


KINDS: dict[str, type[Message]] = _concrete(Message)
"""Every message by the name it travels under."""
