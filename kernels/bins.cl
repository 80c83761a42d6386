/* From splats to pairs of (tile, row), and from sorted pairs to where each tile's begin. */

__kernel void expand_pairs(
    uint n, __global const int *spans, __global const int *levels, int level_count,
    __global const uint *offsets, uint total, __global uint *keys, __global uint *rows) {
    uint i = get_global_id(0);
    if (i >= n) return;
    uint at = offsets[i], end = i + 1 < n ? offsets[i + 1] : total;
    if (at == end) return;
    int first = spans[2 * (size_t)i], more = spans[2 * (size_t)i + 1];
    int level = level_count - 1;
    while (first < levels[level * LEVEL_INTS + 6]) --level;
    int across = levels[level * LEVEL_INTS + 7];
    for (int j = 0; j <= more >> 16; ++j)
        for (int k = 0; k <= (more & 0xFFFF); ++k) {
            keys[at] = (uint)(first + j * across + k);
            rows[at] = i;
            ++at;
        }
}

/* starts[t] is the first pair whose tile is t or later; starts[tiles] is the number of pairs. */
__kernel void find_starts(__global const uint *keys, uint total, uint tiles, __global uint *starts) {
    uint tile = get_global_id(0);
    if (tile > tiles) return;
    uint low = 0, high = total;
    while (low < high) {
        uint middle = low + (high - low) / 2;
        if (keys[middle] < tile)
            low = middle + 1;
        else
            high = middle;
    }
    starts[tile] = low;
}
