#include "plan.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>

const char *const pn_phantom_splits[3] = {"train", "val", "test"};

const char *pn_phantom_class(bool pneumonia) {
    return pneumonia ? "PNEUMONIA" : "NORMAL";
}

void pn_phantom_split(int64_t total, double val_share, double test_share, int64_t counts[3]) {
    counts[1] = (int64_t)llround((double)total * val_share);
    counts[2] = (int64_t)llround((double)total * test_share);
    if (test_share > 0 && counts[2] == 0 && total >= 2) counts[2] = 1;
    if (val_share > 0 && counts[1] == 0 && total >= 3) counts[1] = 1;
    int64_t wanted = val_share + test_share < 1 && total > 0 ? 1 : 0; /* left for train */
    while (counts[1] + counts[2] > total - wanted) counts[counts[1] > counts[2] ? 1 : 2]--;
    counts[0] = total - counts[1] - counts[2];
}

static double normal_within(pn_random *random, double limit) {
    double n = pn_random_normal(random);
    return n < -limit ? -limit : n > limit ? limit : n;
}

/* Widths and heights as in the real set: log-normal, and the larger images are less wide for their
 * height. */
static void draw_size(const pn_phantom_wish *wish, uint64_t image, pn_phantom_entry *e) {
    pn_random random;
    pn_random_seed(&random, wish->seed, (uint64_t)9 << 48 | image);
    double width = 1300 * exp(0.29 * normal_within(&random, 3.2));
    double aspect = 1.38 * pow(width / 1300, -0.2) * exp(0.15 * normal_within(&random, 2.4));
    if (wish->size > 0) {
        width = (double)wish->size;
    } else {
        width = fmax((double)wish->min_width, fmin((double)wish->max_width, width));
    }
    aspect = fmax(0.97, fmin(2.0, aspect));
    e->width = (int)lround(width);
    e->height = (int)fmax(1, round(width / aspect));
}

/* The last numbers given away. People are counted by class, as in the real set. */
typedef struct numbers {
    int64_t patient, person[2], film;
} numbers;

static void name_normal(pn_phantom_entry *e, int64_t number, int64_t film, bool second) {
    const char *prefix = second ? "NORMAL2-" : "";
    snprintf(e->who, sizeof e->who, "%sIM-%04lld", prefix, (long long)number);
    snprintf(e->name, sizeof e->name, "%sIM-%04lld-%04lld", prefix, (long long)number,
             (long long)film);
}

static void name_pneumonia(pn_phantom_entry *e, int64_t number, int64_t film) {
    snprintf(e->who, sizeof e->who, "person%lld", (long long)number);
    snprintf(e->name, sizeof e->name, "person%lld_%s_%lld", (long long)number,
             e->virus ? "virus" : "bacteria", (long long)film);
}

/* Fills `count` entries of one split and class, patient after patient. */
static void fill(const pn_phantom_wish *wish, pn_phantom_plan *plan, int split, bool pneumonia,
                 int64_t count, numbers *next, pn_random *random) {
    while (count > 0) {
        int64_t images = 1 + (int64_t)pn_random_below(random, (uint64_t)wish->per_patient);
        bool coin = pn_random_below(random, 2) == 0; /* virus or bacteria; which archive */
        if (images > count) images = count;
        next->person[pneumonia]++;
        for (int64_t i = 0; i < images; i++) {
            pn_phantom_entry *e = &plan->entry[plan->count];
            *e = (pn_phantom_entry){.split = split,
                                    .pneumonia = pneumonia,
                                    .virus = pneumonia && coin,
                                    .patient = next->patient};
            draw_size(wish, (uint64_t)plan->count, e);
            if (pneumonia)
                name_pneumonia(e, next->person[pneumonia], ++next->film);
            else
                name_normal(e, next->person[pneumonia], i + 1, coin);
            plan->count++;
        }
        next->patient++;
        count -= images;
    }
}

static pn_status check(const pn_phantom_wish *wish, pn_error *error) {
    if (wish->size > 0 && wish->size < PN_PHANTOM_LEAST)
        return pn_fail(error, PN_E_ARGUMENT,
                       "size is 0 (sizes vary) or a width of at least %d pixels, not %lld",
                       PN_PHANTOM_LEAST, (long long)wish->size);
    if (wish->min_width > wish->max_width)
        return pn_fail(error, PN_E_ARGUMENT, "min_width (%lld) is above max_width (%lld)",
                       (long long)wish->min_width, (long long)wish->max_width);
    if (wish->val_share + wish->test_share > 1)
        return pn_fail(error, PN_E_ARGUMENT, "val_share (%g) and test_share (%g) add up to over 1",
                       wish->val_share, wish->test_share);
    return PN_OK;
}

pn_status pn_phantom_plan_make(const pn_phantom_wish *wish, pn_phantom_plan *plan,
                               pn_error *error) {
    *plan = (pn_phantom_plan){0};
    pn_status status = check(wish, error);
    if (status != PN_OK) return status;
    plan->entry = pn_calloc((size_t)wish->count, sizeof *plan->entry);
    if (!plan->entry) return pn_fail_memory(error, (size_t)wish->count * sizeof *plan->entry);
    int64_t sick = llround((double)wish->count * wish->pneumonia_share), parts[2][3];
    if (wish->count >= 2 && wish->pneumonia_share > 0 && sick == 0) sick = 1;
    if (wish->count >= 2 && wish->pneumonia_share < 1 && sick == wish->count) sick--;
    pn_phantom_split(wish->count - sick, wish->val_share, wish->test_share, parts[0]);
    pn_phantom_split(sick, wish->val_share, wish->test_share, parts[1]);
    numbers next = {0};
    pn_random random;
    pn_random_seed(&random, wish->seed, (uint64_t)8 << 48);
    for (int split = 0; split < 3; split++)
        for (int class = 0; class < 2; class ++)
            fill(wish, plan, split, class == 1, parts[class][split], &next, &random);
    return PN_OK;
}

void pn_phantom_plan_free(pn_phantom_plan *plan) {
    pn_free(plan->entry);
    *plan = (pn_phantom_plan){0};
}
