"""Sixteen float64 as one Numba value, for what float32 cannot hold: absolute coordinates.

As `lanes.py`, whose lanes these become, and whose operators and functions take either. Numba's
vectoriser gives up on floors and conversions over several arrays; these are vectors by
construction, and each lane rounds as the scalar would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from smpengine.lanes import LANES, broadcast, register

_f64 = ir.DoubleType()
_f32 = ir.FloatType()
_i32 = ir.IntType(32)
_vector = ir.VectorType(_f64, LANES)


class Doubles(types.Type):
    """Numba's type of the float64 lanes."""

    def __init__(self) -> None:
        super().__init__(name=f"f64x{LANES}")


doubles = Doubles()


register(doubles, _vector)


@intrinsic
def every(_typing: Any, value: Any) -> Any:
    """Put one number into all lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        return broadcast(builder, context.cast(builder, args[0], sig.args[0], types.float64))

    return signature(doubles, value), emit


def _address(builder: Any, pointer: Any, index: Any, kind: Any) -> Any:
    vector = ir.VectorType(kind, LANES).as_pointer()
    return builder.bitcast(builder.gep(pointer, [index]), vector)


@intrinsic
def load(_typing: Any, pointer: Any, index: Any) -> Any:
    """Load neighbours from a pointer to float64, or to float32."""

    def emit(_context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        if sig.args[0].dtype == types.float64:
            return builder.load(_address(builder, args[0], args[1], _f64), align=8)
        value = builder.load(_address(builder, args[0], args[1], _f32), align=4)
        return builder.fpext(value, _vector)

    return signature(doubles, pointer, index), emit


@intrinsic
def store(_typing: Any, pointer: Any, index: Any, value: Any) -> Any:
    """Store to a pointer, rounded to float32, or cut to int32, as it asks for."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        if sig.args[0].dtype == types.float32:
            narrow = builder.fptrunc(args[2], ir.VectorType(_f32, LANES))
            builder.store(narrow, _address(builder, args[0], args[1], _f32), align=4)
        elif sig.args[0].dtype == types.int32:
            whole = builder.fptosi(args[2], ir.VectorType(_i32, LANES))
            builder.store(whole, _address(builder, args[0], args[1], _i32), align=4)
        else:
            builder.store(args[2], _address(builder, args[0], args[1], _f64), align=8)
        return context.get_dummy_value()

    return signature(types.void, pointer, index, value), emit
