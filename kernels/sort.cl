/* A stable radix sort of pairs, four bits a pass: count digits by block, (scan,) scatter.

   Each work-item owns a run of neighbouring pairs, so equal digits keep their order: the order of
   the pairs of a tile is that of their rows, and no atomics are needed. */

#define DIGITS 16
#define SORT_PITCH (SORT_GROUP + 2) /* spreads the digits over the banks of local memory */

INLINE void count_run(__global const uint *keys, uint first, uint last, uint shift, __local ushort *count) {
    for (uint d = 0; d < DIGITS; ++d) count[d * SORT_PITCH] = 0;
    for (uint i = first; i < last; ++i) ++count[((keys[i] >> shift) & (DIGITS - 1)) * SORT_PITCH];
}

__kernel __attribute__((reqd_work_group_size(SORT_GROUP, 1, 1)))
void count_digits(__global const uint *keys, uint n, uint shift, __global uint *counts, uint blocks) {
    __local ushort count[DIGITS * SORT_PITCH];
    uint lane = get_local_id(0), block = get_group_id(0);
    uint first = (block * SORT_GROUP + lane) * SORT_RUN;
    count_run(keys, first, min(first + SORT_RUN, n), shift, count + lane);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < DIGITS) {
        uint sum = 0;
        for (uint i = 0; i < SORT_GROUP; ++i) sum += count[lane * SORT_PITCH + i];
        counts[lane * blocks + block] = sum;
    }
}

__kernel __attribute__((reqd_work_group_size(SORT_GROUP, 1, 1)))
void scatter_digits(
    __global const uint *keys, __global const uint *rows, uint n, uint shift,
    __global const uint *starts, uint blocks, __global uint *keys_out, __global uint *rows_out) {
    __local ushort count[DIGITS * SORT_PITCH];
    __local uint base[DIGITS];
    uint lane = get_local_id(0), block = get_group_id(0);
    uint first = (block * SORT_GROUP + lane) * SORT_RUN, last = min(first + SORT_RUN, n);
    count_run(keys, first, last, shift, count + lane);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < DIGITS) {
        ushort before = 0;
        for (uint i = 0; i < SORT_GROUP; ++i) {
            ushort here = count[lane * SORT_PITCH + i];
            count[lane * SORT_PITCH + i] = before;
            before += here;
        }
        base[lane] = starts[lane * blocks + block];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = first; i < last; ++i) {
        uint key = keys[i], digit = (key >> shift) & (DIGITS - 1);
        uint at = base[digit] + count[digit * SORT_PITCH + lane]++;
        keys_out[at] = key;
        rows_out[at] = rows[i];
    }
}
