/* Reads the golden files of tests/unit/data: results of other software, written by
 * tests/peers/goldens_image.py. A file is a run of records, each a line of words and then raw
 * bytes, as many as the words say. */
#ifndef PN_TESTS_UNIT_GOLDEN_H
#define PN_TESTS_UNIT_GOLDEN_H

#include "test.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

typedef struct golden {
    char *data;
    size_t size, at;
} golden;

static inline golden golden_open(const char *name) {
    golden g = {0};
    char path[PN_PATH];
    pn_error error;
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    if (pn_file_read(path, 0, &g.data, &g.size, &error) != PN_OK) fail_msg("%s", error.message);
    return g;
}

/* The next line without its end, or NULL when all is read. */
static inline const char *golden_line(golden *g) {
    static char line[256];
    if (g->at >= g->size) return NULL;
    char *start = g->data + g->at, *end = memchr(start, '\n', g->size - g->at);
    assert_non_null(end);
    assert_true((size_t)(end - start) < sizeof line);
    memcpy(line, start, (size_t)(end - start));
    line[end - start] = 0;
    g->at += (size_t)(end - start) + 1;
    return line;
}

/* The next `size` raw bytes, copied so that they are aligned; release with pn_free. */
static inline void *golden_bytes(golden *g, size_t size) {
    assert_true(size <= g->size - g->at);
    void *bytes = pn_alloc(size);
    memcpy(bytes, g->data + g->at, size);
    g->at += size;
    return bytes;
}

static inline void golden_close(golden *g) {
    pn_free(g->data);
}

#endif
