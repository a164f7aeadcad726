/* pneuma/stage.h: the plugin interface of Pneuma, whole. A plugin needs this header and nothing
 * else; it links no library of Pneuma's.
 *
 * A stage is a named, versioned function over parameters, arrays, strings and files. A plugin is a
 * shared object that exports one constant table:
 *
 *     static const pn_stage stages[] = {{ .name = "invert", ..., .run = invert }};
 *     PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
 *
 * The host checks the table, fills in defaults, checks every parameter's range and every input's
 * type and rank, and only then calls run(). A stage's results must depend on nothing but its
 * parameters, its inputs, the seed and what it reads through the host: the host caches them.
 *
 * Tables only ever grow at their ends; `abi` changes when something else does. Text is UTF-8, but
 * for paths, which are bytes as the system gives them. */
#ifndef PNEUMA_STAGE_H
#define PNEUMA_STAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PN_STAGE_ABI 1u

#define PN_STAGE_EXPORT __attribute__((visibility("default")))

/* ---- values ---------------------------------------------------------------------------- */

typedef enum pn_dtype {
    PN_F32 = 0, /* float */
    PN_U8 = 1,  /* uint8_t */
    PN_I32 = 2, /* int32_t */
} pn_dtype;

enum { PN_MAX_RANK = 8 };

/* A dense array, row-major: the last axis is next to each other in memory. An image is
 * (height, width) or (height, width, channels). */
typedef struct pn_array {
    pn_dtype dtype;
    int32_t rank;
    int64_t shape[PN_MAX_RANK];
    void *data;
} pn_array;

/* What an input or a result is. */
typedef enum pn_kind {
    PN_KIND_ARRAY = 0,   /* one array */
    PN_KIND_ARRAYS = 1,  /* a list of arrays, of unequal shape if need be */
    PN_KIND_STRINGS = 2, /* a list of byte strings: names, paths */
} pn_kind;

/* Sets of dtypes for pn_port.dtypes. */
enum {
    PN_ANY_DTYPE = 0,
    PN_BIT_F32 = 1 << PN_F32,
    PN_BIT_U8 = 1 << PN_U8,
    PN_BIT_I32 = 1 << PN_I32
};

/* ---- what a stage declares ------------------------------------------------------------- */

typedef enum pn_param_type {
    PN_PARAM_INT = 0,
    PN_PARAM_FLOAT = 1,
    PN_PARAM_BOOL = 2,
    PN_PARAM_STRING = 3,
    PN_PARAM_CHOICE = 4, /* one of the words in `choices` */
    PN_PARAM_PATH = 5,   /* a file or folder; reaches the stage as an absolute path */
} pn_param_type;

/* One parameter. `preset` is the default, written as a user would ("60", "0.5", "true", "jet");
 * NULL makes the parameter required. For INT and FLOAT, minimum and maximum are inclusive; both 0
 * means no limits. */
typedef struct pn_param {
    const char *name;
    pn_param_type type;
    const char *preset;
    double minimum, maximum;
    const char *const *choices; /* NULL-ended, for CHOICE */
    const char *help;           /* one line */
} pn_param;

/* One input or result. Ranks count for arrays alone; both 0 means any rank. */
typedef struct pn_port {
    const char *name;
    pn_kind kind;
    uint32_t dtypes; /* PN_BIT_... or PN_ANY_DTYPE */
    int32_t min_rank, max_rank;
    int32_t optional; /* 1: the input may be missing */
    const char *help; /* one line */
} pn_port;

enum {
    PN_STAGE_SEED = 1,     /* the results depend on the seed */
    PN_STAGE_NO_CACHE = 2, /* never cache (what it returns is cheaper than reading it back) */
    PN_STAGE_ISOLATED = 4, /* always run in a helper process with a limit on memory, Pneuma's own
                              stages too: for files that may be hostile */
};

typedef struct pn_host pn_host;
typedef struct pn_call pn_call; /* one run of a stage; opaque */

typedef struct pn_stage {
    const char *name;    /* an identifier: letters, digits, _ */
    const char *version; /* change it when the results change */
    const char *help;    /* one line */
    const pn_param *params;
    size_t param_count;
    const pn_port *inputs; /* in the order in which users give them */
    size_t input_count;
    const pn_port *results;
    size_t result_count;
    uint32_t flags;
    /* Does the work. 0: done, every result set. Anything else: failed, after host->fail() said
     * why or host->cancelled() said to stop. Must not exit, and must free what it allocated
     * itself. Called on one thread; may use host->parallel_for. */
    int (*run)(const pn_host *host, pn_call *call);
} pn_stage;

/* The exported table, a constant named `pneuma_plugin`. */
typedef struct pn_plugin {
    uint32_t abi;         /* PN_STAGE_ABI */
    uint32_t plugin_size; /* sizeof(pn_plugin), and so on: how the tables looked when the plugin */
    uint32_t stage_size;  /* was compiled, so that a newer host can read an older plugin */
    uint32_t param_size;
    uint32_t port_size;
    uint32_t array_size;
    const pn_stage *stages;
    size_t stage_count;
} pn_plugin;

#define PN_PLUGIN(array_of_stages)                                                                 \
    {                                                                                              \
        PN_STAGE_ABI, sizeof(pn_plugin), sizeof(pn_stage), sizeof(pn_param), sizeof(pn_port),      \
            sizeof(pn_array), (array_of_stages),                                                   \
            sizeof(array_of_stages) / sizeof((array_of_stages)[0])                                 \
    }

