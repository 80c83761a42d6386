/* Granules of a healed impression: a body and crumbs beside it, as optics/granules.py.

   Lengths are in radii of the deposit; a hash of its place chooses all that is random. */

INLINE uint mix(uint h) {
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    return h ^ (h >> 16);
}

/* A word for a place, from the bits of its coordinates in mm. */
INLINE uint place_word(ulong x, ulong y) {
    uint h = mix((uint)x ^ 0x9E3779B9u);
    h = mix(h ^ (uint)(x >> 32));
    h = mix(h ^ (uint)y);
    return mix(h ^ (uint)(y >> 32));
}

/* The k-th of three numbers in a word, 0 to 1. */
INLINE float part_of(uint word, int k) { return (float)((word >> (10 * k)) & 1023u) / 1023.0f; }

/* A unit vector at the angle 2 atan(s); sines take a stack. */
INLINE float2 direction(float s) { return (float2)(1.0f - s * s, 2.0f * s) / (1.0f + s * s); }

/* Offset along x and y, radius, absorption; 0 is the body. */
INLINE float4 granule(uint word, int k, float granularity) {
    uint own = mix(word + (uint)(k + 1) * 0x9E3779B1u);
    float2 along = direction(2.0f * part_of(word, 0) - 1.0f);
    if (word >> 31) along = -along;
    float beside = part_of(word, 1) < GRANULE_DOUBLE_SHARE ? 0.5f * GRANULE_DOUBLE * granularity : 0.0f;
    if (k == 0) {
        float shift = beside > 0.0f ? -beside : -0.2f * granularity * part_of(own, 0);
        float radius = 1.0f - granularity * GRANULE_BODY * (0.6f + 0.8f * part_of(own, 1));
        return (float4)(shift * along, radius, 1.0f);
    }
    float away = GRANULE_NEAREST + (GRANULE_FARTHEST - GRANULE_NEAREST) * part_of(own, 1);
    if (beside > 0.0f) away *= 0.5f;
    float2 turn = direction(GRANULE_TURN * part_of(own, 0));
    float2 to = (float2)(along.x * turn.x - along.y * turn.y, along.x * turn.y + along.y * turn.x);
    if (k & 1) to = (float2)(-to.y, to.x); /* a quarter of a turn further with each */
    if (k & 2) to = -to;
    return (float4)(away * to + beside * along, GRANULE_CRUMB, granularity * 1.5f * part_of(own, 2));
}

/* The most that one granule may take, of what the whole disc may: they overlap. */
INLINE float loosened(float limit, float granularity) {
    return -expm1((1.0f - GRANULE_LOOSE * granularity) * log1p(-limit));
}

/* The factor on all granules' absorption that keeps the pigment of the whole disc. */
INLINE float concentration(uint word, float granularity) {
    float area = 0.0f;
    #pragma unroll 1
    for (int k = 0; k < GRANULES; ++k) {
        float4 part = granule(word, k, granularity);
        area += part.w * part.z * part.z;
    }
    return 1.0f / area;
}
