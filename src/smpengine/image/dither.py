"""Noise for dithering: a hash of absolute pixel and channel, sixteen pixels at a time.

    h = row 0x9E3779B1
    h = (h ^ h >> 15) 0x85EBCA77 + column 0xC2B2AE3D + (channel + 1) 0x27D4EB2F

and the finaliser of MurmurHash3, all modulo 2^32; uniform over 0 <= u < 1 in steps of 2^-24.
Absolute rows and columns may be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from smpengine.lanes import LANES, broadcast, lanes

_i32 = ir.IntType(32)
_vector = ir.VectorType(_i32, LANES)


@intrinsic
def noise(_typing: Any, row: Any, col: Any, channel: Any) -> Any:
    """Return the noise of the pixels from a column on."""

    def emit(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        def scalar(k: int) -> Any:
            whole = context.cast(builder, args[k], sig.args[k], types.int64)
            return builder.trunc(whole, _i32)

        def number(value: int, like: Any) -> ir.Constant:
            if like.type == _i32:
                return ir.Constant(_i32, value)
            return ir.Constant(_vector, [ir.Constant(_i32, value)] * LANES)

        def fold(h: Any, shift: int, factor: int) -> Any:
            h = builder.xor(h, builder.lshr(h, number(shift, h)))
            return builder.mul(h, number(factor, h))

        start = fold(builder.mul(scalar(0), ir.Constant(_i32, 0x9E3779B1)), 15, 0x85EBCA77)
        channels = builder.add(scalar(2), ir.Constant(_i32, 1))
        start = builder.add(start, builder.mul(channels, ir.Constant(_i32, 0x27D4EB2F)))
        steps = ir.Constant(_vector, [ir.Constant(_i32, lane) for lane in range(LANES)])
        column = builder.add(broadcast(builder, scalar(1)), steps)
        h = builder.mul(column, number(0xC2B2AE3D, column))
        h = builder.add(h, broadcast(builder, start))
        h = fold(fold(h, 16, 0x85EBCA6B), 13, 0xC2B2AE35)
        h = builder.xor(h, builder.lshr(h, number(16, h)))
        value = builder.sitofp(builder.lshr(h, number(8, h)), ir.VectorType(ir.FloatType(), LANES))
        scale = broadcast(builder, ir.Constant(ir.FloatType(), 2.0**-24))
        return builder.fmul(value, scale)

    return signature(lanes, row, col, channel), emit


def noise_reference(
    row: NDArray[np.int64], col: NDArray[np.int64], channel: int
) -> NDArray[np.float32]:
    """Return the same in NumPy; any shapes that broadcast."""

    def fold(h: NDArray[np.uint64], shift: int, factor: int) -> NDArray[np.uint64]:
        return ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)

    rows, cols = (
        np.asarray(v, np.int64).astype(np.uint64) & np.uint64(0xFFFFFFFF) for v in (row, col)
    )
    h = fold((rows * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF), 15, 0x85EBCA77)
    h = h + cols * np.uint64(0xC2B2AE3D) + np.uint64((channel + 1) * 0x27D4EB2F)
    h = fold(fold(h & np.uint64(0xFFFFFFFF), 16, 0x85EBCA6B), 13, 0xC2B2AE35)
    h ^= h >> np.uint64(16)
    unit: NDArray[np.float32] = ((h >> np.uint64(8)).astype(np.float64) * 2.0**-24).astype(
        np.float32
    )
    return unit
