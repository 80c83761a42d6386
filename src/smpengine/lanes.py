"""Sixteen float32 lanes as one Numba value, so that hot loops are SIMD by construction.

Numba's own vectoriser gives up on the clamps and conversions of a polynomial ``exp``, and emits
scalar code without saying so. A value of type ``lanes`` is an LLVM vector: the same source becomes
AVX-512 code, or pairs of AVX2 or fours of NEON registers, and each lane rounds as the scalar would,
so the bits do not depend on the instruction set. Only explicit FMA is used; LLVM is not allowed to
contract or reassociate.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.types.misc import CPointer
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin

LANES = 16

_f32 = ir.FloatType()
_i32 = ir.IntType(32)
_vector = ir.VectorType(_f32, LANES)
_vector_i32 = ir.VectorType(_i32, LANES)


def register(kind: types.Type, vector: ir.VectorType) -> None:
    """Make values of a Numba type LLVM vectors, with + - * / lane by lane."""

    class Model(models.PrimitiveModel):  # type: ignore[misc]
        def __init__(self, dmm: Any, fe_type: Any) -> None:
            super().__init__(dmm, fe_type, vector)

    register_default(type(kind))(Model)
    for op, emit in (
        (operator.add, "fadd"),
        (operator.sub, "fsub"),
        (operator.mul, "fmul"),
        (operator.truediv, "fdiv"),
    ):
        _binary(kind, op, emit)


def _binary(kind: types.Type, op: Callable[..., Any], emit: str) -> None:
    """Give an operator its lanewise meaning."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Sequence[Any], kws: object) -> Any:
            if tuple(args) == (kind, kind) and not kws:
                return signature(kind, kind, kind)
            return None

    infer_global(op)(Template)

    @lower_builtin(op, kind, kind)
    def lower(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return getattr(builder, emit)(*args)


class Lanes(types.Type):
    """Numba's type of the lanes."""

    def __init__(self) -> None:
        super().__init__(name=f"f32x{LANES}")


lanes = Lanes()
register(lanes, _vector)


def pattern(picks: Sequence[int]) -> ir.Constant:
    """Return which lanes a shuffle takes."""
    return ir.Constant(_vector_i32, list(picks))


def _call(builder: Any, name: str, *args: Any) -> Any:
    """Call an LLVM intrinsic on lanes, of float32 or float64."""
    vector = args[0].type
    kind = ir.FunctionType(vector, [vector] * len(args))
    suffix = f"v{LANES}f{32 if vector == _vector else 64}"
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{suffix}")
    return builder.call(function, args)


def element(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Address of the vector that starts at an index of a float32 pointer or contiguous array."""
    data = array
    if not isinstance(kind, CPointer):
        data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _vector.as_pointer())


def _lanewise(name: str) -> Callable[..., Any]:
    """Make a function of lanes of either kind from an LLVM intrinsic of the same name."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return _call(builder, name, *args)

    return intrinsic(lambda _typing, a: (signature(a, a), emit))  # type: ignore[no-any-return]


floor, sqrt, fabs = (_lanewise(name) for name in ("floor", "sqrt", "fabs"))


@intrinsic
def fma(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """Return a * b + c, rounded once."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return _call(builder, "fma", *args)

    return signature(lanes, lanes, lanes, lanes), emit


@intrinsic
def fnma(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """Return c - a * b, rounded once."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return _call(builder, "fma", builder.fneg(args[0]), args[1], args[2])

    return signature(lanes, lanes, lanes, lanes), emit


@intrinsic
def vmin(_typing: Any, _a: Any, _b: Any) -> Any:
    """Return the lesser of each lane; b where either is NaN."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[0], args[1])

    return signature(lanes, lanes, lanes), emit


@intrinsic
def vmax(_typing: Any, _a: Any, _b: Any) -> Any:
    """Return the greater of each lane; b where either is NaN."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[0], args[1])

    return signature(lanes, lanes, lanes), emit


@intrinsic
def load(_typing: Any, array: Any, index: Any) -> Any:
    """Load neighbours from a flat float32 array, or a pointer. No bounds are checked."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        return builder.load(element(context, builder, sig.args[0], args[0], args[1]), align=4)

    return signature(lanes, array, index), emit


@intrinsic
def store(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Store neighbours into a flat float32 array, or a pointer. No bounds are checked."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        pointer = element(context, builder, sig.args[0], args[0], args[1])
        builder.store(args[2], pointer, align=4)
        return context.get_dummy_value()

    return signature(types.void, array, index, value), emit


@intrinsic
def splat(_typing: Any, value: Any) -> Any:
    """Put one number into all lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        number = context.cast(builder, args[0], sig.args[0], types.float32)
        return broadcast(builder, number)

    return signature(lanes, value), emit


def broadcast(builder: Any, number: Any) -> Any:
    """Put one LLVM value into all lanes."""
    empty = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(_i32, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(_vector_i32, [0] * LANES))


@intrinsic
def ramp(_typing: Any, start: Any) -> Any:
    """Return start, start + 1, ... in the lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        number = context.cast(builder, args[0], sig.args[0], types.float32)
        steps = ir.Constant(_vector, [ir.Constant(_f32, float(lane)) for lane in range(LANES)])
        return builder.fadd(broadcast(builder, number), steps)

    return signature(lanes, start), emit


@intrinsic
def _scale_by_power_of_two(_typing: Any, _value: Any, _exponent: Any) -> Any:
    """Return value * 2**exponent for whole exponents from -126 to 127."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        whole = builder.fptosi(args[1], _vector_i32)
        bias = ir.Constant(_vector_i32, [ir.Constant(_i32, 127)] * LANES)
        shift = ir.Constant(_vector_i32, [ir.Constant(_i32, 23)] * LANES)
        bits = builder.shl(builder.add(whole, bias), shift)
        return builder.fmul(args[0], builder.bitcast(bits, _vector))

    return signature(lanes, lanes, lanes), emit


def _bits(mask: int) -> ir.Constant:
    return ir.Constant(_vector_i32, [ir.Constant(_i32, mask)] * LANES)


@intrinsic
def _exponent(_typing: Any, _value: Any) -> Any:
    """Return e of value = m * 2**e, m from 0.5 to 1, for normal positive values."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        bits = builder.bitcast(args[0], _vector_i32)
        return builder.sitofp(builder.sub(builder.lshr(bits, _bits(23)), _bits(126)), _vector)

    return signature(lanes, lanes), emit


@intrinsic
def _mantissa(_typing: Any, _value: Any) -> Any:
    """Return m of value = m * 2**e, m from 0.5 to 1, for normal positive values."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        bits = builder.and_(builder.bitcast(args[0], _vector_i32), _bits(0x007FFFFF))
        return builder.bitcast(builder.or_(bits, _bits(0x3F000000)), _vector)

    return signature(lanes, lanes), emit


@intrinsic
def where_less(_typing: Any, a: Any, _b: Any, _yes: Any, _no: Any) -> Any:
    """Return yes in the lanes where a < b, otherwise, and for NaN, no; lanes of either kind."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return signature(a, a, a, a, a), emit


@njit(nogil=True)
def exp(x: Any) -> Any:
    """Exponential of each lane, x clamped to -87..88; relative error under 2e-7.

    Range reduction by ln 2 in two parts and the minimax polynomial of the Cephes library (expf).
    """
    x = vmin(vmax(x, splat(-87.0)), splat(88.0))
    n = floor(fma(x, splat(1.44269504088896341), splat(0.5)))
    r = fma(n, splat(-0.693359375), x)
    r = fma(n, splat(2.12194440e-4), r)
    p = splat(1.9875691500e-4)
    p = fma(p, r, splat(1.3981999507e-3))
    p = fma(p, r, splat(8.3334519073e-3))
    p = fma(p, r, splat(4.1665795894e-2))
    p = fma(p, r, splat(1.6666665459e-1))
    p = fma(p, r, splat(5.0000001201e-1))
    p = fma(p, r * r, r) + splat(1.0)
    return _scale_by_power_of_two(p, n)


@njit(nogil=True)
def log(x: Any) -> Any:
    """Natural logarithm of each lane, x normal and positive; error under 2e-7 (Cephes, logf)."""
    e = _exponent(x)
    m = _mantissa(x)
    low = splat(0.707106781186547524)
    one = splat(1.0)
    e = where_less(m, low, e - one, e)
    m = where_less(m, low, m + m, m) - one
    z = m * m
    p = splat(7.0376836292e-2)
    p = fma(p, m, splat(-1.1514610310e-1))
    p = fma(p, m, splat(1.1676998740e-1))
    p = fma(p, m, splat(-1.2420140846e-1))
    p = fma(p, m, splat(1.4249322787e-1))
    p = fma(p, m, splat(-1.6668057665e-1))
    p = fma(p, m, splat(2.0000714765e-1))
    p = fma(p, m, splat(-2.4999993993e-1))
    p = fma(p, m, splat(3.3333331174e-1))
    p = p * m * z
    p = fma(e, splat(-2.12194440e-4), p)
    p = fma(z, splat(-0.5), p)
    return fma(e, splat(0.693359375), m + p)
