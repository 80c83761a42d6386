/* The complexion over R / R0: maps, relief and gloss. texture/relief.py says what relief is,
   texture/shading.py what light makes of it.

   Points, POINT floats each: place in its cell, b, height, tilt along x and y. Where a sample lies
   comes from the host, which has float64: its cell, among those of the lattice, and place in it. */

typedef struct {
    float deep, along_x, along_y, tilt_x, tilt_y;
} Relief;

INLINE Relief relief(
    __global const float *points, int columns, int2 cell, float2 at, float2 warp) {
    float s1 = 0.0f, s2 = 0.0f, high = 0.0f;
    float2 first = (float2)(0.0f), second = (float2)(0.0f), tilt = (float2)(0.0f);
    #pragma unroll 1 /* for registers: waves of 64 have 48 at half of the occupancy */
    for (int j = -1; j <= 1; ++j) {
        __global const float *point = points + (size_t)((cell.y + j) * columns + cell.x - 1) * POINT;
        for (int i = -1; i <= 1; ++i) {
            float2 d = at - (float2)((float)i + point[0], (float)j + point[1]) + warp;
            float t = fmax(fma(-1.0f / (REACH * REACH), fma(d.x, d.x, d.y * d.y), 1.0f), 0.0f);
            float t2 = t * t, steep = t2 * t2 * point[2], w = steep * t;
            s1 += w;
            s2 = fma(w, w, s2);
            first = fma((float2)(steep), d, first);
            second = fma((float2)(w * steep), d, second);
            high = fma(w, point[3], high);
            tilt = fma((float2)(w), (float2)(point[4], point[5]), tilt);
            point += POINT;
        }
    }
    float inverse = 1.0f / (s1 + TINY), q = s2 * inverse;
    high *= inverse;
    float slope = FURROW * 4.0f * POWER / (REACH * REACH) * inverse * inverse * high;
    Relief found;
    found.deep = FURROW * (1.0f - q * inverse) * high;
    found.along_x = slope * (second.x - q * first.x);
    found.along_y = slope * (second.y - q * first.y);
    found.tilt_x = tilt.x * inverse;
    found.tilt_y = tilt.y * inverse;
    return found;
}

/* `cells` and `places` hold those of the columns, then of the rows; the network's, then the grain's.
   `terms` are those of shading.py: layers, slopes, bands. */
__kernel void lay_skin_over(
    __global const float *maps, __global const float *network, int network_columns,
    __global const float *grain, int grain_columns, __global const int *cells,
    __global const float *places, __global const float *terms, uint width, uint height,
    __global float *relative) {
    uint x = get_global_id(0), y = get_global_id(1);
    if (x >= width || y >= height) return;
    size_t at = (size_t)y * width + x;
    uint across = x, down = 2 * width + y;
    Relief fine = relief(
        grain, grain_columns, (int2)(cells[across + width], cells[down + height]),
        (float2)(places[across + width], places[down + height]), (float2)(0.0f));
    Relief coarse = relief(
        network, network_columns, (int2)(cells[across], cells[down]),
        (float2)(places[across], places[down]), WARP * (float2)(fine.tilt_x, fine.tilt_y));
    __global const float *a = terms, *b = terms + 5, *lamp = terms + 10, *bands = terms + 15;
    float slope_x = a[0] * coarse.along_x + a[2] * coarse.tilt_x;
    float slope_y = a[1] * coarse.along_y + a[2] * coarse.tilt_y;
    slope_x = clamp(slope_x + b[0] * fine.along_x + b[2] * fine.tilt_x, -STEEPEST, STEEPEST);
    slope_y = clamp(slope_y + b[1] * fine.along_y + b[2] * fine.tilt_y, -STEEPEST, STEEPEST);
    float deep = a[4] * coarse.deep + a[3] * coarse.tilt_x + b[4] * fine.deep + b[3] * fine.tilt_x;
    float towards = slope_x * lamp[0] + slope_y * lamp[1];
    float ex = slope_x + lamp[2], ey = slope_y + lamp[3];
    float open = fmax(1.0f - MIRROR_HOLLOW * deep, 0.0f);
    float lobe = exp(-(ex * ex + ey * ey) * lamp[4]) * open;
    float3 shade = fmax(1.0f - towards * vload3(0, bands) - deep * vload3(1, bands), LEAST);
    float3 mirror = lobe * vload3(2, bands) + open * vload3(3, bands);
    float3 skin = vload3(at, relative) * exp(-vload3(at, maps));
    vstore3(skin * shade + mirror, at, relative);
}
