/* The Monte Carlo table of a skin's kernels, read at a depth: linear between nodes, exponential
   beyond the last. A node is z, six sigmas, three bands of six weights, three bands of reach.

   A skin is three values a row: what weights and reach fall by beyond the last node, per mm; reduced
   scattering relative to 4.07 per mm; absorption of the epidermis per mm. */

#define NODE_FLOATS 28
#define NODE_SIGMA 1
#define NODE_WEIGHT 7
#define NODE_REACH 25
#define BANDS 3
#define SKIN_DECAY 0
#define SKIN_MUSP 3
#define SKIN_EPIDERMIS 6

typedef struct {
    __global const float *node; /* the shallower one */
    float share;                /* of the deeper one */
    float beyond_mm;            /* the last one */
} Depth;

INLINE Depth find_depth(float z, __global const float *table, int depths) {
    int low = 0, high = depths - 1;
    float deepest = table[high * NODE_FLOATS];
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (table[middle * NODE_FLOATS] <= z)
            low = middle;
        else
            high = middle;
    }
    Depth at;
    at.node = table + low * NODE_FLOATS;
    float z0 = at.node[0], z1 = at.node[NODE_FLOATS];
    at.share = clamp((z - z0) / (z1 - z0), 0.0f, 1.0f);
    at.beyond_mm = fmax(z - deepest, 0.0f);
    return at;
}

INLINE float read_column(Depth at, int column) {
    float lower = at.node[column], upper = at.node[NODE_FLOATS + column];
    return lower + (upper - lower) * at.share;
}

INLINE float read_sigma(Depth at, int n) { return read_column(at, NODE_SIGMA + n); }

INLINE float fall(Depth at, __global const float *skin, int band) {
    return at.beyond_mm > 0.0f ? exp(-skin[SKIN_DECAY + band] * at.beyond_mm) : 1.0f;
}

INLINE float read_weight(Depth at, __global const float *skin, int band, int n) {
    return fall(at, skin, band) * read_column(at, NODE_WEIGHT + 6 * band + n);
}

INLINE float read_reach(Depth at, __global const float *skin, int band) {
    return fall(at, skin, band) * read_column(at, NODE_REACH + band);
}
