#include "base/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_int known = -1;

static pn_cpu_level detect(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return PN_CPU_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return PN_CPU_AVX512;
    return PN_CPU_AVX2;
#else
    return PN_CPU_PORTABLE;
#endif
}

static pn_cpu_level wished(void) {
    const char *text = getenv("PNEUMA_CPU");
    if (text && strcmp(text, "portable") == 0) return PN_CPU_PORTABLE;
    if (text && strcmp(text, "avx2") == 0) return PN_CPU_AVX2;
    return PN_CPU_AVX512;
}

pn_cpu_level pn_cpu(void) {
    int level = atomic_load_explicit(&known, memory_order_relaxed);
    if (level < 0) level = (int)pn_cpu_cap(wished());
    return (pn_cpu_level)level;
}

pn_cpu_level pn_cpu_cap(pn_cpu_level highest) {
    pn_cpu_level level = detect();
    if (level > highest) level = highest;
    atomic_store(&known, (int)level);
    return level;
}

const char *pn_cpu_name(pn_cpu_level level) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return names[level];
}
