/* The one file that includes stb. Its functions are static, so that a plugin with an stb of its own
 * never meets ours; its memory is counted as all of Pneuma's is. */
#include "image/stb.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

/* A small PNG can inflate to gigabytes; stb grows its buffer for as long as it gets memory. So a
 * decoder's buffers may grow to what a file of these sizes can need, and no further. */
static _Thread_local size_t growth_limit = SIZE_MAX;
static _Thread_local bool limit_met;

static void *grow(void *old, size_t old_size, size_t size) {
    if (size > growth_limit) limit_met = true;
    void *fresh = size <= growth_limit ? pn_alloc(size) : NULL;
    if (!fresh) return NULL;
    if (!old) old_size = 0;
    if (old_size > size) old_size = size;
    if (old) memcpy(fresh, old, old_size);
    memset((char *)fresh + old_size, 0, size - old_size);
    pn_free(old);
    return fresh;
}

/* Zeroed: a damaged JPEG makes stb use tables, and show pixels, that the file never filled. From
 * zeros it decodes to something harmless, the same each time. The compiler is told that nothing
 * else points there, or else stb's loops read their own bounds again for each pixel: a fifth of
 * the time of a grey JPEG. */
__attribute__((malloc, noinline)) static void *zeroed(size_t size) {
    return pn_calloc(1, size);
}

/* Warnings about code that is not ours; some come at the end of the file, so there is no pop. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_STDIO
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_FAILURE_USERMSG
#define STBI_ASSERT(condition) ((void)0) /* a hostile file must not stop the program */
#define STBI_MALLOC(size) zeroed(size)
#define STBI_REALLOC_SIZED(old, old_size, size) grow(old, old_size, size)
#define STBI_FREE(memory) pn_free(memory)
#include <stb/stb_image.h>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(size) pn_alloc(size)
#define STBIW_REALLOC_SIZED(old, old_size, size) grow(old, old_size, size)
#define STBIW_FREE(memory) pn_free(memory)
#include <stb/stb_image_write.h>

static void limit_growth(size_t most) {
    growth_limit = most;
    limit_met = false;
}

/* stb keeps its reason in a variable of the thread. Its test for a JPEG allocates, and without
 * memory says "unknown" of what certainly is one. */
static const char *failure(const uint8_t *bytes) {
    if (limit_met) return "it unpacks to more than its pixels";
    const char *reason = stbi_failure_reason();
    bool unknown = strncmp(reason, "Image not of any known type", 27) == 0;
    if ((unknown && bytes[0] == 0xff) || strcmp(reason, "Out of memory") == 0) return NULL;
    return reason;
}

uint8_t *pn_stb_decode8(const void *bytes, size_t size, size_t most, int channels, int *height,
                        int *width, const char **reason) {
    int stored;
    limit_growth(most);
    uint8_t *pixels = stbi_load_from_memory(bytes, (int)size, width, height, &stored, channels);
    if (!pixels) *reason = failure(bytes);
    limit_growth(SIZE_MAX);
    return pixels;
}

uint16_t *pn_stb_decode16(const void *bytes, size_t size, size_t most, int channels, int *height,
                          int *width, const char **reason) {
    int stored;
    limit_growth(most);
    uint16_t *pixels = stbi_load_16_from_memory(bytes, (int)size, width, height, &stored, channels);
    if (!pixels) *reason = failure(bytes);
    limit_growth(SIZE_MAX);
    return pixels;
}

static void append(void *context, void *bytes, int size) {
    pn_text_add(context, bytes, (size_t)size);
}

int pn_stb_encode_jpeg(const uint8_t *pixels, int height, int width, int channels, int quality,
                       pn_text *out) {
    return stbi_write_jpg_to_func(append, out, width, height, channels, pixels, quality) &&
           !out->failed;
}

int pn_stb_encode_png(const uint8_t *pixels, int height, int width, int channels, pn_text *out) {
    return stbi_write_png_to_func(append, out, width, height, channels, pixels, width * channels) &&
           !out->failed;
}

int pn_stb_encode_bmp(const uint8_t *pixels, int height, int width, int channels, pn_text *out) {
    return stbi_write_bmp_to_func(append, out, width, height, channels, pixels) && !out->failed;
}
