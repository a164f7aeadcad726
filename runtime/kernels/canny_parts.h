/* What canny.c, canny_reference.c and simd/canny.c share. Not for others. */
#ifndef PN_KERNELS_CANNY_PARTS_H
#define PN_KERNELS_CANNY_PARTS_H

#include "kernels/canny.h"
#include "kernels/simd/level.h"

/* Checks the arguments and works out the integer thresholds the gradient is compared with. */
pn_status pn_canny_prepare(int64_t height, int64_t width, int channels,
                           const pn_canny_options *options, int32_t *low, int32_t *high,
                           pn_error *error);

enum {
    CANNY_BLOCK = 64,  /* pixels per word of a bit map */
    CANNY_MARGIN = 64, /* items before and after each row buffer's `padded` ones */
    CANNY_MAX_STRIPES = 16,
};

/* Bit maps have a bit per pixel: pixel x of row y is bit x % 64 of word[y * pitch + 1 + x / 64].
 * The first and the last word of each row are 0, so that neighbours need no bounds check. */
typedef struct pn_canny_job {
    const uint8_t *image; /* (height, width, channels) */
    uint8_t *edges;       /* (height, width) */
    int64_t height, width;
    int channels, aperture;
    bool l2;
    int32_t low, high;
    int64_t padded;      /* width rounded up to whole blocks */
    int64_t pitch;       /* words per row of a bit map */
    uint64_t *candidate; /* local maxima of the gradient above `low` */
    uint64_t *accepted;  /* those above `high`, and in the end all that touch one */
    uint32_t *stack;     /* words to look at again, one place for each word */
    uint8_t *queued;     /* 1 for a word on the stack */
    char *rows;          /* row buffers, row_bytes for each stripe */
    size_t row_bytes;
    int64_t stripes;
} pn_canny_job;

/* Bytes of row buffers one stripe needs. */
PN_DECLARE_LEVELS(size_t, pn_canny_row_bytes, const pn_canny_job *job);

/* Rows begin <= y < end: fills `candidate` and `accepted` from the image; touches no other rows of
 * the bit maps. `rows` is the stripe's own. */
PN_DECLARE_LEVELS(void, pn_canny_find, const pn_canny_job *job, int64_t begin, int64_t end,
                  char *rows);

/* Rows begin <= y < end: turns `accepted` into bytes of `edges`. */
PN_DECLARE_LEVELS(void, pn_canny_write, const pn_canny_job *job, int64_t begin, int64_t end);

#endif
