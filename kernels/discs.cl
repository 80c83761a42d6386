/* What soft discs let through: the product of 1 - min(cap D, MAX_CAP), in the order of their rows,

       D = (1 + exp(-edge)) / (1 + exp(rho^2 / B - edge)),

   tapered where it is down to 1e-5. Laid out as gaussians.cl. */

#define GROUP_ROWS (STRIPS * ROWS)

__kernel __attribute__((reqd_work_group_size(TILE, STRIPS, 1)))
void draw_discs(
    __global const uint *starts, __global const uint *order, __global const float *records,
    uint pitch, __global float *kept, int4 used, int4 tiles) {
    int lane = (int)get_local_id(0), strip = (int)get_local_id(1);
    int group_row = (int)get_group_id(1) * GROUP_ROWS;
    int tile = tiles.w + group_row / TILE * tiles.z + (int)get_group_id(0);
    int row = tiles.x + group_row + strip * ROWS;
    int col = tiles.y + (int)get_group_id(0) * TILE + lane;
    float3 through[ROWS];
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) through[r] = (float3)(1.0f);
    uint first = starts[tile], last = starts[tile + 1];
    for (uint q = first; q < last; ++q) {
        __global const float *record = records + (size_t)order[q] * pitch;
        float inv_spread = record[4], edge = record[5];
        float end = DISC_TAPER_END + fmax(edge, 0.0f), reach = sqrt(end / inv_spread) + 1.0f;
        float dx = (float)(col - as_int(record[1])) - record[3];
        float dy = (float)(row - as_int(record[0])) - record[2];
        if (dy > reach || dy + ROWS < -reach) continue;
        float3 cap = vload3(0, record + DISC_HEAD);
        float centre = 1.0f + exp(-edge);
        #pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            float q2 = fma(dx, dx, dy * dy) * inv_spread;
            float rim = clamp((end - q2) * DISC_TAPER, 0.0f, 1.0f);
            rim = rim * rim * fma(-2.0f, rim, 3.0f);
            float disc = centre * rim / (1.0f + exp(fmin(q2 - edge, 60.0f)));
            through[r] *= 1.0f - fmin(cap * disc, MAX_CAP);
            dy += 1.0f;
        }
    }
    int x = col - used.y;
    if (x < 0 || x >= used.w) return;
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        int y = row + r - used.x;
        if (y >= 0 && y < used.z) vstore3(through[r], (size_t)y * used.w + x, kept);
    }
}
