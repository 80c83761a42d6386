/* Where a splat is drawn: level, sample and offset there, extents, and the tiles that it reaches.

   Records, `PITCH` floats a splat. A Gaussian: row and column of the sample at or before its centre
   (int, absolute), along rows and along columns its offset and extents packed into one int, 1 / sigma,
   values. A disc: row, column, offset along rows and columns (float), 1 / B, edge, three caps.

   Levels, `LEVEL_INTS` ints each: the first and last row and column that are used (absolute), row and
   column of tiles where its tiles begin, number of its first tile, tiles in a row. Discs have the
   last entry. Positions are fixed-point: exact, absolute, and the same in every window. */

#define LEVEL_INTS 8

typedef struct {
    int place, packed, first, last; /* sample, packed offset and extents; tiles reached */
    float offset;
} Axis;

/* `v` is the centre in samples, Q32. */
INLINE Axis place_axis(long v, float radius, int used_first, int used_last) {
    Axis axis;
    uint part = (uint)v;
    axis.place = (int)(v >> 32);
    axis.offset = (float)(part >> 8) * 0x1p-24f;
    int before = (int)ceil(fmin(fmax(radius - axis.offset, 0.0f), MOST_DISC_REACH));
    int behind = (int)floor(fmin(axis.offset + radius, MOST_DISC_REACH)) + 1;
    axis.first = max(axis.place - before, used_first);
    axis.last = min(axis.place + behind, used_last);
    before = min(before, MOST_REACH);
    behind = min(behind, MOST_REACH);
    axis.packed = ((int)(part >> (32 - OFFSET_BITS)) << (2 * EXTENT_BITS)) |
                  (before << EXTENT_BITS) | behind;
    return axis;
}

/* Note the tiles that a splat reaches; returns how many. */
INLINE uint note_tiles(Axis rows, Axis cols, __global const int *level, __global int *span) {
    if (rows.last < rows.first || cols.last < cols.first) return 0;
    int top = (rows.first >> TILE_BITS) - level[4], bottom = (rows.last >> TILE_BITS) - level[4];
    int left = (cols.first >> TILE_BITS) - level[5], right = (cols.last >> TILE_BITS) - level[5];
    span[0] = level[6] + top * level[7] + left;
    span[1] = ((bottom - top) << 16) | (right - left);
    return (uint)(bottom - top + 1) * (uint)(right - left + 1);
}

/* The highest level that a sigma reaches. */
int level_for(float sigma, __global const float *from, int levels) {
    int level = 0;
    for (int k = 1; k < levels; ++k)
        if (sigma >= from[k]) level = k;
    return level;
}

typedef struct {
    float inv_sigma, radius, factor;
} Narrowed;

/* What a Gaussian is drawn with on its level: narrower by what upsampling adds. */
INLINE Narrowed narrow(float sigma, int level) {
    float scale = exp2(-(float)level), seen = sigma * scale;
    float variance = seen * seen;
    float drawn = variance - MASK_VARIANCE_PX2 * (1.0f - scale * scale);
    Narrowed n;
    if (level == 0) { /* as it is: its square may not be a float32 */
        n.inv_sigma = fmin(1.0f / sigma, MOST_INV_SIGMA);
        n.radius = REACH * sigma;
        n.factor = 1.0f;
    } else {
        float width = sqrt(drawn);
        n.inv_sigma = 1.0f / width;
        n.radius = REACH * width;
        n.factor = variance / drawn;
    }
    n.radius += 1e-3f + 1e-5f * n.radius; /* holds whatever rounding does to it */
    return n;
}

INLINE void write_head(__global float *record, Axis rows, Axis cols, float inv_sigma) {
    record[0] = as_float(rows.place);
    record[1] = as_float(cols.place);
    record[2] = as_float(rows.packed);
    record[3] = as_float(cols.packed);
    record[4] = inv_sigma;
}
