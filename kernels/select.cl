/* Which impressions can change a window, in the order of their rows: flags, (scan,) list. */

bool is_near(ulong x_mm, ulong y_mm, long4 box) {
    long x = fixed_from_double(x_mm, 40), y = fixed_from_double(y_mm, 40);
    return x > box.x && x < box.z && y > box.y && y < box.w;
}

__kernel void flag_near(
    __global const ulong *x_mm, __global const ulong *y_mm, uint n, long4 box /* x0 y0 x1 y1, Q40 */,
    __global uint *flags) {
    uint i = get_global_id(0);
    if (i < n) flags[i] = is_near(x_mm[i], y_mm[i], box) ? 1u : 0u;
}

__kernel void list_near(
    __global const ulong *x_mm, __global const ulong *y_mm, uint n, long4 box,
    __global const uint *places, __global uint *list) {
    uint i = get_global_id(0);
    if (i < n && is_near(x_mm[i], y_mm[i], box)) list[places[i]] = i;
}
