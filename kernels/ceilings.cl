/* What a device can do at most, for benchmarks: copy memory, multiply and add, exponentials. */

__kernel void copy_floats(__global const float4 *from, __global float4 *to) {
    size_t i = get_global_id(0);
    to[i] = from[i];
}

/* Eight chains of `rounds` multiply-adds a work-item; the sum is
   written if it is huge, which it never is: so the work cannot be left out. */
__kernel void multiply_add(float by, float more, int rounds, __global float *out) {
    float x = (float)get_global_id(0) * 1e-9f;
    float a = x, b = x + 0.1f, c = x + 0.2f, d = x + 0.3f;
    float e = x + 0.4f, f = x + 0.5f, g = x + 0.6f, h = x + 0.7f;
    for (int i = 0; i < rounds; ++i) {
        a = fma(a, by, more);
        b = fma(b, by, more);
        c = fma(c, by, more);
        d = fma(d, by, more);
        e = fma(e, by, more);
        f = fma(f, by, more);
        g = fma(g, by, more);
        h = fma(h, by, more);
    }
    float sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    if (sum > 1e6f) out[0] = sum;
}

/* Two chains of `rounds` exponentials. */
__kernel void exponentials(float by, int rounds, __global float *out) {
    float a = (float)get_global_id(0) * 1e-9f, b = a + 0.5f;
    for (int i = 0; i < rounds; ++i) {
        a = exp(-a * by);
        b = exp(-b * by);
    }
    if (a + b > 1e6f) out[0] = a + b;
}
