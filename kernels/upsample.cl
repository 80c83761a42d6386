/* One level into the next finer one, by the subdivision mask of the B-spline of degree 9:
   even samples (10 120 252 120 10) / 512, odd ones (1 45 210 210 45 1) / 512. */

__constant float EVEN[6] = {10.0f / 512, 120.0f / 512, 252.0f / 512, 120.0f / 512, 10.0f / 512, 0.0f};
__constant float ODD[6] = {1.0f / 512, 45.0f / 512, 210.0f / 512, 210.0f / 512, 45.0f / 512, 1.0f / 512};

float weight_of(int odd, int k) {
    if (k < 0 || k > 5) return 0.0f;
    return odd ? ODD[k] : EVEN[k];
}

/* Interpolate ROWS samples below each other, from an even row on. `used` is the coarser level's
   field: its first row and column (absolute), rows and columns. What is read beyond it, for samples
   that nobody uses, is its edge. The rows are a loop, for unrolled it would take all registers. */
INLINE void upsample(
    __global const float *coarse, int4 used, int channels, int channel0, int row, int col,
    float sum[ROWS][CHANNELS]) {
    int odd = col & 1, left = (col >> 1) - 2 - used.y, top = (row >> 1) - 2 - used.x;
    #pragma unroll 1
    for (int k = 0; k < ROWS / 2 + 5; ++k) {
        uint line = (uint)(clamp(top + k, 0, used.z - 1) * used.w);
        float value[CHANNELS];
        #pragma unroll
        for (int c = 0; c < CHANNELS; ++c) value[c] = 0.0f;
        #pragma unroll 1
        for (int i = 0; i < 6; ++i) {
            uint at = (line + clamp(left + i, 0, used.w - 1)) * channels + channel0;
            float weight = odd ? ODD[i] : EVEN[i];
            #pragma unroll
            for (int c = 0; c < CHANNELS; ++c) value[c] = fma(coarse[at + c], weight, value[c]);
        }
        #pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            float weight = weight_of(r & 1, k - r / 2);
            #pragma unroll
            for (int c = 0; c < CHANNELS; ++c) sum[r][c] = fma(weight, value[c], sum[r][c]);
        }
    }
}
