#include "base/random.h"

#include <math.h>
#include <stdatomic.h>

static _Atomic uint64_t run_seed;

static uint64_t splitmix64(uint64_t *x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void pn_random_seed(pn_random *random, uint64_t seed, uint64_t stream) {
    uint64_t x = seed, y = stream ^ 0xd1b54a32d192ed03u;
    for (int i = 0; i < 4; i++) random->state[i] = splitmix64(&x) ^ splitmix64(&y);
}

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t pn_random_bits(pn_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double pn_random_uniform(pn_random *random) {
    return (double)(pn_random_bits(random) >> 11) * 0x1p-53;
}

uint64_t pn_random_below(pn_random *random, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, bits;
    do bits = pn_random_bits(random);
    while (bits >= limit);
    return bits % n;
}

double pn_random_normal(pn_random *random) {
    double u, v, s;
    do {
        u = 2 * pn_random_uniform(random) - 1;
        v = 2 * pn_random_uniform(random) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * log(s) / s);
}

void pn_random_permutation(pn_random *random, int64_t *order, int64_t n) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)pn_random_below(random, (uint64_t)i + 1);
        int64_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

uint64_t pn_run_seed(void) {
    return run_seed;
}

void pn_set_run_seed(uint64_t seed) {
    run_seed = seed;
}
