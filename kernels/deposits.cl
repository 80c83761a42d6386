/* Impressions to shapes: of each, six Gaussians, V in mm^2 and S per band, and the core's disc.

   As optics/deposit.py; a band of a halo, or of a core, a work-item, so that registers suffice. Shapes are what shapes.cl
   draws: `halos`, four floats a Gaussian, HALOS + 1 of an impression; `cores`, fifteen floats: radius,
   sigma of the rim, none, what three bands would take, three reaches, how dark the rim is in three
   bands, the most that three bands may take. */

#define GAUSSIANS (HALOS + 1)

/* The Gaussian that flattens the others: narrow, and the same for all of them. */
float narrow_variance_of(float sigma, float r) { return sigma * sigma + FLAT_VARIANCE * r * r; }

/* What all halos and bands of an impression share, left in its core until that is described. */
#define OWN_SHIELDING 2
#define SHALLOWNESS 9

__kernel void describe_dots(
    __global const uint *list, uint n, __global const float *depth_mm,
    __global const float *radius_mm, __global const float *thickness_mm, float scattering,
    __global float *cores) {
    uint i = get_global_id(0);
    if (i >= n) return;
    uint row = list[i];
    float r = radius_mm[row] * scattering, t = thickness_mm[row] * scattering;
    float z_top = fmax(depth_mm[row] * scattering - 0.5f * t, 0.0f);
    cores[(size_t)i * CORE_FLOATS + OWN_SHIELDING] = own_shielding(r, t);
    cores[(size_t)i * CORE_FLOATS + SHALLOWNESS] = shallowness(z_top);
}

/* AMD's compiler fits five waves where it is asked to. */
#if defined(__AMDGCN__)
#define FIVE_WAVES __attribute__((amdgpu_waves_per_eu(5)))
#else
#define FIVE_WAVES
#endif

/* What the core needs of a halo is left in `sums`: what flattening takes, and the centre of the halo
   were the deposit opaque. */
__kernel FIVE_WAVES void describe_halos(
    __global const uint *list, uint n, __global const float *depth_mm,
    __global const float *radius_mm, __global const float *thickness_mm,
    __global const float *mua_per_mm, __global const float *table, int depths,
    __global const float *skin, float scattering, __global float *halos, __global float *cores,
    __global float *sums) {
    uint i = get_global_id(0) / (HALOS * BANDS), halo = get_global_id(0) / BANDS % HALOS;
    uint b = get_global_id(0) % BANDS;
    if (i >= n) return;
    uint row = list[i];
    float r = radius_mm[row] * scattering, t = thickness_mm[row] * scattering;
    float z = depth_mm[row] * scattering, z_read = fmax(z - K_READ_SHIFT * t, 0.0f);
    Depth read = find_depth(z_read, table, depths);
    Depth above = find_depth(fmax(z_read - K_READ_SPREAD * t, 0.0f), table, depths);
    Depth below = find_depth(z_read + K_READ_SPREAD * t, table, depths);
    float sigma = read_sigma(read, (int)halo + 1), c = flat_share(sigma, r);
    float narrow_variance = narrow_variance_of(read_sigma(read, 1), r);
    float variance = (sigma * sigma + 0.25f * r * r + c * narrow_variance) / (1.0f + c);
    __global const float *shared = cores + (size_t)i * CORE_FLOATS;
    float own = shared[OWN_SHIELDING], near_by = nearness(sigma, r), chord = chord_mm(r, t);
    float shallow = shared[SHALLOWNESS], volume = 0.5f * PI * r * r * t;
    float weight = read_weight(above, skin, b, (int)halo + 1);
    weight += read_weight(below, skin, b, (int)halo + 1);
    float returning = returning_light(shallow, skin[SKIN_EPIDERMIS + b]);
    float shield = shielding(own, near_by, r * skin[SKIN_MUSP + b], returning);
    float mua = mua_per_mm[(size_t)row * BANDS + b] / scattering;
    float strength = halo_strength(volume * weight, chord, mua, shield);
    __global float *to = halos + ((size_t)i * GAUSSIANS + halo) * 4;
    __global float *sum = sums + ((size_t)i * HALOS + halo) * 2 * BANDS + b;
    if (b == 0) to[0] = variance;
    to[1 + b] = strength * (1.0f + c);
    sum[0] = strength * c;
    sum[BANDS] = opaque_strength(volume * weight, chord, shield) *
                 ((1.0f + c) / variance - c / narrow_variance);
}

/* The flattening Gaussian and the core of an impression. */
__kernel FIVE_WAVES void describe_cores(
    __global const uint *list, uint n, __global const float *depth_mm,
    __global const float *radius_mm, __global const float *thickness_mm,
    __global const float *mua_per_mm, __global const float *table, int depths,
    __global const float *skin, float scattering, __global float *halos, __global float *cores,
    __global float *sums) {
    uint i = get_global_id(0) / BANDS, b = get_global_id(0) % BANDS;
    if (i >= n) return;
    __global float *to = halos + ((size_t)i * GAUSSIANS + HALOS) * 4;
    __global float *core = cores + (size_t)i * CORE_FLOATS;
    __global const float *sum = sums + (size_t)i * HALOS * 2 * BANDS + b;
    float flattened = 0.0f, opaque = 0.0f;
    #pragma unroll 1
    for (int halo = 0; halo < HALOS; ++halo) {
        flattened -= sum[2 * BANDS * halo];
        opaque += sum[2 * BANDS * halo + BANDS];
    }
    to[1 + b] = flattened;
    uint row = list[i];
    float r = radius_mm[row] * scattering, t = thickness_mm[row] * scattering;
    float z = depth_mm[row] * scattering;
    Depth top = find_depth(fmax(z - 0.5f * t, 0.0f), table, depths);
    float reach = fmax(read_reach(top, skin, b), MIN_REACH);
    core[6 + b] = reach;
    float at_top = fmax(read_weight(top, skin, b, 0), 1e-12f);
    float at_bottom = read_weight(find_depth(z + 0.5f * t, table, depths), skin, b, 0);
    float mua = mua_per_mm[(size_t)row * BANDS + b] / scattering;
    core[9 + b] = power(at_top, K_RIM_POWER) * log1p(mua * t);
    Depth read = find_depth(fmax(z - K_READ_SHIFT * t, 0.0f), table, depths);
    float rim_sigma = fmax(read_sigma(read, 0), 0.02f * r), ratio = r / rim_sigma;
    float taken = core_strength(at_top, at_bottom, mua, r, t) * -expm1(-0.5f * ratio * ratio);
    core[3 + b] = taken;
    core[12 + b] = core_limit(fmax(opaque / (2.0f * PI), 0.0f), reach);
    if (b == 0) {
        to[0] = narrow_variance_of(read_sigma(read, 1), r);
        core[0] = r;
        core[1] = rim_sigma;
    }
}
