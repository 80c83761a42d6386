/* Shapes to records: a deposit's Gaussians, six channels (H, then Q = H reach^2), and its disc.

   As optics/scatter.py. A component whose peak is negligible in every band is left out. */

#define SPLATS (GAUSSIANS + 1)

/* Where an impression lies, in pixels, Q32, from the middle of pixel 0. */
long centre_px(ulong mm, long px_per_mm) {
    return pixels_from_mm(fixed_from_double(mm, 44), px_per_mm) - 0x80000000L;
}

__kernel void settle_halos(
    __global const uint *list, uint n, __global const ulong *x_mm, __global const ulong *y_mm,
    long px_per_mm, float px, uint pitch, __global const float *from, __global const int *levels,
    int level_count, __global const float *halos, __global const float *cores,
    __global float *records, __global int *spans, __global uint *counts) {
    uint i = get_global_id(0) / GAUSSIANS, g = get_global_id(0) % GAUSSIANS;
    if (i >= n) return;
    size_t at = (size_t)i * SPLATS + g;
    float4 shape = vload4((size_t)i * GAUSSIANS + g, halos);
    float sigma = fmax(sqrt(shape.x) * px, MIN_SIGMA_PX);
    float3 peak = shape.yzw * (px * px / (2.0f * PI * sigma * sigma));
    uint count = 0;
    if (any(fabs(peak) >= NEGLIGIBLE)) {
        int level = level_for(sigma, from, level_count);
        __global const int *used = levels + level * LEVEL_INTS;
        Narrowed drawn = narrow(sigma, level);
        uint row = list[i];
        Axis rows = place_axis(centre_px(y_mm[row], px_per_mm) >> level, drawn.radius, used[0], used[1]);
        Axis cols = place_axis(centre_px(x_mm[row], px_per_mm) >> level, drawn.radius, used[2], used[3]);
        count = note_tiles(rows, cols, used, spans + 2 * at);
        if (count > 0) {
            __global float *record = records + at * pitch;
            write_head(record, rows, cols, drawn.inv_sigma);
            float3 reach = vload3(2, cores + (size_t)i * CORE_FLOATS);
            peak *= drawn.factor;
            vstore3(peak, 0, record + HEAD);
            vstore3(peak * reach * reach, 1, record + HEAD);
        }
    }
    counts[at] = count;
}

__kernel void settle_cores(
    __global const uint *list, uint n, __global const ulong *x_mm, __global const ulong *y_mm,
    long px_per_mm, float px, uint pitch, __global const float *from, __global const int *levels,
    int level_count, __global const float *halos, __global const float *cores,
    __global float *records, __global int *spans, __global uint *counts) {
    uint i = get_global_id(0);
    if (i >= n) return;
    size_t at = (size_t)i * SPLATS + GAUSSIANS;
    __global const float *core = cores + (size_t)i * CORE_FLOATS;
    float r = core[0], rim_sigma = core[1];
    float3 cap = vload3(1, core);
    float2 shape = disc_shape(rim_sigma, r);
    if (rim_sigma * px < MIN_SIGMA_PX) { /* pixels see a wider rim, and the same light taken */
        float2 wide = disc_shape(MIN_SIGMA_PX / px, r);
        cap *= disc_area(shape) / disc_area(wide);
        shape = wide;
    }
    cap = fmin(cap, MAX_CAP);
    uint count = 0;
    if (any(cap >= NEGLIGIBLE)) {
        float inv_spread = 1.0f / (shape.x * px * px), edge = shape.y + K_RIM * (core[9] + core[10] + core[11]) / BANDS;
        float radius = sqrt((fmax(edge, 0.0f) + DISC_TAPER_END) / inv_spread);
        radius += 1e-3f + 1e-5f * radius;
        uint row = list[i];
        __global const int *used = levels + level_count * LEVEL_INTS;
        Axis rows = place_axis(centre_px(y_mm[row], px_per_mm), radius, used[0], used[1]);
        Axis cols = place_axis(centre_px(x_mm[row], px_per_mm), radius, used[2], used[3]);
        count = note_tiles(rows, cols, used, spans + 2 * at);
        if (count > 0) {
            __global float *record = records + at * pitch;
            record[0] = as_float(rows.place);
            record[1] = as_float(cols.place);
            record[2] = rows.offset;
            record[3] = cols.offset;
            record[4] = inv_spread;
            record[5] = edge;
            vstore3(cap, 0, record + DISC_HEAD);
        }
    }
    counts[at] = count;
}
