/* nn: optimizers, losses, metrics and callbacks are Keras configs; C says whether they are right.
 */
#define _GNU_SOURCE
#include "lua/nn_binding.h"

#include "lua/json.h"
#include "nn/loss.h"
#include "nn/train/callback.h"
#include "nn/train/metric.h"
#include "nn/train/optimizer.h"

#include <string.h>
#include <time.h>

static pn_status check_optimizer(const json_t *json, pn_error *error) {
    pn_optimizer optimizer;
    pn_status status = pn_optimizer_parse(json, &optimizer, error);
    if (status == PN_OK) pn_optimizer_free(&optimizer);
    return status;
}

static pn_status check_schedule(const json_t *json, pn_error *error) {
    pn_schedule schedule;
    return pn_schedule_parse(json, &schedule, error);
}

static pn_status check_loss(const json_t *json, pn_error *error) {
    pn_loss loss;
    return pn_loss_parse(json, &loss, error);
}

static pn_status check_metric(const json_t *json, pn_error *error) {
    pn_metric metric;
    pn_status status = pn_metric_parse(json, &metric, error);
    if (status == PN_OK) pn_metric_free(&metric);
    return status;
}

static pn_status check_callback(const json_t *json, pn_error *error) {
    pn_callback callback;
    pn_status status = pn_callback_parse(json, &callback, error);
    if (status == PN_OK) pn_callback_free(&callback);
    return status;
}

static const struct {
    const char *kind;
    pn_status (*check)(const json_t *json, pn_error *error);
} kinds[] = {
    {"optimizer", check_optimizer}, {"schedule", check_schedule}, {"loss", check_loss},
    {"metric", check_metric},       {"callback", check_callback}, {NULL, NULL},
};

/* check(kind, value): raises unless C takes the value (a name, or {class_name =, config =}) as one
 * of that kind. Returns it as JSON text. */
static int core_check(lua_State *L) {
    const char *kind = luaL_checkstring(L, 1);
    pn_error error;
    int i = 0;
    while (kinds[i].kind && strcmp(kinds[i].kind, kind) != 0) i++;
    luaL_argcheck(L, kinds[i].kind, 1, "no such kind");
    lua_settop(L, 2);
    lua_createtable(L, 0, 1); /* a name alone is JSON, too */
    lua_insert(L, 2);
    lua_setfield(L, 2, kind);
    const json_t *json = json_object_get(pn_lua_to_json(L, 2, kind), kind);
    pn_lua_check(L, kinds[i].check(json, &error), &error);
    pn_lua_push_dump(L, json);
    return 1;
}

/* now() -> seconds that only go forward */
static int core_now(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    return 1;
}

void pn_lua_nn_add_named(lua_State *L) {
    static const luaL_Reg functions[] = {{"check", core_check}, {"now", core_now}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
