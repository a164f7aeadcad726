/* The plugins there are: where they are looked for, opened once, remembered. */
#ifndef PN_STAGE_REGISTRY_H
#define PN_STAGE_REGISTRY_H

#include "base/file.h"
#include "base/hash.h"
#include "stage/isolate.h"
#include "stage/stage.h"
#include "stage/table.h"

typedef enum pn_plugin_state {
    PN_PLUGIN_GOOD,
    PN_PLUGIN_BAD,     /* it cannot be used: `why` says why */
    PN_PLUGIN_CHANGED, /* its file is another one now; kept for those who still hold its stages */
} pn_plugin_state;

/* One plugin. Made once, never released: stages are pointed to from everywhere. */
typedef struct pn_plugin_file {
    struct pn_plugin_file *next;
    char *path;
    int native;
    int warned; /* its warning was taken */
    pn_plugin_state state;
    pn_error why;
    pn_stamp stamp; /* of the file that was opened */
    pn_hash hash;   /* of its content */
    pn_stage_set set;
    pn_stage_info *info; /* set.count of them */
    pn_isolate isolate;  /* the helper process of its isolated stages */
} pn_plugin_file;

/* One place where plugins are looked for: a folder of them, or one file. */
typedef struct pn_plugin_place {
    char path[PN_PATH];
    int native, is_file;
} pn_plugin_place;

enum { PN_PLUGIN_PLACES = 64 };

/* Fills place[PN_PLUGIN_PLACES] in order of precedence; returns how many. */
size_t pn_plugin_places(pn_plugin_place *place);

/* The plugin in this file, opened now or before; NULL when memory is out. A third-party file that
 * changed on disk is opened anew. Caller holds the registry's lock. */
pn_plugin_file *pn_plugin_open(const char *path, int native);

/* Appends the warnings not taken yet. Caller holds the registry's lock. */
void pn_plugin_take_warnings(pn_text *text);

#endif
