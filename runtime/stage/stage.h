/* Stages, as the rest of Pneuma finds and calls them. Plugins see pneuma/stage.h instead.
 *
 *     const pn_stage_info *info;
 *     pn_stage_arguments *a;
 *     pn_stage_find("canny", &info, &error);
 *     pn_stage_arguments_new(info, &a, &error);
 *     pn_stage_give_int(a, "low", 60, &error);
 *     pn_stage_give_array(a, 0, image, &error);
 *     pn_stage_call(a, &listener, &outcome, &error);
 */
#ifndef PN_STAGE_STAGE_H
#define PN_STAGE_STAGE_H

#include "base/error.h"
#include "base/text.h"
#include "pneuma/stage.h"
#include "stage/values.h"

#include <stdatomic.h>

/* ---- what there is ---- */

/* One stage. Lives until the program ends. */
typedef struct pn_stage_info {
    const pn_stage *table;       /* checked, in this build's layout */
    const char *plugin;          /* the path of its shared object */
    int native;                  /* 1: Pneuma's own; 0: from elsewhere */
    int isolated;                /* 1: runs in a helper process, not in this one */
    struct pn_plugin_file *file; /* for the calls of this folder */
} pn_stage_info;

/* Finds a stage by name: in Pneuma's own plugins, then PNEUMA_STAGES, then the user's folder; the
 * file NAME.so is tried before all are opened. PN_E_NOT_FOUND suggests near names; PN_E_STAGE when
 * the plugin NAME.so is there but cannot be used, saying why. */
pn_status pn_stage_find(const char *name, const pn_stage_info **out, pn_error *error);

/* All stages, by name, and the plugins that cannot be used, a line each. */
typedef struct pn_stage_catalog {
    const pn_stage_info **info;
    size_t count;
    pn_text broken;
} pn_stage_catalog;

pn_status pn_stage_list(pn_stage_catalog *catalog, pn_error *error);
void pn_stage_catalog_free(pn_stage_catalog *catalog);

/* Takes the warnings about plugins that came up since the last call, a line each: every unusable
 * plugin is named once in a process. Append to *text; nothing is appended when there are none. */
void pn_stage_take_warnings(pn_text *text);

/* Appends what `pneuma stage list` and `pneuma stage info NAME` print. */
void pn_stage_list_text(const pn_stage_catalog *catalog, pn_text *text);
void pn_stage_info_text(const pn_stage_info *info, pn_text *text);

/* ---- a call ---- */

/* For all calls of this process: whether the cache is used (it is unless this says 0). Calls that
 * give no seed take pn_run_seed() of base/random.h. */
void pn_stage_set_cache(int on);

typedef struct pn_stage_arguments pn_stage_arguments;
enum { PN_STAGE_WHY = 512 }; /* room for why a result was computed */

pn_status pn_stage_arguments_new(const pn_stage_info *info, pn_stage_arguments **out,
                                 pn_error *error);
void pn_stage_arguments_free(pn_stage_arguments *arguments);

/* Give a parameter its value: checked against its type, limits and choices at once. A whole
 * number fits a FLOAT, a float that is whole fits an INT. PN_E_ARGUMENT names stage and parameter;
 * an unknown name brings a suggestion. Relative paths are taken from the working directory. */
pn_status pn_stage_give_int(pn_stage_arguments *arguments, const char *name, int64_t value,
                            pn_error *error);
pn_status pn_stage_give_float(pn_stage_arguments *arguments, const char *name, double value,
                              pn_error *error);
pn_status pn_stage_give_bool(pn_stage_arguments *arguments, const char *name, int value,
                             pn_error *error);
pn_status pn_stage_give_text(pn_stage_arguments *arguments, const char *name, const char *text,
                             size_t size, pn_error *error);

/* PN_E_ARGUMENT, for a value that is none of these: `got` says what it is ("table"). */
pn_status pn_stage_refuse(pn_stage_arguments *arguments, const char *name, const char *got,
                          pn_error *error);

/* PN_E_ARGUMENT when the stage does not depend on a seed. */
pn_status pn_stage_give_seed(pn_stage_arguments *arguments, uint64_t seed, pn_error *error);

/* Append an item to input number `index` (from 0): checked against its kind, dtype and rank. The
 * tensor is retained, the bytes are copied. */
pn_status pn_stage_give_array(pn_stage_arguments *arguments, size_t index, pn_tensor *tensor,
                              pn_error *error);
pn_status pn_stage_give_string(pn_stage_arguments *arguments, size_t index, const char *bytes,
                               size_t size, pn_error *error);

/* Says that input number `index` is given as a list, which may stay empty. */
pn_status pn_stage_give_list(pn_stage_arguments *arguments, size_t index, pn_error *error);

/* Says that this call is not to be cached, and why ("not cached: ..."): its listener may steer it
 * by answering events. The reason is copied. */
void pn_stage_uncache(pn_stage_arguments *arguments, const char *why);

/* Who listens to a call. Any function may be NULL. Notes, warnings and events come on the calling
 * thread, progress from any thread, about ten times a second.
 * event: a step of the work, live; of a cached result, again. Its answer (NULL, or a string that
 * lives until the next event) reaches the stage only in a call that is not cached:
 * pn_stage_uncache, PN_STAGE_NO_CACHE. stop: becomes non-zero when the listener wants this call to
 * stop, as Ctrl-C would: the call ends with PN_E_CANCELLED unless the stage was done already. */
typedef struct pn_stage_listener {
    void (*note)(void *context, const char *text);
    void (*warning)(void *context, const char *text);
    void (*progress)(void *context, int64_t done, int64_t total);
    const char *(*event)(void *context, const char *text);
    const atomic_int *stop;
    void *context;
} pn_stage_listener;

typedef struct pn_stage_outcome {
    pn_values *results;     /* to be released with pn_values_free */
    int cached;             /* 1: taken from the cache */
    double seconds;         /* it took to run, or to fetch */
    char why[PN_STAGE_WHY]; /* when computed: why, "first time", "cache off", ... */
} pn_stage_outcome;

/* Runs the stage, or takes its results from the cache. Fills in defaults; PN_E_ARGUMENT when a
 * required parameter or input is missing; PN_E_CANCELLED; PN_E_STAGE when the stage fails, its
 * plugin crashes or its results are not what it declared. */
pn_status pn_stage_call(pn_stage_arguments *arguments, const pn_stage_listener *listener,
                        pn_stage_outcome *outcome, pn_error *error);

#endif
