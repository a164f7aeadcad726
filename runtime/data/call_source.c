#include "data/call_source.h"

/* The context of the reader; lives in the host's scratch memory. */
typedef struct host_link {
    const pn_host *host;
    pn_call *call;
} host_link;

static pn_status read_file(void *context, const char *path, void **data, size_t *size,
                           pn_error *error) {
    const host_link *l = context;
    const char *reason = "";
    if (l->host->read_file(l->call, path, 0, data, size, &reason) == 0) return PN_OK;
    return pn_fail_path(error, PN_E_IO, path, "%s", reason);
}

static void free_file(void *context, void *data) {
    const host_link *l = context;
    l->host->free(l->call, data);
}

static int64_t count_of(const host_link *l, const char *name) {
    return name ? l->host->input_count(l->call, name) : 0;
}

static pn_status fail_scratch(pn_error *error) {
    return pn_fail(error, PN_E_MEMORY, "out of memory");
}

static pn_status list_paths(const host_link *l, const char *name, pn_source_spec *spec,
                            pn_error *error) {
    spec->path_count = count_of(l, name);
    if (spec->path_count == 0) return PN_OK;
    const char **paths = l->host->alloc(l->call, (size_t)spec->path_count * sizeof *paths);
    if (!paths) return fail_scratch(error);
    for (int64_t i = 0; i < spec->path_count; i++)
        paths[i] = l->host->input_string(l->call, name, i, NULL);
    spec->paths = paths;
    return PN_OK;
}

pn_status pn_call_source_new(const pn_host *host, pn_call *call, const pn_call_source *names,
                             pn_source **out, pn_error *error) {
    pn_array x, y;
    host_link *l = host->alloc(call, sizeof *l);
    if (!l) return fail_scratch(error);
    *l = (host_link){host, call};
    pn_source_spec spec = {.config = host->param_string(call, names->config),
                           .reader = {read_file, free_file, l}};
    if (count_of(l, names->x) && host->input_array(call, names->x, 0, &x) == 0) spec.x = &x;
    if (count_of(l, names->y) && host->input_array(call, names->y, 0, &y) == 0) spec.y = &y;
    pn_status status = list_paths(l, names->paths, &spec, error);
    return status == PN_OK ? pn_data_source_new(&spec, out, error) : status;
}
