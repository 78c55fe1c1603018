"""One subgraph of a .tflite file, read through the flatbuffer schema: what each tensor and operator is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from bench.quantize.precision import describe_tensor
from bench.quantize.tensors import Role, TensorFacts
from bench.wire.tensor import TensorSpec


class TfliteGraph:
    """One subgraph with what each tensor is."""

    def __init__(self, model: Any, graph: Any) -> None:
        self.model, self.graph = model, graph
        self.tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        self.makers = {int(out): op for op in self.operators() for out in indices_of(op.OutputsAsNumpy())}

    def operators(self) -> Iterator[Any]:
        return (self.graph.Operators(i) for i in range(self.graph.OperatorsLength()))

    def op_name(self, operator: Any) -> str:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        # Codes above 127 came later: old files fill the first field only, new ones both.
        name = op_names()[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return str(code.CustomCode().decode()) if name == "CUSTOM" else name

    def dtype(self, index: int) -> str:
        return type_names()[self.tensors[index].Type()]

    def num_bytes(self, index: int) -> int:
        buffer = self.model.Buffers(self.tensors[index].Buffer())
        # Data may also lie behind the flatbuffer; the schema keeps offsets 0 and 1 for "not there".
        outside = buffer.Size() if buffer.Offset() > 1 else 0
        return int(buffer.DataLength() or outside)

    def source(self, index: int) -> int:
        """Follow a kernel back through DEQUANTIZE to the constant that holds it."""
        maker = self.makers.get(index)
        is_unpacked = maker is not None and self.op_name(maker) in ("DEQUANTIZE", "DENSIFY")
        return self.source(int(maker.Inputs(0))) if maker is not None and is_unpacked else index

    def num_values(self, index: int) -> int:
        count = 1
        for size in indices_of(self.tensors[index].ShapeAsNumpy()):
            count *= size
        return count

    def num_scales(self, index: int) -> int:
        quantization = self.tensors[index].Quantization()
        return int(quantization.ScaleLength()) if quantization is not None else 0

    def scale(self, index: int) -> tuple[float, int]:
        """Return scale and zero point of a tensor that has one of each; (0, 0) otherwise."""
        if self.num_scales(index) != 1:
            return 0.0, 0
        found = self.tensors[index].Quantization()
        return float(found.Scale(0)), int(found.ZeroPoint(0)) if found.ZeroPointLength() else 0

    def name(self, index: int) -> str:
        return str(self.tensors[index].Name().decode(errors="replace"))

    def shape(self, index: int) -> tuple[int, ...]:
        """Return the shape with -1 for dimensions that the signature leaves open."""
        tensor = self.tensors[index]
        signature = [] if isinstance(found := tensor.ShapeSignatureAsNumpy(), int) else found.tolist()
        return tuple(signature or _sizes(tensor))

    def describe(self, index: int) -> str:
        """Return the tensor's line in `FileFacts`."""
        quantized = self.scale(index) if self.num_scales(index) == 1 else None
        return describe_tensor(self.name(index), self.dtype(index), _sizes(self.tensors[index]), quantized)

    def spec(self, index: int) -> TensorSpec:
        """Return the tensor as a runtime declares it."""
        return TensorSpec(self.name(index), self.shape(index), self.dtype(index), *self.scale(index))

    def facts(self) -> Iterator[TensorFacts]:
        """Yield what is known of every tensor, in the file's order."""
        inputs, outputs = (
            set(indices_of(array)) for array in (self.graph.InputsAsNumpy(), self.graph.OutputsAsNumpy())
        )
        for index in range(len(self.tensors)):
            role: Role = "input" if index in inputs else "output" if index in outputs else "activation"
            yield TensorFacts(
                self.name(index),
                "weight" if self.num_bytes(index) else role,
                self.dtype(index),
                self.shape(index),
                self.num_bytes(index),
                self.num_scales(index),
                *self.scale(index),
            )


def _sizes(tensor: Any) -> list[int]:
    """Return the shape as it is stored; flatbuffers give the number 0 for an absent vector."""
    found = tensor.ShapeAsNumpy()
    return [] if isinstance(found, int) else [int(size) for size in found]


def indices_of(array: Any) -> list[int]:
    """Return a flatbuffer vector as a list; the generated code gives the number 0 for an absent one."""
    return [] if isinstance(array, int) else [int(value) for value in array if value >= 0]


@cache
def type_names() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}


@cache
def op_names() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
