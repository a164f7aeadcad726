#include "stage/load.h"

#include <dlfcn.h>

pn_status pn_plugin_load(const char *path, pn_stage_set *set, pn_error *error) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return pn_fail(error, PN_E_STAGE, "it cannot be loaded: %s", dlerror());
    const pn_plugin *plugin = dlsym(handle, "pneuma_plugin");
    pn_status status = plugin
                           ? pn_stage_set_read(plugin, set, error)
                           : pn_fail(error, PN_E_STAGE, "it exports no table called pneuma_plugin");
    if (status != PN_OK) dlclose(handle);
    return status;
}
