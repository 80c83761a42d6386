"""How lanes are moved: woven, spread over channels, written past the cache, asked for early."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.types.containers import UniTuple
from numba.core.types.misc import CPointer
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from smpengine.lanes import LANES, element, lanes, pattern

_i32 = ir.IntType(32)
_f32 = ir.FloatType()


@intrinsic
def store_pairs(_typing: Any, array: Any, index: Any, even: Any, odd: Any) -> Any:
    """Store even[0], odd[0], even[1], odd[1], ...: twice as many floats as there are lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        pointer = element(context, builder, sig.args[0], args[0], args[1])
        for half in range(2):
            picks = [lane // 2 + half * LANES // 2 + lane % 2 * LANES for lane in range(LANES)]
            mixed = builder.shuffle_vector(args[2], args[3], pattern(picks))
            builder.store(mixed, builder.gep(pointer, [ir.Constant(_i32, half)]), align=4)
        return context.get_dummy_value()

    return signature(types.void, array, index, even, odd), emit


def _weave_part(part: int) -> tuple[int, list[int]]:
    """Return where to read, and what, for the part-th vector of six: see `weave_threes`."""
    floats = range(part * LANES, (part + 1) * LANES)
    places = [(f // 6 * 3 + f % 3, f // 3 % 2) for f in floats]
    base = min(place for place, _ in places)
    return base, [place - base + odd * LANES for place, odd in places]


@intrinsic
def weave_threes(_typing: Any, array: Any, index: Any, line: Any, even: Any, odd: Any) -> Any:
    """Store line[even:even + 3], line[odd:odd + 3], line[even + 3:even + 6], ...: 96 floats.

    Reads 48 floats of each; takes pointers.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        target = element(context, builder, sig.args[0], args[0], args[1])
        source = args[2]
        for part in range(6):
            base, picks = _weave_part(part)
            pair = []
            for start in args[3:5]:
                at = builder.add(start, ir.Constant(start.type, base))
                pointer = builder.bitcast(builder.gep(source, [at]), target.type)
                pair.append(builder.load(pointer, align=4))
            mixed = builder.shuffle_vector(*pair, pattern(picks))
            builder.store(mixed, builder.gep(target, [ir.Constant(_i32, part)]), align=4)
        return context.get_dummy_value()

    return signature(types.void, array, index, line, even, odd), emit


def _spread(part: int) -> Callable[..., Any]:
    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        picks = [(part * LANES + lane) // 3 for lane in range(LANES)]
        return builder.shuffle_vector(args[0], args[0], pattern(picks))

    return intrinsic(lambda _typing, _value: (signature(lanes, lanes), emit))  # type: ignore[no-any-return]


spread_0, spread_1, spread_2 = (_spread(part) for part in range(3))
"""Each lane three times, in three vectors: a sample's value for its three channels."""


def _cycle(part: int) -> Callable[..., Any]:
    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        value = ir.Constant(ir.VectorType(_f32, LANES), ir.Undefined)
        for k in range(3):
            number = context.cast(builder, args[k], sig.args[k], types.float32)
            value = builder.insert_element(value, number, ir.Constant(_i32, k))
        picks = [(part * LANES + lane) % 3 for lane in range(LANES)]
        return builder.shuffle_vector(value, value, pattern(picks))

    return intrinsic(lambda _typing, a, b, c: (signature(lanes, a, b, c), emit))  # type: ignore[no-any-return]


cycle_0, cycle_1, cycle_2 = (_cycle(part) for part in range(3))
"""a, b, c, a, b, ... in three vectors."""


@intrinsic
def load_threes(_typing: Any, array: Any, index: Any) -> Any:
    """Load 48 floats a, b, c, a, b, ... from a pointer, and return all a, all b and all c."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        first = element(context, builder, sig.args[0], args[0], args[1])
        x, y, z = (
            builder.load(builder.gep(first, [ir.Constant(_i32, part)]), align=4)
            for part in range(3)
        )
        planes = []
        for c in range(3):
            # A shuffle mixes two: what lies in the first two vectors, then the third's.
            where = [3 * lane + c for lane in range(LANES)]
            pair = builder.shuffle_vector(x, y, pattern([f % (2 * LANES) for f in where]))
            last = [f - LANES if f >= 2 * LANES else lane for lane, f in enumerate(where)]
            planes.append(builder.shuffle_vector(pair, z, pattern(last)))
        return context.make_tuple(builder, sig.return_type, planes)

    return signature(UniTuple(lanes, 3), array, index), emit


@intrinsic
def store_threes(_typing: Any, array: Any, index: Any, a: Any, b: Any, c: Any) -> Any:
    """Store a[0], b[0], c[0], a[1], ... into a pointer to uint8 or uint16, cut to whole numbers."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        code = ir.IntType(sig.args[0].dtype.bitwidth)
        kind = ir.VectorType(code, LANES)
        x, y, z = (
            builder.trunc(builder.fptosi(value, ir.VectorType(_i32, LANES)), kind)
            for value in args[2:5]
        )
        first = builder.bitcast(builder.gep(args[0], [args[1]]), kind.as_pointer())
        for part in range(3):
            where = [divmod(part * LANES + lane, 3) for lane in range(LANES)]
            pair = pattern([lane + plane % 2 * LANES for lane, plane in where])
            mixed = builder.shuffle_vector(x, y, pair)
            last = [LANES + lane if plane == 2 else at for at, (lane, plane) in enumerate(where)]
            mixed = builder.shuffle_vector(mixed, z, pattern(last))
            builder.store(mixed, builder.gep(first, [ir.Constant(_i32, part)]), align=1)
        return context.get_dummy_value()

    return signature(types.void, array, index, a, b, c), emit


@intrinsic
def any_less(_typing: Any, a: Any, b: Any) -> Any:
    """Say whether a < b in any lane."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        bits = builder.bitcast(builder.fcmp_ordered("<", *args), ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return signature(types.boolean, a, b), emit


@intrinsic
def store_streamed(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Store to an address that is a multiple of 64, past the caches; `fence` must follow."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        pointer = element(context, builder, sig.args[0], args[0], args[1])
        instruction = builder.store(args[2], pointer, align=4 * LANES)
        hint = builder.module.add_metadata([ir.Constant(_i32, 1)])
        instruction.set_metadata("nontemporal", hint)
        return context.get_dummy_value()

    return signature(types.void, array, index, value), emit


@intrinsic
def fence(_typing: Any) -> Any:
    """Make what was streamed visible to other threads."""

    def emit(context: Any, builder: Any, _sig: Any, _args: Sequence[Any]) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return signature(types.void), emit


def _emit_data(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    return context.make_array(sig.args[0])(context, builder, args[0]).data


@intrinsic
def pointer(_typing: Any, array: Any) -> Any:
    """Return where a contiguous array lies; its elements are had by index, none from the end.

    For inner loops: Numba tests every index for being negative, and counts references to arrays
    at calls that are inlined late; either can cost as much as the arithmetic. The array must
    outlive it: see `keep`.
    """
    if array.layout != "C":
        raise TypingError("pointer() takes arrays in C order; corner() takes others")
    return signature(CPointer(array.dtype), array), _emit_data


@intrinsic
def corner(_typing: Any, array: Any) -> Any:
    """Return where an array's first element lies, as `pointer`; its strides are the caller's."""
    return signature(CPointer(array.dtype), array), _emit_data


@intrinsic
def keep(_typing: Any, array: Any) -> Any:
    """Do nothing, but with an array: Numba frees one after its last use, pointers or not.

    To be called after the last use of a pointer to an array that the same function made.
    """

    def emit(context: Any, _builder: Any, _sig: Any, _args: Sequence[Any]) -> Any:
        return context.get_dummy_value()

    return signature(types.void, array), emit


@intrinsic
def advance(_typing: Any, start: Any, count: Any) -> Any:
    """Return a pointer so many elements further on."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        return builder.gep(args[0], [args[1]])

    return signature(start, start, count), emit


@intrinsic
def prefetch(_typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of an element of a pointer that is soon to be read."""

    def emit(context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        address = builder.gep(args[0], [args[1]])
        generic = builder.bitcast(address, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [generic.type, _i32, _i32, _i32])
        name = "llvm.prefetch.p0i8" if "*" in str(generic.type) else "llvm.prefetch.p0"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [generic, *(ir.Constant(_i32, v) for v in (0, 3, 1))])
        return context.get_dummy_value()

    return signature(types.void, array, index), emit


@intrinsic
def floor_f64(_typing: Any, _value: Any) -> Any:
    """Return the whole number at or below a float64, as one; Numba's own calls a function."""

    def emit(_context: Any, builder: Any, _sig: Any, args: Sequence[Any]) -> Any:
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.floor.f64")
        return builder.call(function, args)

    return signature(types.float64, types.float64), emit
