"""What torch.export writes as JSON: the parts of its schema that are read, versions 3 to 8.

torch calls a union what here is a `Struct` of which one field is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16",
    28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
MEMORY_FORMATS = {
    1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format",
}  # fmt: skip


class Named(Struct):
    name: str


class Expression(Struct):
    expr_str: str


class Size(Struct):
    """A number that may depend on the sizes of the inputs."""

    as_int: int | UnsetType = UNSET
    as_expr: Expression | UnsetType = UNSET


class Number(Struct):
    """A number, or the name of what computes it."""

    as_name: str | UnsetType = UNSET
    as_int: int | UnsetType = UNSET
    as_float: float | str | UnsetType = UNSET
    as_bool: bool | UnsetType = UNSET

    @property
    def value(self) -> Any:
        found = (self.as_int, self.as_float, self.as_bool)
        return next((value for value in found if value is not UNSET), None)


class OptionalTensor(Struct):
    as_tensor: Named | UnsetType = UNSET


class Complex(Struct):
    real: float
    imag: float


class SubgraphArgument(Struct):
    name: str
    graph: Graph


class Argument(Struct, dict=True):  # dict=True: with room for what is worked out once
    """What a call is given or gives: one field is set."""

    as_none: Any = UNSET
    as_tensor: Named | UnsetType = UNSET
    as_tensors: list[Named] | UnsetType = UNSET
    as_optional_tensor: OptionalTensor | UnsetType = UNSET
    as_optional_tensors: list[OptionalTensor] | UnsetType = UNSET
    as_nested_tensors: list[list[Named]] | UnsetType = UNSET
    as_int: int | UnsetType = UNSET
    as_ints: list[int] | UnsetType = UNSET
    as_int_lists: list[list[int]] | UnsetType = UNSET
    as_float: float | str | UnsetType = UNSET
    as_floats: list[float | str] | UnsetType = UNSET
    as_float_lists: list[list[float | str]] | UnsetType = UNSET
    as_string: str | UnsetType = UNSET
    as_strings: list[str] | UnsetType = UNSET
    as_bool: bool | UnsetType = UNSET
    as_bools: list[bool] | UnsetType = UNSET
    as_complex: Complex | UnsetType = UNSET
    as_sym_int: Number | UnsetType = UNSET
    as_sym_ints: list[Number] | UnsetType = UNSET
    as_sym_float: Number | UnsetType = UNSET
    as_sym_floats: list[Number] | UnsetType = UNSET
    as_sym_bool: Number | UnsetType = UNSET
    as_sym_bools: list[Number] | UnsetType = UNSET
    as_scalar_type: int | UnsetType = UNSET
    as_memory_format: int | UnsetType = UNSET
    as_layout: int | UnsetType = UNSET
    as_device: dict[str, Any] | UnsetType = UNSET
    as_graph: SubgraphArgument | UnsetType = UNSET

    @cached_property
    def kind(self) -> str:
        """The field that is set; empty for one that is not read."""
        fields = self.__struct_fields__
        return next((name for name in fields if getattr(self, name) is not UNSET), "")

    @property
    def value(self) -> Any:
        return getattr(self, self.kind) if self.kind else None

    def tensors(self) -> Iterator[str]:
        """Names of the tensors in it, in their order."""
        kind, value = self.kind, self.value
        if kind == "as_tensor":
            yield value.name
        elif kind == "as_tensors":
            yield from (tensor.name for tensor in value)
        elif kind in ("as_optional_tensor", "as_optional_tensors"):
            for slot in value if isinstance(value, list) else [value]:
                if isinstance(slot.as_tensor, Named):
                    yield slot.as_tensor.name
        elif kind == "as_nested_tensors":
            yield from (tensor.name for row in value for tensor in row)

    def numbers(self) -> Iterator[str]:
        """Names of the computed numbers in it."""
        if self.kind.startswith("as_sym_"):
            for number in self.value if isinstance(self.value, list) else [self.value]:
                if isinstance(number.as_name, str):
                    yield number.as_name


class NamedArgument(Struct):
    """Args:
    kind: 1 by its place, 2 by its name; None in older files: as the operator declares it.
    """

    name: str
    arg: Argument
    kind: int | None = None


class TensorMeta(Struct):
    dtype: int
    sizes: list[Size]
    strides: list[Size] = []
    storage_offset: Size | int = 0
    requires_grad: bool = False


class Call(Struct):
    """A node."""

    target: str
    inputs: list[NamedArgument]
    outputs: list[Argument]
    metadata: dict[str, str] = {}
    is_hop_single_tensor_return: bool | None = None


class Graph(Struct):
    inputs: list[Argument]
    outputs: list[Argument]
    nodes: list[Call]
    tensor_values: dict[str, TensorMeta]
    sym_int_values: dict[str, Size] = {}
    is_single_tensor_return: bool = False


class UserInput(Struct):
    arg: Argument


class ParameterInput(Struct):
    arg: Named
    parameter_name: str


class BufferInput(Struct):
    arg: Named
    buffer_name: str
    persistent: bool = True


class ConstantTensorInput(Struct):
    arg: Named
    tensor_constant_name: str


class ConstantInput(Struct):
    name: str
    value: dict[str, Any]


class InputSpec(Struct):
    user_input: UserInput | UnsetType = UNSET
    parameter: ParameterInput | UnsetType = UNSET
    buffer: BufferInput | UnsetType = UNSET
    tensor_constant: ConstantTensorInput | UnsetType = UNSET
    constant_input: ConstantInput | UnsetType = UNSET
    custom_obj: Any = UNSET
    token: Any = UNSET


class UserOutput(Struct):
    arg: Argument


class OutputSpec(Struct):
    user_output: UserOutput | UnsetType = UNSET
    loss_output: Any = UNSET


class Signature(Struct):
    input_specs: list[InputSpec]
    output_specs: list[OutputSpec]


class CallSignature(Struct):
    out_spec: str = ""


class ModuleCall(Struct):
    fqn: str
    signature: CallSignature | None = None


class NamedTuple(Struct):
    field_names: list[str]


class GraphModule(Struct):
    graph: Graph
    signature: Signature
    module_call_graph: list[ModuleCall] = []
    treespec_namedtuple_fields: dict[str, NamedTuple] = {}


class Program(Struct):
    graph_module: GraphModule
    opset_version: dict[str, int] = {}
    torch_version: str = ""


class Payload(Struct):
    """Where the numbers of a weight lie in the archive."""

    path_name: str
    use_pickle: bool = False
    tensor_meta: TensorMeta | None = None


class PayloadConfig(Struct):
    config: dict[str, Payload]


def whole(size: Size | int) -> int:
    """Raises: msgspec.ValidationError: it is none, or depends on the inputs."""
    found = size.as_int if isinstance(size, Size) else size
    if not isinstance(found, int) or found < 0:
        message = "a stored tensor has no size"
        raise msgspec.ValidationError(message)
    return found
