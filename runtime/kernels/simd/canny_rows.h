/* Row kernels of Canny's detector that depend on the type of the gradient's magnitude: included
 * once with MAGNITUDE int16_t and L2 0, once with int32_t and L2 1. All loops run over whole
 * blocks without branches, so that the compiler vectorises them. */

/* The norm of the gradient for `count` items. */
static void NAMED(norm)(const int16_t *restrict dx, const int16_t *restrict dy,
                        MAGNITUDE *restrict m, int64_t count) {
    for (int64_t x = 0; x < count; x++)
#if L2
        m[x] = (MAGNITUDE)dx[x] * dx[x] + (MAGNITUDE)dy[x] * dy[x];
#else
        m[x] = (MAGNITUDE)((dx[x] < 0 ? -dx[x] : dx[x]) + (dy[x] < 0 ? -dy[x] : dy[x]));
#endif
}

/* Takes another channel's gradient wherever it is stronger. */
static void NAMED(strongest)(const int16_t *restrict dx2, const int16_t *restrict dy2,
                             const MAGNITUDE *restrict m2, int16_t *restrict dx,
                             int16_t *restrict dy, MAGNITUDE *restrict m, int64_t count) {
    for (int64_t x = 0; x < count; x++) {
        bool stronger = m2[x] > m[x];
        dx[x] = stronger ? dx2[x] : dx[x];
        dy[x] = stronger ? dy2[x] : dy[x];
        m[x] = stronger ? m2[x] : m[x];
    }
}

static bool NAMED(any_above)(const MAGNITUDE *m, MAGNITUDE low) {
    int any = 0;
    for (int x = 0; x < CANNY_BLOCK; x++) any |= m[x] > low;
    return any;
}

/* Where one block of m[] is above `low` and a maximum along its own direction, candidate[] gets
 * 255; where it is above `high` besides, accepted[]. up[] and down[] are the rows around it.
 *
 * OpenCV compares dy * 2^15 with dx * 13573 and with that plus dx * 2^16. With t the integer part
 * of dx * 13573 / 2^15 these are dy <= t and dy > 2 dx + t: the fraction is never 0 but at dx = 0,
 * where dy > 0 decides alike and dy = 0 has no magnitude. */
static void NAMED(maxima)(const MAGNITUDE *restrict up, const MAGNITUDE *restrict m,
                          const MAGNITUDE *restrict down, const int16_t *restrict dx,
                          const int16_t *restrict dy, MAGNITUDE low, MAGNITUDE high,
                          uint8_t *restrict candidate, uint8_t *restrict accepted) {
    for (int x = 0; x < CANNY_BLOCK; x++) {
        uint16_t ax = (uint16_t)(dx[x] < 0 ? -dx[x] : dx[x]);
        uint16_t ay = (uint16_t)(dy[x] < 0 ? -dy[x] : dy[x]);
        uint16_t t = (uint16_t)(((uint32_t)ax * (2u * 13573u)) >> 16);
        bool level = ay <= t, steep = ay > (uint16_t)(2 * ax + t);
        bool falling = (int16_t)(dx[x] ^ dy[x]) < 0;
        MAGNITUDE up_left = up[x - 1], up_here = up[x], up_right = up[x + 1];
        MAGNITUDE left = m[x - 1], here = m[x], right = m[x + 1];
        MAGNITUDE down_left = down[x - 1], down_here = down[x], down_right = down[x + 1];
        MAGNITUDE before = falling ? up_right : up_left;
        MAGNITUDE after = falling ? down_left : down_right;
        before = steep ? up_here : before;
        after = steep ? down_here : after;
        before = level ? left : before;
        after = level ? right : after;
        /* On a diagonal an equal neighbour after it suppresses, else not. */
        after = (MAGNITUDE)(after - (level | steep));
        bool is_maximum = (here > before) & (here > after) & (here > low);
        candidate[x] = is_maximum ? 255 : 0;
        accepted[x] = (is_maximum & (here > high)) ? 255 : 0;
    }
}

/* All blocks of a row. */
static void NAMED(maxima_row)(const MAGNITUDE *up, const MAGNITUDE *m, const MAGNITUDE *down,
                              const int16_t *dx, const int16_t *dy, const pn_canny_job *job,
                              uint64_t *candidate, uint64_t *accepted) {
    MAGNITUDE low = NAMED(limit)(job->low), high = NAMED(limit)(job->high);
    uint8_t flags[2][CANNY_BLOCK];
    for (int64_t x = 0; x < job->padded; x += CANNY_BLOCK) {
        int64_t word = x / CANNY_BLOCK;
        candidate[word] = accepted[word] = 0;
        if (!NAMED(any_above)(m + x, low)) continue;
        NAMED(maxima)(up + x, m + x, down + x, dx + x, dy + x, low, high, flags[0], flags[1]);
        uint64_t inside = job->width - x < CANNY_BLOCK ? (1ull << (job->width - x)) - 1 : ~0ull;
        candidate[word] = pack_bits(flags[0]) & inside;
        accepted[word] = pack_bits(flags[1]) & inside;
    }
}
