/* Plugin tables: older and newer ones are read by their own sizes, bad ones are refused. */
#include "test.h"

#include "stage/table.h"

#include <string.h>

static int run(const pn_host *host, pn_call *call) {
    (void)host, (void)call;
    return 0;
}

static const char *const words[] = {"red", "green", NULL};

/* A good table whose parts each test spoils. */
static pn_param params[2];
static pn_port inputs[2], results[2];
static pn_stage stages[2];
static pn_plugin plugin;

static int good_table(void **state) {
    (void)state;
    params[0] = (pn_param){"low", PN_PARAM_INT, "60", 0, 1000, NULL, "help"};
    params[1] = (pn_param){"colour", PN_PARAM_CHOICE, "red", 0, 0, words, NULL};
    inputs[0] = (pn_port){"image", PN_KIND_ARRAY, PN_BIT_U8, 2, 3, 0, "an image"};
    inputs[1] = (pn_port){"names", PN_KIND_STRINGS, 0, 0, 0, 1, NULL};
    results[0] = (pn_port){"edges", PN_KIND_ARRAY, PN_BIT_U8, 2, 2, 0, "edges"};
    results[1] = (pn_port){"more", PN_KIND_ARRAYS, 0, 0, 0, 0, NULL};
    for (int i = 0; i < 2; i++)
        stages[i] = (pn_stage){
            i ? "second" : "first", "1", "help", params, 2, inputs, 2, results, 2, 0, run};
    plugin = (pn_plugin)PN_PLUGIN(stages);
    return 0;
}

static void accepted(void) {
    pn_stage_set set = {0}, again = {0};
    pn_error error = {0};
    pn_status status = pn_stage_set_read(&plugin, &set, &error);
    if (status != PN_OK) print_error("%s\n", error.message);
    assert_int_equal(status, PN_OK);
    assert_int_equal(set.count, 2);
    assert_string_equal(set.stage[1].name, "second");
    assert_string_equal(set.stage[1].params[1].choices[1], "green");
    assert_int_equal(set.stage[1].results[1].kind, PN_KIND_ARRAYS);
    /* and through JSON, as from a helper */
    json_t *json = pn_stage_set_encode(&set);
    assert_non_null(json);
    assert_int_equal(pn_stage_set_decode(json, &again, &error), PN_OK);
    assert_string_equal(again.stage[1].params[1].choices[1], "green");
    assert_null(again.stage[1].params[1].help);
    assert_int_equal(again.stage[0].inputs[0].max_rank, 3);
    assert_true(again.stage[0].params[0].maximum == 1000);
    json_decref(json);
    pn_stage_set_free(&set);
    pn_stage_set_free(&again);
}

static void refused(const char *message) {
    pn_stage_set set = {0};
    pn_error error = {0};
    pn_status status = pn_stage_set_read(&plugin, &set, &error);
    if (status == PN_OK || !strstr(error.message, message))
        print_error("got: %s\nnot: %s\n", error.message, message);
    assert_int_equal(status, PN_E_STAGE);
    assert_non_null(strstr(error.message, message));
    good_table(NULL);
}

static void a_good_one(void **state) {
    (void)state;
    accepted();
}

/* A plugin built with a later header has longer structs; what we know stands in front. */
static void larger_structs(void **state) {
    (void)state;
    struct {
        pn_stage known;
        void *later[3];
    } large_stages[2] = {{.known = stages[0]}, {.known = stages[1]}};
    struct {
        pn_param known;
        double later;
    } large_params[2] = {{.known = params[0]}, {.known = params[1]}};
    struct {
        pn_port known;
        const char *later;
    } large_results[2] = {{.known = results[0]}, {.known = results[1]}},
      large_inputs[2] = {{.known = inputs[0]}, {.known = inputs[1]}};
    for (int i = 0; i < 2; i++) {
        large_stages[i].known.params = &large_params[0].known;
        large_stages[i].known.inputs = &large_inputs[0].known;
        large_stages[i].known.results = &large_results[0].known;
    }
    plugin.plugin_size = sizeof plugin + 8;
    plugin.stage_size = sizeof large_stages[0];
    plugin.param_size = sizeof large_params[0];
    plugin.port_size = sizeof large_results[0];
    plugin.stages = &large_stages[0].known;
    accepted();
}

static void impossible_tables(void **state) {
    (void)state;
    plugin.abi = 2;
    refused("built for stage ABI 2, this Pneuma speaks 1");
    plugin.stage_size = 8;
    refused("a pn_stage takes 8 bytes");
    plugin.param_size = sizeof(pn_param) + 3;
    refused("a pn_param takes");
    plugin.port_size = 1u << 30;
    refused("a pn_port takes");
    plugin.stage_count = 0;
    refused("holds no stage");
    plugin.stage_count = 1u << 30;
    refused("there are 1073741824 stages");
    plugin.stages = NULL;
    refused("points to none");
    stages[0].params = NULL;
    refused("parameters, but points to none");
}

static void bad_stages(void **state) {
    (void)state;
    stages[1].run = NULL;
    refused("stage number 2 has no run function");
    stages[0].name = NULL;
    refused("stage number 1 has the name '(none)'");
    stages[0].name = "no good";
    refused("the name 'no good'");
    stages[0].name = "list";
    refused("no stage can be called 'list'");
    stages[0].name = "second";
    refused("two stages called 'second'");
    stages[0].version = "";
    refused("has no version");
    stages[0].result_count = 0;
    refused("declares no result");
}

static void bad_params(void **state) {
    (void)state;
    params[0].name = "end";
    refused("a parameter 'end' whose name");
    params[0].name = "seed";
    refused("use the flag PN_STAGE_SEED");
    params[0].name = "colour";
    refused("two things called 'colour'");
    params[0].name = "image";
    refused("two things called 'image'");
    params[0].type = (pn_param_type)9;
    refused("'low' of an unknown type");
    params[0].minimum = 2000;
    refused("minimum above its maximum");
    params[0].preset = "2000";
    refused("whose default must lie between 0 and 1000, not 2000");
    params[0].preset = "6.5";
    refused("whose default must be a whole number, not '6.5'");
    params[1].preset = "gren";
    refused("whose default must be one of 'red', 'green', not 'gren'");
    params[1].choices = NULL;
    refused("without choices");
}

static void bad_ports(void **state) {
    (void)state;
    inputs[0].kind = (pn_kind)7;
    refused("an input 'image' of an unknown kind");
    inputs[0].dtypes = 64;
    refused("with an unknown dtype");
    results[0].max_rank = 9;
    refused("a result 'edges' with an impossible range of ranks");
    results[0].min_rank = 3;
    refused("impossible range of ranks");
    results[1].name = "edges";
    refused("two things called 'edges'");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, good_table)
    const struct CMUnitTest tests[] = {TEST(a_good_one),        TEST(larger_structs),
                                       TEST(impossible_tables), TEST(bad_stages),
                                       TEST(bad_params),        TEST(bad_ports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
