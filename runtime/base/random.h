/* Random numbers: xoshiro256++ (Blackman and Vigna, 2019), seeded by splitmix64. The same seed and
 * stream give the same numbers on every machine. */
#ifndef PN_BASE_RANDOM_H
#define PN_BASE_RANDOM_H

#include <stdint.h>

typedef struct pn_random {
    uint64_t state[4];
} pn_random;

/* Starts the generator. Different streams of one seed are independent: give each image, worker or
 * layer its own stream, so that the order of work does not change the numbers. */
void pn_random_seed(pn_random *random, uint64_t seed, uint64_t stream);

/* 64 random bits. */
uint64_t pn_random_bits(pn_random *random);

/* Uniform in [0, 1), 53 bits. */
double pn_random_uniform(pn_random *random);

/* Uniform integer in [0, n), n > 0, without bias. */
uint64_t pn_random_below(pn_random *random, uint64_t n);

/* Normal with mean 0 and deviation 1 (Marsaglia's polar method). */
double pn_random_normal(pn_random *random);

/* Shuffles 0 .. n-1 written into order[n] (Fisher-Yates). */
void pn_random_permutation(pn_random *random, int64_t *order, int64_t n);

/* The seed of the run (--seed), 0 unless set: what drawing without a seed of its own begins from.
 */
uint64_t pn_run_seed(void);
void pn_set_run_seed(uint64_t seed);

#endif
