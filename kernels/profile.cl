/* The drawn Gaussian along one axis: the fourth power of a polynomial, and on the coarser levels
   Hermite terms that undo what upsampling flattens. raster/profile.py derives the numbers. */

typedef struct {
    float c0, c1, c2, c3, c4;
} Sharpening;

Sharpening sharpening(float fourth, float sixth, float inv_sigma) {
    float s2 = inv_sigma * inv_sigma;
    float a = fourth * s2 * s2, b = sixth * s2 * s2 * s2, c = a * a * 0.5f;
    Sharpening terms;
    terms.c0 = 1.0f + 3.0f * a + 15.0f * b + 105.0f * c;
    terms.c1 = -6.0f * a - 45.0f * b - 420.0f * c;
    terms.c2 = a + 15.0f * b + 210.0f * c;
    terms.c3 = -b - 28.0f * c;
    terms.c4 = c;
    return terms;
}

/* At `samples` whole samples from that of the centre; `shift` is the offset over sigma, negative. */
float profile(float samples, float inv_sigma, float shift, float fourth, Sharpening terms) {
    float t = fma(samples, inv_sigma, shift);
    float w = fmax(fma(-t, t, REACH * REACH), 0.0f);
    float w2 = w * w;
    float low = fma(Q1, w, Q0), mid = fma(Q3, w, Q2);
    float p = fma(fma(fma(Q5, w, Q4), w2, mid), w2, low) * w;
    p = p * p;
    p = p * p;
    if (fourth > 0.0f) {
        float t2 = t * t;
        float high = fma(fma(terms.c4, t2, terms.c3), t2, terms.c2);
        p = p * fma(fma(high, t2, terms.c1), t2, terms.c0);
    }
    return p;
}
