/* The table a plugin exports, read with distrust: copied into this build's layout and checked. */
#ifndef PN_STAGE_TABLE_H
#define PN_STAGE_TABLE_H

#include "base/error.h"
#include "pneuma/stage.h"
#include "stage/arena.h"

#include <jansson.h>

/* The stages of one plugin, in this build's layout, with all they point to. */
typedef struct pn_stage_set {
    pn_stage *stage;
    size_t count;
    pn_arena arena;
} pn_stage_set;

/* Copies and checks a loaded plugin's table. A table built with smaller or larger structs than
 * ours is read by its own strides; what it lacks is zero. PN_E_STAGE says what is wrong with it,
 * without the plugin's name. Start with *set = {0}; release with pn_stage_set_free. */
pn_status pn_stage_set_read(const pn_plugin *plugin, pn_stage_set *set, pn_error *error);

/* The same stages as JSON, for the way out of a helper process; NULL when memory is out. New
 * reference. */
json_t *pn_stage_set_encode(const pn_stage_set *set);

/* And back, checked again: the helper ran the plugin's code. `run` is NULL in every stage. */
pn_status pn_stage_set_decode(json_t *json, pn_stage_set *set, pn_error *error);

void pn_stage_set_free(pn_stage_set *set);

/* Checks stages that are in this build's layout (names, defaults, ranges, kinds). */
pn_status pn_stage_set_check(const pn_stage_set *set, pn_error *error);

/* A parameter's value. */
typedef struct pn_param_value {
    int given;   /* 1: has a value */
    int64_t i;   /* INT, BOOL */
    double f;    /* FLOAT */
    char *text;  /* STRING, CHOICE, PATH: NUL-ended, borrowed from whoever filled it */
    size_t size; /* of text */
} pn_param_value;

/* Reads a value as a user would write it ("60", "0.5", "true", "jet"); `text` stays borrowed. The
 * message says what was expected, to stand behind "parameter low ". */
pn_status pn_param_parse(const pn_param *param, const char *text, pn_param_value *value,
                         pn_error *error);

/* Checks limits and choices; the message as above. */
pn_status pn_param_check(const pn_param *param, const pn_param_value *value, pn_error *error);

/* "int", "float", "bool", "string", "choice", "path". */
const char *pn_param_type_name(pn_param_type type);
/* "array", "list of arrays", "list of strings". */
const char *pn_kind_name(pn_kind kind);

#endif
