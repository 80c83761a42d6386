/* Planes to pixels: crowding; subpixels halved, in pairs, in one order; and the picture.

   OUTPUT is 8 (sRGB, dithered), 16 (sRGB, rounded), 1 (linear reflectance) or 0 (absorbance). */

#if OUTPUT == 8
typedef uchar Pixel;
#elif OUTPUT == 16
typedef ushort Pixel;
#else
typedef float Pixel;
#endif

void write_pixel(
    float3 relative, float4 red, float4 green, float4 blue, int row, int col, size_t at,
    __global Pixel *out) {
#if OUTPUT == 8
    float3 more = (float3)(noise(row, col, 0), noise(row, col, 1), noise(row, col, 2));
    float3 value = fmin(code(relative, red, green, blue) * 255.0f + more, 255.0f);
    vstore3(convert_uchar3(value), at, out);
#elif OUTPUT == 16
    float3 value = fmin(code(relative, red, green, blue) * 65535.0f + 0.5f, 65535.0f);
    vstore3(convert_ushort3(value), at, out);
#elif OUTPUT == 1
    vstore3(relative * (float3)(red.x, green.x, blue.x), at, out);
#else
    vstore3(-log(fmax(relative, FLT_MIN)), at, out);
#endif
}

/* R / R0 of every sample, over what the cores keep. */
__kernel void crowd(__global const float *halos, __global float *kept, uint samples) {
    uint i = get_global_id(0);
    if (i >= samples) return;
    float3 halo = vload3(2 * (size_t)i, halos), reached = vload3(2 * (size_t)i + 1, halos);
    vstore3(relative_reflectance(halo, reached, vload3(i, kept)), i, kept);
}

/* Means of 2 x 2, into a picture at (row0, col0) with rows of `pitch` pixels. */
__kernel void halve(
    __global const float *from, uint width, uint height, __global float *to, uint row0, uint col0,
    uint pitch) {
    uint x = get_global_id(0), y = get_global_id(1);
    if (x >= width || y >= height) return;
    size_t at = (size_t)y * 4 * width + 2 * x;
    float3 upper = vload3(at, from) + vload3(at + 1, from);
    float3 lower = vload3(at + 2 * width, from) + vload3(at + 2 * width + 1, from);
    vstore3((upper + lower) * 0.25f, (size_t)(row0 + y) * pitch + col0 + x, to);
}

/* Pixels from R / R0; (row0, col0) is the first one, absolute. */
__kernel void finish(
    __global const float *relative, uint width, uint height, int row0, int col0, float4 red,
    float4 green, float4 blue, __global Pixel *out) {
    uint x = get_global_id(0), y = get_global_id(1);
    if (x >= width || y >= height) return;
    size_t at = (size_t)y * width + x;
    write_pixel(vload3(at, relative), red, green, blue, row0 + (int)y, col0 + (int)x, at, out);
}

/* Pixels straight from the planes, where a pixel is one sample. */
__kernel void compose(
    __global const float *halos, __global const float *kept, uint width, uint height, int row0,
    int col0, float4 red, float4 green, float4 blue, __global Pixel *out) {
    uint x = get_global_id(0), y = get_global_id(1);
    if (x >= width || y >= height) return;
    size_t at = (size_t)y * width + x;
    float3 halo = vload3(2 * at, halos), reached = vload3(2 * at + 1, halos);
    float3 relative = relative_reflectance(halo, reached, vload3(at, kept));
    write_pixel(relative, red, green, blue, row0 + (int)y, col0 + (int)x, at, out);
}
