/* Shapes to records: a deposit's Gaussians, six channels (H, then Q = H reach^2), and its disc.

   As optics/scatter.py. A component whose peak is negligible in every band is left out. */

/* Where an impression lies, in pixels, Q32, from the middle of pixel 0. */
long centre_px(ulong mm, long px_per_mm) {
    return pixels_from_mm(fixed_from_double(mm, 44), px_per_mm) - 0x80000000L;
}

/* An offset in pixels, Q32; beyond any picture it is left. */
INLINE long offset_px(float px) { return (long)(clamp(px, -1e8f, 1e8f) * 0x1p32f); }

__kernel void settle_halos(
    __global const uint *list, uint n, __global const ulong *x_mm, __global const ulong *y_mm,
    long px_per_mm, float px, uint pitch, uint splats, __global const float *from,
    __global const int *levels, int level_count, __global const float *halos,
    __global const float *cores, __global float *records, __global int *spans,
    __global uint *counts) {
    uint i = get_global_id(0) / GAUSSIANS, g = get_global_id(0) % GAUSSIANS;
    if (i >= n) return;
    size_t at = (size_t)i * splats + g;
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

/* The disc of an impression, or its granules: `splats` less GAUSSIANS of each. */
__kernel FIVE_WAVES void settle_cores(
    __global const uint *list, uint n, __global const ulong *x_mm, __global const ulong *y_mm,
    long px_per_mm, float px, uint pitch, uint splats, __global const float *from,
    __global const int *levels, int level_count, __global const float *halos,
    __global const float *cores, __global float *records, __global int *spans,
    __global uint *counts, __global const float *granularity_of) {
    uint discs = splats - GAUSSIANS;
    uint i = get_global_id(0) / discs, g = get_global_id(0) % discs;
    if (i >= n) return;
    size_t at = (size_t)i * splats + GAUSSIANS + g;
    __global const float *core = cores + (size_t)i * CORE_FLOATS;
    uint row = list[i];
    float granularity = granularity_of[row], whole = core[0], rim_sigma = core[1];
    float4 part = (float4)(0.0f, 0.0f, 1.0f, g == 0 ? 1.0f : 0.0f);
    if (granularity > 0.0f) {
        uint word = place_word(x_mm[row], y_mm[row]);
        part = granule(word, (int)g, granularity);
        part.w *= concentration(word, granularity) * disc_centre(rim_sigma, whole * part.z) /
                  disc_centre(rim_sigma, whole);
    }
    float r = whole * part.z;
    float3 most = vload3(4, core);
    if (granularity > 0.0f)
        most = (float3)(loosened(most.x, granularity), loosened(most.y, granularity),
                        loosened(most.z, granularity));
    float3 taken = part.w * vload3(1, core);
    float3 cap = (float3)(soft_min(taken.x, most.x), soft_min(taken.y, most.y), soft_min(taken.z, most.z));
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
        float2 off = part.xy * (whole * px);
        __global const int *used = levels + level_count * LEVEL_INTS;
        Axis rows = place_axis(
            centre_px(y_mm[row], px_per_mm) + offset_px(off.y), radius, used[0], used[1]);
        Axis cols = place_axis(
            centre_px(x_mm[row], px_per_mm) + offset_px(off.x), radius, used[2], used[3]);
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
