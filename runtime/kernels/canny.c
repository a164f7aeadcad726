#include "base/pool.h"
#include "kernels/canny_parts.h"

#include <math.h>
#include <string.h>

/* How the fast version works. The image is cut into stripes of rows, one task each. A stripe runs
 * down its rows with a few rows of gradient in cache (simd/canny.c) and leaves two bit maps: the
 * candidates and, among them, the pixels that are edges for sure. Acceptance then spreads along
 * the candidates 64 pixels at a time: first inside each stripe, at last across the borders. */

enum { MIN_STRIPE_ROWS = 32, STRIPES_PER_THREAD = 4 };

static int32_t to_threshold(double t, bool l2) {
    if (l2) {
        t = t < 32767 ? t : 32767;
        if (t > 0) t *= t;
    }
    t = floor(t);
    return t >= INT32_MAX ? INT32_MAX : t <= INT32_MIN ? INT32_MIN : (int32_t)t;
}

pn_status pn_canny_prepare(int64_t height, int64_t width, int channels,
                           const pn_canny_options *options, int32_t *low, int32_t *high,
                           pn_error *error) {
    if (options->aperture != 3 && options->aperture != 5 && options->aperture != 7)
        return pn_fail(error, PN_E_ARGUMENT, "canny: the aperture must be 3, 5 or 7, not %d",
                       options->aperture);
    if (!isfinite(options->low) || !isfinite(options->high))
        return pn_fail(error, PN_E_ARGUMENT, "canny: thresholds must be finite, not %g and %g",
                       options->low, options->high);
    if (channels != 1 && channels != 3)
        return pn_fail(error, PN_E_ARGUMENT, "canny: an image has 1 or 3 channels, not %d",
                       channels);
    if (height < 1 || width < 1)
        return pn_fail(error, PN_E_ARGUMENT, "canny: the image is empty (%lld x %lld)",
                       (long long)height, (long long)width);
    if (height > INT32_MAX || width > INT32_MAX || height * (width / CANNY_BLOCK + 3) > INT32_MAX)
        return pn_fail(error, PN_E_ARGUMENT, "canny: the image is too large (%lld x %lld)",
                       (long long)height, (long long)width);
    double scale = options->aperture == 7 ? 16.0 : 1.0;
    *low = to_threshold(fmin(options->low, options->high) / scale, options->l2);
    *high = to_threshold(fmax(options->low, options->high) / scale, options->l2);
    return PN_OK;
}

static size_t align_up(size_t bytes) {
    return (bytes + 63) & ~(size_t)63;
}

/* The parts of `scratch`, one after the other; returns their size. scratch may be NULL. */
static size_t lay_out(pn_canny_job *job, char *scratch) {
    size_t words = (size_t)(job->height * job->pitch), at = 0;
    job->row_bytes = PN_PICK(pn_canny_row_bytes)(job);
    size_t sizes[] = {words * sizeof *job->candidate, words * sizeof *job->accepted,
                      words * sizeof *job->stack, words * sizeof *job->queued,
                      job->row_bytes * (size_t)job->stripes};
    char *part[5];
    for (int i = 0; i < 5; i++) {
        part[i] = scratch ? scratch + at : NULL;
        at += align_up(sizes[i]);
    }
    job->candidate = (uint64_t *)part[0];
    job->accepted = (uint64_t *)part[1];
    job->stack = (uint32_t *)part[2];
    job->queued = (uint8_t *)part[3];
    job->rows = part[4];
    return at;
}

static pn_canny_job describe(int64_t height, int64_t width, int channels,
                             const pn_canny_options *options) {
    int64_t blocks = (width + CANNY_BLOCK - 1) / CANNY_BLOCK;
    int64_t stripes = height / MIN_STRIPE_ROWS;
    return (pn_canny_job){
        .height = height,
        .width = width,
        .channels = channels,
        .aperture = options->aperture,
        .l2 = options->l2,
        .padded = blocks * CANNY_BLOCK,
        .pitch = blocks + 2,
        .stripes = stripes < 1                   ? 1
                   : stripes < CANNY_MAX_STRIPES ? stripes
                                                 : CANNY_MAX_STRIPES,
    };
}

size_t pn_canny_scratch(int64_t height, int64_t width, int channels,
                        const pn_canny_options *options) {
    int32_t low, high;
    if (pn_canny_prepare(height, width, channels, options, &low, &high, NULL) != PN_OK) return 0;
    pn_canny_job job = describe(height, width, channels, options);
    return lay_out(&job, NULL);
}

/* ---- spreading along the candidates ------------------------------------------------------ */

