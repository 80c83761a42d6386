/* One level of Gaussians: the coarser levels interpolated, and the level's own splats added in the
   order of their rows.

   A work-group draws STRIPS x ROWS rows of a tile; a work-item ROWS samples below each other, in
   registers. Profiles of BATCH splats at a time are worked out in local memory: a splat is an outer
   product. A strip that a splat does not reach is left out, the same for all of its work-items. */

#define GROUP_ROWS (STRIPS * ROWS)

/* A splat seen from a work-group: the first sample relative to the centre's, the offset over sigma,
   negative, along rows and columns. */
typedef struct {
    float row, col, shift_row, shift_col, inv_sigma;
    Sharpening terms;
} Splat;

Splat read_splat(__global const float *record, int top, int left, float fourth, float sixth) {
    Splat here;
    float step = -OFFSET_STEP * record[4];
    here.row = (float)(top - as_int(record[0]));
    here.col = (float)(left - as_int(record[1]));
    here.shift_row = (float)(as_int(record[2]) >> (2 * EXTENT_BITS)) * step;
    here.shift_col = (float)(as_int(record[3]) >> (2 * EXTENT_BITS)) * step;
    here.inv_sigma = record[4];
    here.terms = sharpening(fourth, sixth, record[4]);
    return here;
}

int2 rows_reached(__global const float *record) {
    int row = as_int(record[0]), packed = as_int(record[2]), mask = (1 << EXTENT_BITS) - 1;
    return (int2)(row - ((packed >> EXTENT_BITS) & mask), row + (packed & mask));
}

/* Add a batch to a work-item's sums; in variables of its own, which no barrier forces into memory. */
INLINE void add_batch(
    __local float across[BATCH][TILE], __local float down[BATCH][GROUP_ROWS],
    __local float value[BATCH][CHANNELS], __local int2 *reached, int count, int lane, int strip,
    int row, float sum[ROWS][CHANNELS]) {
    float here[ROWS][CHANNELS];
    #pragma unroll
    for (int r = 0; r < ROWS; ++r)
        #pragma unroll
        for (int c = 0; c < CHANNELS; ++c) here[r][c] = sum[r][c];
    for (int s = 0; s < count; ++s) {
        if (reached[s].y < row || reached[s].x > row + ROWS - 1) continue;
        float level = across[s][lane];
        float part[CHANNELS];
        #pragma unroll
        for (int c = 0; c < CHANNELS; ++c) part[c] = level * value[s][c];
        #pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            float factor = down[s][strip * ROWS + r];
            #pragma unroll
            for (int c = 0; c < CHANNELS; ++c) here[r][c] = fma(part[c], factor, here[r][c]);
        }
    }
    #pragma unroll
    for (int r = 0; r < ROWS; ++r)
        #pragma unroll
        for (int c = 0; c < CHANNELS; ++c) sum[r][c] = here[r][c];
}

__kernel __attribute__((reqd_work_group_size(TILE, STRIPS, 1)))
void draw_gaussians(
    __global const uint *starts, __global const uint *order, __global const float *records,
    uint pitch, __global const float *coarse, int4 coarse_used, __global float *field, int4 used,
    int4 tiles /* first row and column, absolute; tiles in a row; number of the first */,
    int channels, int channel0, float fourth, float sixth) {
    __local float across[BATCH][TILE];
    __local float down[BATCH][GROUP_ROWS];
    __local float value[BATCH][CHANNELS];
    __local int2 reached[BATCH];
    __local Splat splat[BATCH];
    int lane = (int)get_local_id(0), strip = (int)get_local_id(1);
    int group_row = (int)get_group_id(1) * GROUP_ROWS;
    int tile = tiles.w + group_row / TILE * tiles.z + (int)get_group_id(0);
    int top = tiles.x + group_row, left = tiles.y + (int)get_group_id(0) * TILE;
    int row = top + strip * ROWS, col = left + lane;
    if (top >= used.x + used.z || top + GROUP_ROWS <= used.x) return; /* the whole group */
    float sum[ROWS][CHANNELS];
    #pragma unroll
    for (int r = 0; r < ROWS; ++r)
        #pragma unroll
        for (int c = 0; c < CHANNELS; ++c) sum[r][c] = 0.0f;
    if (coarse_used.z > 0) upsample(coarse, coarse_used, channels, channel0, row, col, sum);
    uint first = starts[tile], last = starts[tile + 1];
    for (uint q = first; q < last; q += BATCH) {
        int count = (int)min((uint)BATCH, last - q), own = strip * TILE + lane;
        if (own < count) { /* a batch is no more than a work-group */
            __global const float *record = records + (size_t)order[q + own] * pitch;
            splat[own] = read_splat(record, top, left, fourth, sixth);
            reached[own] = rows_reached(record);
            #pragma unroll
            for (int c = 0; c < CHANNELS; ++c) value[own][c] = record[HEAD + channel0 + c];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int s = strip; s < count; s += STRIPS) {
            Splat here = splat[s];
            across[s][lane] = profile(here.col + (float)lane, here.inv_sigma, here.shift_col, fourth, here.terms);
            if (lane < GROUP_ROWS)
                down[s][lane] = profile(here.row + (float)lane, here.inv_sigma, here.shift_row, fourth, here.terms);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        add_batch(across, down, value, reached, count, lane, strip, row, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    int x = col - used.y;
    if (x < 0 || x >= used.w) return;
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        int y = row + r - used.x;
        if (y >= 0 && y < used.z) {
            uint to = (uint)(y * used.w + x) * channels + channel0;
            #pragma unroll
            for (int c = 0; c < CHANNELS; ++c) field[to + c] = sum[r][c];
        }
    }
}