/* ---- what the host offers -------------------------------------------------------------- */

/* Work on the items begin <= i < end; may run on any thread. */
typedef void (*pn_work)(void *context, int64_t begin, int64_t end);

/* All functions take the call they serve. Pointers they return live until run() returns, unless
 * said otherwise. Those marked [any thread] may be called from inside parallel_for. */
struct pn_host {
    uint32_t abi;
    uint32_t size; /* sizeof(pn_host) in the host: a function beyond it is not there */

    /* Parameters, by declared name; defaults are filled in and ranges checked. [any thread] */
    int64_t (*param_int)(pn_call *call, const char *name);
    double (*param_float)(pn_call *call, const char *name);
    int (*param_bool)(pn_call *call, const char *name);
    const char *(*param_string)(pn_call *call, const char *name); /* STRING, CHOICE, PATH */

    /* Inputs. count: items in a list, 1 for an ARRAY, 0 when an optional input is missing.
     * array: item `index` (from 0), borrowed and read-only; returns 0, or -1 out of range.
     * string: NUL-ended, *size may be NULL. [any thread] */
    int64_t (*input_count)(pn_call *call, const char *name);
    int (*input_array)(pn_call *call, const char *name, int64_t index, pn_array *array);
    const char *(*input_string)(pn_call *call, const char *name, int64_t index, size_t *size);

    /* Results. add_array: the caller fills dtype, rank and shape; the host allocates zeroed
     * memory, sets `data` and appends the array to the named result (an ARRAY takes one). The
     * stage writes into it until run() returns. 0, or -1 after having recorded a failure.
     * add_string: appends a copy of bytes[size]. Not from inside parallel_for: make the results
     * first, then fill them in parallel. */
    int (*add_array)(pn_call *call, const char *result, pn_array *array);
    int (*add_string)(pn_call *call, const char *result, const char *bytes, size_t size);

    /* Scratch memory, 64-byte aligned, uninitialised, released when run() returns; NULL when there
     * is none (return failure then; the host has recorded it). free() is optional and early.
     * [any thread] */
    void *(*alloc)(pn_call *call, size_t size);
    void (*free)(pn_call *call, void *memory);

    /* Calls work over 0 <= i < count on the host's threads, in blocks, and waits. */
    void (*parallel_for)(pn_call *call, int64_t count, pn_work work, void *context);
    int (*threads)(pn_call *call); /* how many threads that is */

    /* The seed of this call, for stages with PN_STAGE_SEED. */
    uint64_t (*seed)(pn_call *call);

    /* Files. The host remembers what was read, and a cached result is only used again while those
     * files and listings are unchanged; so read nothing else. [any thread]
     * read_file: the first `limit` bytes (0: all) of a file; 0, or -1 with *reason set (the failure
     * is not recorded: a stage that works on many files lists it and goes on). Release *data with
     * free(), or leave it to the host.
     * list_folder: the names in a folder, sorted by bytes, without "." and "..", each with a
     * trailing '/' for a folder; *names is NULL-ended. 0, or -1 with *reason set. */
    int (*read_file)(pn_call *call, const char *path, size_t limit, void **data, size_t *size,
                     const char **reason);
    int (*list_folder)(pn_call *call, const char *path, const char *const **names, size_t *count,
                       const char **reason);

    /* A folder for files the stage writes, kept with its cached result under a path that does not
     * change; made at the first call. Return paths in it as strings. It survives a kill, a failure
     * and a cancellation: what a call with the same key finds in it was written by an earlier try,
     * to be resumed from. Parameters, inputs and seed were the same then; files read through the
     * host may have changed since, so a checkpoint should say what it depends on. NULL after a
     * recorded failure. */
    const char *(*output_folder)(pn_call *call);

    /* progress: `done` of `total` items, from any thread and as often as one likes.
     * cancelled: 1 when the user or a time-out wants the stage to stop: poll it at least every
     * tenth of a second, clean up and return non-zero. [any thread] */
    void (*progress)(pn_call *call, int64_t done, int64_t total);
    int (*cancelled)(pn_call *call);

    /* fail: records why run() is about to return non-zero; the first message is kept. Returns -1,
     * for `return host->fail(...)`. note: a remark for the user (shown under the cell, and again
     * when the result comes from the cache). [any thread] */
    int (*fail)(pn_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
    void (*note)(pn_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

    /* event: tells whoever called about a step of long work, at once: one line of JSON, say an
     * epoch's logs, of at most PN_STAGE_EVENT bytes. Only on run()'s thread. Events are kept with
     * the result and told again, in order, when it comes from the cache; so a call that resumes
     * sends those of its earlier steps again. Returns the listener's answer, which lives until the
     * next event, or NULL. There are answers only in calls that are not cached and not isolated,
     * because a result would depend on them. Poll cancelled() afterwards: a listener may stop this
     * call. */
    const char *(*event)(pn_call *call, const char *text);

    /* watch_file: for a file that the stage reads itself, because it is large or a library wants
     * its path. As read_file, of any size and without the bytes: the content is hashed, and a
     * cached result is only used again while it is the same. Call it before reading: a change in
     * between is noticed then. 0, or -1 with *reason set. [any thread] */
    int (*watch_file)(pn_call *call, const char *path, const char **reason);
};

enum { PN_STAGE_EVENT = 65536 };

#ifdef __cplusplus
}
#endif
#endif
