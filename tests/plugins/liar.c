/* A table that lies about its sizes. */
#include <pneuma/stage.h>

static int run(const pn_host *host, pn_call *call) {
    (void)host, (void)call;
    return 0;
}

static const pn_port results[] = {{.name = "out"}};
static const pn_stage stages[] = {
    {.name = "liar", .version = "1", .results = results, .result_count = 1, .run = run}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = {.abi = PN_STAGE_ABI,
                                                 .plugin_size = sizeof(pn_plugin),
                                                 .stage_size = 12,
                                                 .param_size = sizeof(pn_param),
                                                 .port_size = sizeof(pn_port),
                                                 .array_size = sizeof(pn_array),
                                                 .stages = stages,
                                                 .stage_count = 1};
