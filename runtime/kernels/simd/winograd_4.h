/* F(4x4, 3x3): the points 0, 1, -1, 2, -2 and infinity. See winograd_6.h. */
enum { TILE = 4, POINTS = 6 };

PN_INLINE void line_input(const vf x[6], vf y[6]) {
    const vf even = vf_fma(vf_all(-4), x[2], x[4]), odd = vf_fma(vf_all(-4), x[1], x[3]);
    const vf even2 = x[4] - x[2], odd2 = vf_all(2) * (x[3] - x[1]);
    y[0] = vf_fma(vf_all(4), x[0], vf_fma(vf_all(-5), x[2], x[4]));
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = vf_fma(vf_all(4), x[1], vf_fma(vf_all(-5), x[3], x[5]));
}

PN_INLINE void line_output(const vf x[6], vf y[4]) {
    const vf sum = x[1] + x[2], sum2 = x[3] + x[4];
    const vf odd = x[1] - x[2], odd2 = x[3] - x[4];
    y[0] = x[0] + sum + sum2;
    y[1] = vf_fma(vf_all(2), odd2, odd);
    y[2] = vf_fma(vf_all(4), sum2, sum);
    y[3] = vf_fma(vf_all(8), odd2, odd) + x[5];
}

PN_INLINE void line_gradient(const vf x[4], vf y[6]) {
    const vf even = x[0] + x[2], odd = x[1] + x[3];
    const vf even2 = vf_fma(vf_all(4), x[2], x[0]);
    const vf odd2 = vf_fma(vf_all(8), x[3], x[1] + x[1]);
    y[0] = x[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = x[3];
}

PN_INLINE void line_spread(const vf x[6], vf y[6]) {
    const vf sum = x[1] + x[2], sum2 = x[3] + x[4];
    const vf odd = x[1] - x[2], odd2 = x[3] - x[4];
    y[0] = vf_all(4) * x[0];
    y[1] = vf_fma(vf_all(-4), odd, vf_fma(vf_all(-2), odd2, vf_all(4) * x[5]));
    y[2] = vf_fma(vf_all(-5), x[0], vf_fma(vf_all(-4), sum, vf_all(0) - sum2));
    y[3] = vf_fma(vf_all(2), odd2, vf_fma(vf_all(-5), x[5], odd));
    y[4] = x[0] + sum + sum2;
    y[5] = x[5];
}

static const float line_kernel[POINTS][3] = {
    {0.25F, 0, 0},
    {-1.0F / 6, -1.0F / 6, -1.0F / 6},
    {-1.0F / 6, 1.0F / 6, -1.0F / 6},
    {1.0F / 24, 1.0F / 12, 1.0F / 6},
    {1.0F / 24, -1.0F / 12, 1.0F / 6},
    {0, 0, 1},
};
