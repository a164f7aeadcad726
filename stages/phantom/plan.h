/* plan.h: which images a call draws: splits, classes, patients, names and sizes. */
#ifndef PN_PHANTOM_PLAN_H
#define PN_PHANTOM_PLAN_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PN_PHANTOM_NAME = 64,  /* bytes */
    PN_PHANTOM_LEAST = 64, /* pixels: an opacity needs some */
};

typedef struct pn_phantom_entry {
    int split; /* 0 train, 1 val, 2 test */
    bool pneumonia, virus;
    int64_t patient; /* counts from 0 over all splits; its stream */
    int width, height;
    char name[PN_PHANTOM_NAME]; /* without the ending */
    char who[PN_PHANTOM_NAME];  /* the patient, as file names call them */
} pn_phantom_entry;

typedef struct pn_phantom_plan {
    pn_phantom_entry *entry; /* (count), by split, class and patient */
    int64_t count;
} pn_phantom_plan;

typedef struct pn_phantom_wish {
    uint64_t seed;
    int64_t count;                      /* images in total */
    double val_share, test_share;       /* of each class */
    double pneumonia_share;             /* of all images */
    int64_t size, min_width, max_width; /* size 0: vary between the two */
    int64_t per_patient;                /* at most so many images of one patient */
} pn_phantom_wish;

/* "train", "val", "test"; "NORMAL" or "PNEUMONIA". */
extern const char *const pn_phantom_splits[3];
const char *pn_phantom_class(bool pneumonia);

/* Images of one class in each split: the shares rounded, but at least one in each split that has a
 * share while the class has enough. Returned in counts[3]. */
void pn_phantom_split(int64_t total, double val_share, double test_share, int64_t counts[3]);

/* Makes the plan. Sizes and the number of images of a patient do not depend on the class; no
 * patient stands in two splits. PN_E_ARGUMENT names what does not fit. */
pn_status pn_phantom_plan_make(const pn_phantom_wish *wish, pn_phantom_plan *plan, pn_error *error);
void pn_phantom_plan_free(pn_phantom_plan *plan);

#endif
