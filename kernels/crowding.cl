/* Light that one halo has removed cannot be removed again: planes H, Q and exp(-C) to R / R0.
   optics/crowding.py derives it. */

float3 relative_reflectance(float3 halo, float3 reached, float3 kept) {
    float3 p = sqrt(clamp(reached / fmax(halo, MIN_HALO), MIN_REACH * MIN_REACH, 1.0f));
    float3 u = fmax(halo, 0.0f) / p;
    float3 growth = fmin(p * cbrt(fmax(u / U_STAR, 1.0f)), 1.0f);
    float3 base = 1.0f + fmin(u, U_STAR) / CROWD;
    base = base * base * base;
    base = base * base;
    base = base * base;
    return kept * (1.0f - growth * (1.0f - 1.0f / base));
}
