/* What every kernel shares: no sum is reassociated or contracted, and FMA is used where written.

   The host defines every constant; see raster/opencl_source.py. */

#pragma OPENCL FP_CONTRACT OFF

/* A call would keep its caller's registers from it, and structures in memory. */
#ifndef INLINE
#define INLINE __attribute__((always_inline))
#endif

/* A float64, given as its bits, times 2^shift, rounded down; within +-2^62. Takes no float64. */
long fixed_from_double(ulong bits, int shift) {
    int exponent = (int)((bits >> 52) & 0x7FFul);
    ulong size = bits & 0xFFFFFFFFFFFFFul;
    int by = exponent - 1075 + shift;
    if (exponent == 0) return 0; /* less than 1e-307 */
    size |= 0x10000000000000ul;
    bool lost = false;
    if (by > 9) {
        size = 0x4000000000000000ul;
    } else if (by >= 0) {
        size <<= by;
    } else if (by > -64) {
        ulong whole = size >> -by;
        lost = (whole << -by) != size;
        size = whole;
    } else {
        size = 0;
        lost = true;
    }
    return (bits >> 63) ? -(long)size - (lost ? 1 : 0) : (long)size;
}

bool finite_double(ulong bits) { return ((bits >> 52) & 0x7FFul) != 0x7FFul; }

/* Millimetres, Q44, times pixels per mm, Q48, to pixels, Q32: right to 2^-28. */
long pixels_from_mm(long mm, long px_per_mm) { return mul_hi(mm, px_per_mm) << 4; }
