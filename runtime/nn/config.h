/* Reading a layer's Keras config: options by name, with their defaults and limits. The first thing
 * that is wrong is kept; layers read all their options and the caller asks once, at the end.
 * Defaults are written into the config, which so becomes what Keras's get_config() would say. */
#ifndef PN_NN_CONFIG_H
#define PN_NN_CONFIG_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pn_config {
    json_t *json;           /* the config; borrowed */
    const char *class_name; /* for messages: Conv2D */
    const char *layer;      /* for messages: the layer's name, or "" */
    const char *known[48];  /* names that were asked for */
    int known_count;
    pn_status status; /* PN_OK, or what the first wrong option gave */
    pn_error *error;
} pn_config;

/* Start with this. */
pn_config pn_config_begin(json_t *json, const char *class_name, const char *layer, pn_error *error);

/* No default: the option must be there. */
#define PN_CONFIG_REQUIRED INT64_MIN

/* A whole number from low to high. */
int64_t pn_config_int(pn_config *config, const char *name, int64_t preset, int64_t low,
                      int64_t high);
/* A number from low to high. With a preset of NAN the option must be there. */
double pn_config_number(pn_config *config, const char *name, double preset, double low,
                        double high);
bool pn_config_bool(pn_config *config, const char *name, bool preset);
/* Two whole numbers from `low` on: n or [n, m]. With `preset` NULL the option must be there. */
void pn_config_pair(pn_config *config, const char *name, const int64_t preset[2], int64_t low,
                    int64_t value[2]);
/* The place of a word in choices (NULL-ended). */
int pn_config_choice(pn_config *config, const char *name, const char *const *choices, int preset);
/* A word, borrowed from the config. */
const char *pn_config_word(pn_config *config, const char *name, const char *preset);
/* The option as it is, borrowed; NULL when it is missing or null. */
json_t *pn_config_item(pn_config *config, const char *name);

/* An option of Keras's that only has one supported value: a whole number or a word. */
void pn_config_only_int(pn_config *config, const char *name, int64_t value);
void pn_config_only_word(pn_config *config, const char *name, const char *value);
/* One that is kept but changes nothing here, such as a regularizer. */
void pn_config_ignore(pn_config *config, const char *name);

/* Records that the option is wrong: "Conv2D 'conv2d_1': kernel_size must be ..., not ...". */
void pn_config_wrong(pn_config *config, const char *name, const char *expected);

/* The status of all; PN_E_ARGUMENT with a suggestion for an option that nobody asked for. */
pn_status pn_config_finish(pn_config *config);

#endif
