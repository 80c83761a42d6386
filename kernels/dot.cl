/* One deposit's core and halos: the formulas of optics/dot.py, a band at a time.

   z, r, t are the cylinder's depth, radius and thickness in mm of the tabulated scattering, mua its
   absorption per mm, K_... the fitted constants. */

#define PI 3.14159265358979f

INLINE float chord_mm(float r, float t) { return r * t * (1.0f + K_SIDE) / (r + K_SIDE * t); }

INLINE float nearness(float sigma, float r) { return exp(-sigma / (K_NEAR_REACH * r)); }

/* A power of what is over 0; by exp and log, which take fewer registers than pow and are as exact
   as is needed here: the exponents are small. */
INLINE float power(float x, float exponent) { return exp(exponent * log(x)); }

INLINE float own_shielding(float r, float t) {
    return K_SHIELD * exp(K_SHIELD_RADIUS * log(r / UNIT_MM) + K_SHIELD_THICKNESS * log(t / UNIT_MM));
}

/* How much of the way back leads through the epidermis: 1 at the surface, 0 deep. */
INLINE float shallowness(float z_top) { return exp(-z_top / K_BACK_DEPTH_MM); }

/* The share of diffuse light that comes back: less above or in a dark epidermis. */
INLINE float returning_light(float shallow, float epidermis_per_mm) {
    float dark = epidermis_per_mm * K_BACK_EPIDERMIS_MM;
    return 1.0f - shallow * dark / (1.0f + dark);
}

/* How a halo is shielded: by its own deposit, by light that comes back, less where it is near. */
INLINE float shielding(float own, float near_by, float q, float returning) {
    float root = log(q);
    float back = K_BACK * exp(K_BACK_RADIUS * root) * returning;
    return own + back * (1.0f - near_by) - K_NEAR * exp(K_NEAR_RADIUS * root) * near_by;
}

/* S of a halo, mm^2. */
INLINE float halo_strength(float volume, float chord, float mua, float shield) {
    float x = mua * chord;
    float now = fmax(shield + K_SHIELD_MORE * x / (x + K_SHIELD_PATH), LEAST_SHIELD);
    return mua * volume / (1.0f + x * now);
}

/* The same were the deposit opaque. */
INLINE float opaque_strength(float volume, float chord, float shield) {
    return volume / (chord * fmax(shield + K_SHIELD_MORE, LEAST_SHIELD));
}

/* c: a halo is (1 + c) of a wide Gaussian less c of a narrow one. */
INLINE float flat_share(float sigma, float r) {
    float q = r / (sigma * K_FLAT_ONSET);
    q = q * q;
    q = q * q;
    q = q * q;
    return fmax(FLAT_SHARE * q / (1.0f + q) - FLAT_FLOOR, 0.0f);
}

/* The centre of a flat disc of radius r, blurred by a rim of width s. */
INLINE float disc_centre(float s, float r) {
    float ratio = r / s;
    return -expm1(-0.5f * ratio * ratio);
}

/* B in mm^2, and edge, of the soft disc of radius r with a rim of width s. */
INLINE float2 disc_shape(float s, float r) {
    float ratio = r / s;
    float centre = -expm1(-0.5f * ratio * ratio);
    float edge = fmax(0.8631f * ratio - 6.0957f * power(1.0f / ratio, 1.7133f), -30.0f);
    return (float2)(r * r / ((1.0f + exp(-edge)) * log1p(exp(edge)) * centre), edge);
}

INLINE float disc_area(float2 shape) {
    return PI * shape.x * (1.0f + exp(-shape.y)) * log1p(exp(shape.y));
}

/* The light that is taken on its straight way up through the deposit. */
INLINE float core_strength(float top, float bottom, float mua, float r, float t) {
    float per_depth = K_CORE_PATH * power(r / UNIT_MM, K_CORE_RADIUS);
    float decay = clamp(log(top / fmax(bottom, 1e-12f)) / t, 0.0f, 80.0f);
    float path = per_depth * mua + decay;
    float taken = -top * mua * expm1(-path * t) / fmax(path, 1e-30f);
    return path * t < 1e-9f ? top * mua * t : taken;
}

/* G, the share of light that halos of a sum and mean reach take. */
INLINE float taken_by_halos(float halo, float reach) {
    float u = halo / reach;
    float growth = fmin(reach * cbrt(fmax(u / U_STAR, 1.0f)), 1.0f);
    float base = 1.0f + fmin(u, U_STAR) / CROWD;
    base = base * base * base;
    base = base * base;
    return growth * (1.0f - 1.0f / (base * base));
}

/* The most that a core may take beside the halos of its own, opaque, deposit. */
INLINE float core_limit(float opaque_halo, float reach) {
    float own = taken_by_halos(opaque_halo, reach);
    float u = (reach - own) / (1.0f - own);
    u = (u + sqrt(u * u + SOFT * SOFT)) / (1.0f + sqrt(1.0f + SOFT * SOFT));
    return clamp(u, 1e-4f, MAX_CAP);
}

INLINE float soft_min(float a, float b) {
    float ratio = clamp(a / b, 1e-4f, 1e4f);
    float least = a / power(1.0f + power(ratio, K_CORE_CORNER), 1.0f / K_CORE_CORNER);
    if (a > 1e4f * b) return b;
    return a < 1e-4f * b ? a : least;
}
