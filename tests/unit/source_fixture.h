/* Folders of small images and batches to read them into, for the tests of sources. */
#ifndef PN_TESTS_UNIT_SOURCE_FIXTURE_H
#define PN_TESTS_UNIT_SOURCE_FIXTURE_H

#include "test.h"

#include "base/cancel.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/pool.h"
#include "data/prefetch.h"
#include "data/source_config.h"
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 11 };

typedef struct pictures {
    char folder[32];
    char *path[FILES];
    int32_t label[FILES];
} pictures;

static inline void write_picture(const char *path, int number) {
    /* Every other one is grey; sizes differ. */
    int64_t height = 9 + number, width = 12, channels = number % 2 ? 3 : 1;
    pn_text png = {0};
    pn_error error;
    uint8_t pixels[32 * 12 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((i * (size_t)(7 + number)) ^ (i >> 3));
    assert_int_equal(pn_image_encode_png(pixels, height, width, channels, &png, &error), PN_OK);
    assert_int_equal(pn_file_write(path, png.data, png.size, &error), PN_OK);
    pn_text_free(&png);
}

static inline int make_pictures(void **state) {
    pictures *p = calloc(1, sizeof *p);
    if (!p) return 1;
    strcpy(p->folder, "/tmp/pneuma-source-XXXXXX");
    if (!mkdtemp(p->folder)) return 1;
    for (int i = 0; i < FILES; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%02d.png", p->folder, i);
        write_picture(path, i);
        p->path[i] = strdup(path);
        p->label[i] = i % 2;
    }
    *state = p;
    return 0;
}

static inline int remove_pictures(void **state) {
    pictures *p = *state;
    int bad = pn_tree_remove(p->folder, NULL) != PN_OK;
    for (int i = 0; i < FILES; i++) free(p->path[i]);
    free(p);
    return bad;
}

#define AUGMENTED                                                                                  \
    "{\"kind\":\"files\",\"target_size\":[8,10],\"class_mode\":\"binary\","                        \
    "\"classes\":[\"A\",\"B\"],\"batch_size\":4,\"shuffle\":true,\"seed\":5,"                      \
    "\"generator\":{\"rescale\":0.00392156862745098,\"rotation_range\":30,"                        \
    "\"width_shift_range\":0.2,\"zoom_range\":0.2,\"horizontal_flip\":true}}"

/* A source over the pictures; `reader` may be NULL. */
static inline pn_status new_picture_source(const pictures *p, const char *config,
                                           const pn_file_reader *reader, pn_source **out,
                                           pn_error *error) {
    pn_array y = {.dtype = PN_I32, .rank = 1, .shape = {FILES}, .data = (void *)p->label};
    pn_source_spec spec = {
        .config = config, .paths = (const char *const *)p->path, .path_count = FILES, .y = &y};
    if (reader) spec.reader = *reader;
    return pn_data_source_new(&spec, out, error);
}

static inline pn_batch new_batch(const pn_source *s) {
    size_t n = (size_t)s->batch_size;
    return (pn_batch){.x = pn_calloc(n * (size_t)pn_dims_count(&s->x), sizeof(float)),
                      .y = pn_calloc(n * (size_t)s->y_size, sizeof(float)),
                      .label = pn_calloc(n, sizeof(int32_t)),
                      .index = pn_calloc(n, sizeof(int64_t))};
}

static inline void free_batch(pn_batch *b) {
    pn_free(b->x);
    pn_free(b->y);
    pn_free(b->label);
    pn_free(b->index);
}

static inline void add_batch(pn_hasher *hasher, const pn_source *s, const pn_batch *b) {
    size_t n = (size_t)b->count;
    pn_hasher_add_int(hasher, b->count);
    pn_hasher_add(hasher, b->x, n * (size_t)pn_dims_count(&s->x) * sizeof(float));
    pn_hasher_add(hasher, b->y, n * (size_t)s->y_size * sizeof(float));
    pn_hasher_add(hasher, b->label, n * sizeof *b->label);
    pn_hasher_add(hasher, b->index, n * sizeof *b->index);
}

/* The hash of all batches of epochs `from` to below `to`, in order. */
static inline pn_hash hash_epochs(pn_source *s, int64_t from, int64_t to) {
    pn_hasher *hasher = pn_hasher_new();
    pn_batch b = new_batch(s);
    pn_error error;
    for (int64_t epoch = from; epoch < to; epoch++)
        for (int64_t k = 0; k < s->batches; k++) {
            if (s->fill(s, epoch, k, &b, &error) != PN_OK) fail_msg("%s", error.message);
            add_batch(hasher, s, &b);
        }
    free_batch(&b);
    return pn_hasher_finish(hasher);
}

static inline void assert_says(const pn_error *error, const char *text) {
    if (!strstr(error->message, text)) fail_msg("\"%s\" does not say \"%s\"", error->message, text);
}

#endif
