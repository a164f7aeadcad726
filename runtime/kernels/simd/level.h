/* Every file in this folder is compiled once per instruction set, with PN_SIMD set to the level's
 * name: portable, avx2, avx512. PN_LEVEL(pn_f) is the function's name at the level being compiled
 * (pn_f_avx2), PN_DECLARE_LEVELS declares all of them, PN_PICK(pn_f) is the one for this processor.
 */
#ifndef PN_KERNELS_SIMD_LEVEL_H
#define PN_KERNELS_SIMD_LEVEL_H

#include "base/cpu.h"

#define PN_JOIN_(name, level) name##_##level
#define PN_JOIN(name, level) PN_JOIN_(name, level)
#define PN_LEVEL(name) PN_JOIN(name, PN_SIMD)

#if defined(__x86_64__)
#define PN_DECLARE_LEVELS(result, name, ...)                                                       \
    result name##_portable(__VA_ARGS__);                                                           \
    result name##_avx2(__VA_ARGS__);                                                               \
    result name##_avx512(__VA_ARGS__)
#define PN_PICK(name)                                                                              \
    (pn_cpu() == PN_CPU_AVX512 ? name##_avx512                                                     \
     : pn_cpu() == PN_CPU_AVX2 ? name##_avx2                                                       \
                               : name##_portable)
#else
#define PN_DECLARE_LEVELS(result, name, ...) result name##_portable(__VA_ARGS__)
#define PN_PICK(name) (name##_portable)
#endif

#endif
