/* Gaussians given in pixels to records. */

/* Half a pixel in samples of a level, Q32. */
long half_pixel(int level) { return level < 32 ? 1L << (31 - level) : 0L; }

__kernel void settle_gaussians(
    __global const ulong *x_px, __global const ulong *y_px, __global const float *sigma_px,
    __global const float *peak, uint n, int channels, uint pitch, __global const float *from,
    __global const int *levels, int level_count, __global float *records, __global int *spans,
    __global uint *counts, __global uint *status) {
    uint i = get_global_id(0);
    if (i >= n) return;
    float sigma = sigma_px[i];
    ulong x = x_px[i], y = y_px[i];
    bool sound = finite_double(x) && finite_double(y) && sigma > 0.0f && sigma < MAX_SIGMA_PX;
    float most = 0.0f;
    for (int c = 0; c < channels; ++c) {
        float value = peak[(size_t)i * channels + c];
        sound = sound && isfinite(value);
        most = fmax(most, fabs(value));
    }
    uint count = 0;
    if (!sound) {
        status[1] = 1u; /* every writer writes the same */
    } else if (most > 0.0f) {
        int level = level_for(sigma, from, level_count);
        __global const int *used = levels + level * LEVEL_INTS;
        Narrowed drawn = narrow(sigma, level);
        long middle = half_pixel(level);
        Axis rows = place_axis(fixed_from_double(y, 32 - level) - middle, drawn.radius, used[0], used[1]);
        Axis cols = place_axis(fixed_from_double(x, 32 - level) - middle, drawn.radius, used[2], used[3]);
        count = note_tiles(rows, cols, used, spans + 2 * (size_t)i);
        if (count > 0) {
            __global float *record = records + (size_t)i * pitch;
            write_head(record, rows, cols, drawn.inv_sigma);
            for (int c = 0; c < channels; ++c)
                record[HEAD + c] = peak[(size_t)i * channels + c] * drawn.factor;
        }
    }
    counts[i] = count;
}