/* Rows begin <= y < end, and how many words of job->stack are waiting. */
typedef struct area {
    const pn_canny_job *job;
    int64_t begin, end;
    uint32_t *stack;
    size_t waiting;
    bool write; /* show every change in job->edges at once */
} area;

/* Accepted pixels of the row of w, each with its left and right neighbour. */
static uint64_t widen(const uint64_t *w) {
    return w[0] | w[0] << 1 | w[0] >> 1 | w[-1] >> 63 | w[1] << 63;
}

/* Spreads the bits of e along the runs of ones in c. Adding e to c carries from each seed to the
 * upper end of its run; the way down takes doubling steps. */
static uint64_t fill_runs(uint64_t e, uint64_t c) {
    e |= ((c + e) ^ c) & c;
    if ((e >> 1) & c & ~e)
        for (int step = 1; step < 64; step *= 2) {
            e |= (e >> step) & c;
            c &= c >> step;
        }
    return e;
}

static void queue(area *a, int64_t word) {
    const pn_canny_job *job = a->job;
    if (job->queued[word] || job->candidate[word] == job->accepted[word]) return;
    job->queued[word] = 1;
    a->stack[a->waiting++] = (uint32_t)word;
}

static void queue_around(area *a, int64_t word, int64_t y) {
    int64_t pitch = a->job->pitch;
    for (int side = -1; side <= 1; side++) {
        if (y > a->begin) queue(a, word - pitch + side);
        if (side) queue(a, word + side);
        if (y < a->end - 1) queue(a, word + pitch + side);
    }
}

static void write_word(const pn_canny_job *job, int64_t word, int64_t y) {
    int64_t x = (word - y * job->pitch - 1) * CANNY_BLOCK;
    for (int i = 0; i < CANNY_BLOCK && x + i < job->width; i++)
        job->edges[y * job->width + x + i] = job->accepted[word] >> i & 1 ? 255 : 0;
}

static void spread(area *a) {
    const pn_canny_job *job = a->job;
    while (a->waiting > 0) {
        int64_t word = a->stack[--a->waiting], y = word / job->pitch;
        uint64_t *e = job->accepted + word, c = job->candidate[word];
        job->queued[word] = 0;
        uint64_t near = e[-1] >> 63 | e[1] << 63;
        if (y > a->begin) near |= widen(e - job->pitch);
        if (y < a->end - 1) near |= widen(e + job->pitch);
        uint64_t grown = fill_runs(*e | (near & c), c);
        if (grown == *e) continue;
        *e = grown;
        if (a->write) write_word(job, word, y);
        queue_around(a, word, y);
    }
}

static int64_t stripe_begin(const pn_canny_job *job, int64_t stripe) {
    return job->height * stripe / job->stripes;
}

static void do_stripes(void *context, int64_t first, int64_t last) {
    const pn_canny_job *job = context;
    for (int64_t s = first; s < last; s++) {
        int64_t begin = stripe_begin(job, s), end = stripe_begin(job, s + 1);
        int64_t from = begin * job->pitch, to = end * job->pitch;
        PN_PICK(pn_canny_find)(job, begin, end, job->rows + (size_t)s * job->row_bytes);
        memset(job->queued + from, 0, (size_t)(to - from));
        area a = {.job = job, .begin = begin, .end = end, .stack = job->stack + from};
        for (int64_t word = from; word < to; word++) queue(&a, word);
        spread(&a);
        PN_PICK(pn_canny_write)(job, begin, end);
    }
}

static void join_stripes(const pn_canny_job *job) {
    area a = {.job = job, .end = job->height, .stack = job->stack, .write = true};
    for (int64_t s = 1; s < job->stripes; s++) {
        int64_t border = stripe_begin(job, s) * job->pitch;
        for (int64_t word = border - job->pitch; word < border + job->pitch; word++)
            queue(&a, word);
    }
    spread(&a);
}

pn_status pn_canny(const uint8_t *image, int64_t height, int64_t width, int channels,
                   const pn_canny_options *options, void *scratch, uint8_t *edges,
                   pn_error *error) {
    int32_t low, high;
    pn_status status = pn_canny_prepare(height, width, channels, options, &low, &high, error);
    if (status != PN_OK) return status;
    pn_canny_job job = describe(height, width, channels, options);
    job.image = image;
    job.edges = edges;
    job.low = low;
    job.high = high;
    int64_t useful = pn_threads() == 1 ? 1 : (int64_t)pn_threads() * STRIPES_PER_THREAD;
    if (job.stripes > useful) job.stripes = useful;
    lay_out(&job, scratch);
    pn_parallel_for_each(job.stripes, do_stripes, &job);
    join_stripes(&job);
    return PN_OK;
}
