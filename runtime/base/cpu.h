/* The processor's vector instructions, for run-time dispatch. */
#ifndef PN_BASE_CPU_H
#define PN_BASE_CPU_H

typedef enum pn_cpu_level {
    PN_CPU_PORTABLE = 0,
    PN_CPU_AVX2,   /* AVX2, FMA, F16C, BMI2 */
    PN_CPU_AVX512, /* and AVX-512 F, BW, DQ, VL */
} pn_cpu_level;

/* The best level this processor has, lowered by PNEUMA_CPU=portable|avx2|avx512. */
pn_cpu_level pn_cpu(void);

/* For tests: caps the level from now on; returns the level in force. */
pn_cpu_level pn_cpu_cap(pn_cpu_level highest);

/* "portable", "avx2" or "avx512". */
const char *pn_cpu_name(pn_cpu_level level);

#endif
