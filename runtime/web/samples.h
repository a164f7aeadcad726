/* Images to try: synthetic X-rays, drawn when the app starts. */
#ifndef PN_WEB_SAMPLES_H
#define PN_WEB_SAMPLES_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

enum { PN_SAMPLES = 6 };

typedef struct pn_samples {
    struct {
        char name[32]; /* "sample_1.jpg" */
        char *data;
        size_t size;
    } image[PN_SAMPLES];
    int count;
} pn_samples;

/* Draws them with the stage `phantom`. */
pn_status pn_samples_draw(pn_samples *samples, pn_error *error);
void pn_samples_free(pn_samples *samples);

/* [{"name":, "url":}, ...]; a new reference. */
json_t *pn_samples_json(const pn_samples *samples);

#endif
