/* Shafts of hair over R / R0 of the skin: placed, and laid over it tile by tile.

   raster/shafts.py says what is summed, raster/splats.py what a shaft is. Records, SHAFT_PITCH floats
   each: row and column of the sample at or before the root (int, absolute), its offset along either,
   then along x and y, middle, half, radius, slope, stretch, opacity, gloss, and light in three bands. */

/* Samples of an axis that lie from `low` to `high` of the root, within those used. */
INLINE Axis reach_axis(long v, float low, float high, int used_first, int used_last) {
    Axis axis = place_axis(v, 0.0f, used_first, used_last);
    int below = (int)floor(fmax(axis.offset + low, -MOST_DISC_REACH));
    int above = (int)ceil(fmin(axis.offset + high, MOST_DISC_REACH));
    axis.first = max(axis.place + below, used_first);
    axis.last = min(axis.place + above, used_last);
    return axis;
}

__kernel void settle_shafts(
    __global const ulong *x_px, __global const ulong *y_px, __global const float *shapes, uint n,
    __global const int *levels, __global float *records, __global int *spans,
    __global uint *counts) {
    uint i = get_global_id(0);
    if (i >= n) return;
    __global const float *shape = shapes + (size_t)i * SHAFT_FLOATS;
    float along_x = shape[0], along_y = shape[1], middle = shape[2], half_px = shape[3];
    float reach = half_px + shape[4] / shape[6] + 0.5f;
    float side = shape[4] + fabs(shape[5]) * half_px + 0.5f;
    float more = 1e-3f + 1e-5f * (fabs(middle) + reach + side); /* holds whatever rounding does */
    float wide = fabs(along_x) * reach + fabs(along_y) * side + more;
    float tall = fabs(along_y) * reach + fabs(along_x) * side + more;
    float at_y = along_y * middle, at_x = along_x * middle;
    Axis rows = reach_axis(
        fixed_from_double(y_px[i], 32) - 0x80000000L, at_y - tall, at_y + tall, levels[0], levels[1]);
    Axis cols = reach_axis(
        fixed_from_double(x_px[i], 32) - 0x80000000L, at_x - wide, at_x + wide, levels[2], levels[3]);
    uint count = shape[7] > 0.0f ? note_tiles(rows, cols, levels, spans + 2 * (size_t)i) : 0;
    if (count > 0) {
        __global float *record = records + (size_t)i * SHAFT_PITCH;
        record[0] = as_float(rows.place);
        record[1] = as_float(cols.place);
        record[2] = rows.offset;
        record[3] = cols.offset;
        for (int k = 0; k < SHAFT_FLOATS; ++k) record[4 + k] = shape[k];
    }
    counts[i] = count;
}

/* How much of a pixel a shaft covers: `along` from the middle of its strip, `across` its axis. */
INLINE float coverage(float along, float across, float half_px, float r, float stretch) {
    float straight = fmax(fmin(across + 0.5f, r) - fmax(across - 0.5f, -r), 0.0f);
    float beyond = fmax(fabs(along) - half_px, 0.0f) * stretch;
    if (!(beyond > 0.0f)) return straight;
    float steep = beyond * stretch, t2 = across * across;
    float rho2 = fmax(fma(beyond, beyond, t2), 1e-30f), rho = sqrt(rho2);
    float box = sqrt(fma(steep, steep, t2) / rho2), by = 0.5f * box;
    float round_end = fmax(fmin(rho + by, r) - fmax(rho - by, -r), 0.0f) / box;
    return fmin(round_end, straight);
}

#define GROUP_ROWS (STRIPS * ROWS)

__kernel __attribute__((reqd_work_group_size(TILE, STRIPS, 1)))
void lay_shafts_over(
    __global const uint *starts, __global const uint *order, __global const float *records,
    __global const float *shadow, int shaded, float4 inv_bare, __global float *relative, int4 used,
    int4 tiles) {
    int lane = (int)get_local_id(0), strip = (int)get_local_id(1);
    int group_row = (int)get_group_id(1) * GROUP_ROWS;
    int tile = tiles.w + group_row / TILE * tiles.z + (int)get_group_id(0);
    int row = tiles.x + group_row + strip * ROWS;
    int col = tiles.y + (int)get_group_id(0) * TILE + lane;
    float through[ROWS], total[ROWS];
    float3 light[ROWS];
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        through[r] = 1.0f;
        total[r] = 0.0f;
        light[r] = (float3)(0.0f);
    }
    uint first = starts[tile], last = starts[tile + 1];
    for (uint q = first; q < last; ++q) {
        __global const float *record = records + (size_t)order[q] * SHAFT_PITCH;
        float along_x = record[4], along_y = record[5], half_px = record[7], radius = record[8];
        float dx = (float)(col - as_int(record[1])) - record[3];
        float dy = (float)(row - as_int(record[0])) - record[2];
        /* A strip of rows that the shaft misses is left out alike by all of its work-items. */
        float reach = half_px + radius / record[10] + 1.0f;
        float side = radius + fabs(record[9]) * half_px + 1.0f;
        float tall = fabs(along_y) * reach + fabs(along_x) * side, mid_y = along_y * record[6];
        if (dy + ROWS < mid_y - tall || dy > mid_y + tall) continue;
        float flatness = 1.0f / (radius * radius);
        #pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            float along = fma(dx, along_x, dy * along_y) - record[6];
            float across = fabs(fma(dx, -along_y, dy * along_x));
            float wide = fma(record[9], clamp(along, -half_px, half_px), radius);
            float cover = record[11] * coverage(along, across, half_px, wide, record[10]);
            float facing = 1.0f - fmin(across * across * flatness, 1.0f);
            float body = cover * fma(SIDES, facing, 1.0f - SIDES);
            float3 mirrored = (float3)(cover * (record[12] * facing));
            through[r] *= 1.0f - cover;
            total[r] += cover;
            light[r] = fma((float3)(body), vload3(0, record + 13), light[r] + mirrored);
            dy += 1.0f;
        }
    }
    int x = col - used.y;
    if (x < 0 || x >= used.w) return;
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        int y = row + r - used.x;
        if (y < 0 || y >= used.z) continue;
        size_t at = (size_t)y * used.w + x;
        float kept = through[r];
        if (shaded) kept *= exp(-shadow[at]);
        float share = (1.0f - through[r]) / fmax(total[r], 1e-20f);
        float3 above = share * light[r] * inv_bare.xyz;
        vstore3(fma((float3)(kept), vload3(at, relative), above), at, relative);
    }
}
