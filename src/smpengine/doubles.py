"""Sixteen float64 as one Numba value, for what float32 cannot hold: absolute coordinates.

As `lanes.py`, whose lanes these become. Numba's vectoriser gives up on floors and conversions over
several arrays; these are vectors by construction, and each lane rounds as the scalar would.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin

from smpengine.lanes import LANES, broadcast

_f64 = ir.DoubleType()
_f32 = ir.FloatType()
_i32 = ir.IntType(32)
_vector = ir.VectorType(_f64, LANES)


class Doubles(types.Type):
    """Numba's type of the float64 lanes."""

    def __init__(self) -> None:
        super().__init__(name=f"f64x{LANES}")


doubles = Doubles()


@register_default(Doubles)
class _DoublesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _vector)


def _binary(op: Any, emit: str) -> None:
    """Give an operator its lanewise meaning."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Sequence[Any], kws: object) -> Any:
            if tuple(args) == (doubles, doubles) and not kws:
                return signature(doubles, doubles, doubles)
            return None

    infer_global(op)(Template)

    @lower_builtin(op, doubles, doubles)
    def lower(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return getattr(builder, emit)(*args)


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")
_binary(operator.truediv, "fdiv")


def _unary(name: str) -> Any:
    """Make a function of doubles from an LLVM intrinsic of the same name."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        kind = ir.FunctionType(_vector, [_vector])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
        return builder.call(function, args)

    return intrinsic(lambda _typing, _value: (signature(doubles, doubles), emit))


floor = _unary("floor")
sqrt = _unary("sqrt")
fabs = _unary("fabs")


@intrinsic
def every(_typing: Any, value: Any) -> Any:
    """Put one number into all lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        return broadcast(builder, context.cast(builder, args[0], sig.args[0], types.float64))

    return signature(doubles, value), emit


@intrinsic
def where_less(_typing: Any, _a: Any, _b: Any, _yes: Any, _no: Any) -> Any:
    """Return yes in the lanes where a < b, otherwise, and for NaN, no."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return signature(doubles, doubles, doubles, doubles, doubles), emit


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
