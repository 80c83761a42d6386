/* Exclusive sums, in blocks: a block's own sums, its total; and what lies before it, added later.

   Sums saturate, so that one which no buffer could hold is seen and never wraps. */

__kernel __attribute__((reqd_work_group_size(SCAN_GROUP, 1, 1)))
void scan_blocks(__global uint *values, uint n, __global uint *totals) {
    __local uint sums[2][SCAN_GROUP];
    uint lane = get_local_id(0), block = get_group_id(0);
    uint first = (block * SCAN_GROUP + lane) * SCAN_RUN, last = min(first + SCAN_RUN, n);
    uint sum = 0;
    for (uint i = first; i < last; ++i) sum = add_sat(sum, values[i]);
    sums[0][lane] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    int now = 0;
    for (uint step = 1; step < SCAN_GROUP; step *= 2) {
        uint value = sums[now][lane];
        if (lane >= step) value = add_sat(value, sums[now][lane - step]);
        sums[1 - now][lane] = value;
        now = 1 - now;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    uint before = lane > 0 ? sums[now][lane - 1] : 0;
    for (uint i = first; i < last; ++i) {
        uint value = values[i];
        values[i] = before;
        before = add_sat(before, value);
    }
    if (lane == SCAN_GROUP - 1) totals[block] = sums[now][lane];
}

__kernel void scan_add(__global uint *values, uint n, __global const uint *totals) {
    uint i = get_global_id(0);
    if (i < n) values[i] = add_sat(values[i], totals[i / (SCAN_GROUP * SCAN_RUN)]);
}
