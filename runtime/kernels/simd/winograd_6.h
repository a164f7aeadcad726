/* F(6x6, 3x3): the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity. Each function multiplies a line
 * of numbers by one of the matrices B', A' (forward), A and B (their transposes, for the
 * gradients); the kernel's is G. */
enum { TILE = 6, POINTS = 8 };

/* B': 8 numbers of the input. */
PN_INLINE void line_input(const vf x[8], vf y[8]) {
    const vf even = vf_fma(vf_all(-4.25F), x[4], x[2] + x[6]);
    const vf odd = vf_fma(vf_all(-4.25F), x[3], x[1] + x[5]);
    const vf even2 = vf_fma(vf_all(0.25F), x[2], vf_fma(vf_all(-1.25F), x[4], x[6]));
    const vf odd2 = vf_fma(vf_all(0.5F), x[1], vf_fma(vf_all(-2.5F), x[3], x[5] + x[5]));
    const vf even3 = vf_fma(vf_all(4), x[2], vf_fma(vf_all(-5), x[4], x[6]));
    const vf odd3 = vf_fma(vf_all(0.5F), x[5], vf_fma(vf_all(-2.5F), x[3], x[1] + x[1]));
    y[0] = vf_fma(vf_all(5.25F), x[4] - x[2], x[0] - x[6]);
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = even3 + odd3;
    y[6] = even3 - odd3;
    y[7] = vf_fma(vf_all(5.25F), x[3] - x[5], x[7] - x[1]);
}

/* A': 6 results. */
PN_INLINE void line_output(const vf x[8], vf y[6]) {
    const vf sum = x[1] + x[2], sum2 = x[3] + x[4], sum3 = x[5] + x[6];
    const vf odd = x[1] - x[2], odd2 = x[3] - x[4], odd3 = x[5] - x[6];
    y[0] = x[0] + sum + (sum2 + sum3);
    y[1] = vf_fma(vf_all(2), odd2, vf_fma(vf_all(0.5F), odd3, odd));
    y[2] = vf_fma(vf_all(4), sum2, vf_fma(vf_all(0.25F), sum3, sum));
    y[3] = vf_fma(vf_all(8), odd2, vf_fma(vf_all(0.125F), odd3, odd));
    y[4] = vf_fma(vf_all(16), sum2, vf_fma(vf_all(0.0625F), sum3, sum));
    y[5] = vf_fma(vf_all(32), odd2, vf_fma(vf_all(0.03125F), odd3, odd)) + x[7];
}

/* A: 6 gradients of results. */
PN_INLINE void line_gradient(const vf x[6], vf y[8]) {
    const vf even = x[0] + x[2] + x[4], odd = x[1] + x[3] + x[5];
    const vf even2 = vf_fma(vf_all(16), x[4], vf_fma(vf_all(4), x[2], x[0]));
    const vf odd2 = vf_fma(vf_all(32), x[5], vf_fma(vf_all(8), x[3], x[1] + x[1]));
    const vf even3 = vf_fma(vf_all(0.0625F), x[4], vf_fma(vf_all(0.25F), x[2], x[0]));
    const vf odd3 =
        vf_fma(vf_all(0.03125F), x[5], vf_fma(vf_all(0.125F), x[3], vf_all(0.5F) * x[1]));
    y[0] = x[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = even3 + odd3;
    y[6] = even3 - odd3;
    y[7] = x[5];
}

/* B: gradients of 8 numbers of the input. */
PN_INLINE void line_spread(const vf x[8], vf y[8]) {
    const vf sum = x[1] + x[2], sum2 = x[3] + x[4], sum3 = x[5] + x[6];
    const vf odd = x[1] - x[2], odd2 = x[3] - x[4], odd3 = x[5] - x[6];
    y[0] = x[0];
    y[1] = vf_fma(vf_all(0.5F), odd2, vf_fma(vf_all(2), odd3, odd - x[7]));
    y[2] = vf_fma(vf_all(-5.25F), x[0], vf_fma(vf_all(0.25F), sum2, vf_fma(vf_all(4), sum3, sum)));
    y[3] = vf_fma(vf_all(-4.25F), odd, vf_fma(vf_all(-2.5F), odd2 + odd3, vf_all(5.25F) * x[7]));
    y[4] = vf_fma(vf_all(-4.25F), sum,
                  vf_fma(vf_all(-1.25F), sum2, vf_fma(vf_all(-5), sum3, vf_all(5.25F) * x[0])));
    y[5] = vf_fma(vf_all(2), odd2, vf_fma(vf_all(0.5F), odd3, vf_fma(vf_all(-5.25F), x[7], odd)));
    y[6] = sum + sum2 + (sum3 - x[0]);
    y[7] = x[7];
}

/* G */
static const float line_kernel[POINTS][3] = {
    {1, 0, 0},
    {-2.0F / 9, -2.0F / 9, -2.0F / 9},
    {-2.0F / 9, 2.0F / 9, -2.0F / 9},
    {1.0F / 90, 1.0F / 45, 2.0F / 45},
    {1.0F / 90, -1.0F / 45, 2.0F / 45},
    {32.0F / 45, 16.0F / 45, 8.0F / 45},
    {32.0F / 45, -16.0F / 45, 8.0F / 45},
    {0, 0, 1},
};
