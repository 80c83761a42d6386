/* Relative reflectance to sRGB: weights, soft clip, transfer, dither; image/tone.py. */

float3 soft_clip(float3 v) {
    float3 excess = fmax(v - SHOULDER, 0.0f) / (1.0f - SHOULDER);
    float3 high = SHOULDER + (1.0f - SHOULDER) * excess / (1.0f + excess);
    float3 low = TOE / (1.0f + fmax(TOE - v, 0.0f) / TOE);
    return select(select(v, low, v < TOE), high, v > SHOULDER);
}

float3 transfer(float3 v) {
    float3 curved = 1.055f * pow(fmax(v, 1e-6f), (float3)(1.0f / 2.4f)) - 0.055f;
    return clamp(select(curved, 12.92f * v, v < 0.0031308f), 0.0f, 1.0f);
}

/* Rows of the matrix, exposure and R0 multiplied in. */
float3 code(float3 relative, float4 red, float4 green, float4 blue) {
    float3 v = (float3)(
        dot(red.xyz, relative), dot(green.xyz, relative), dot(blue.xyz, relative));
    return transfer(soft_clip(v));
}

/* Uniform over 0 <= u < 1: a hash of absolute pixel and channel, modulo 2^32; image/dither.py. */
float noise(int row, int col, uint channel) {
    uint h = (uint)row * 0x9E3779B1u;
    h = (h ^ (h >> 15)) * 0x85EBCA77u + (uint)col * 0xC2B2AE3Du + (channel + 1u) * 0x27D4EB2Fu;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h ^= h >> 16;
    return (float)(h >> 8) * 0x1p-24f;
}
