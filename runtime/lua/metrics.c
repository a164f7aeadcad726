/* The Lua module `metrics`: the parts of metrics.lua that are C. */
#include "lua/metrics.h"

#include "base/memory.h"
#include "base/random.h"
#include "lua/support.h"
#include "nn/measure/bootstrap.h"
#include "nn/measure/score.h"

#include <string.h>

/* ---- reading ---- */

/* Room for `count` things of this size, in a scratch pushed on the stack. */
static void *room(lua_State *L, int64_t count, size_t size) {
    void **slot = pn_lua_scratch(L, pn_free);
    *slot = pn_calloc((size_t)count, size);
    if (!*slot) pn_lua_fail(L, PN_E_MEMORY, "out of memory for %lld items", (long long)count);
    return *slot;
}

/* The array of whole numbers at `index`. */
static int64_t *read_places(lua_State *L, int index, int64_t *count) {
    index = lua_absindex(L, index);
    *count = luaL_len(L, index);
    int64_t *place = room(L, *count, sizeof *place);
    for (int64_t i = 0; i < *count; i++) {
        lua_geti(L, index, i + 1);
        place[i] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return place;
}

/* Items from the arrays of labels and scores at two indices. */
static pn_scored *read_items(lua_State *L, int labels, int scores, int64_t *count) {
    *count = luaL_len(L, scores);
    pn_scored *item = room(L, *count, sizeof *item);
    for (int64_t i = 0; i < *count; i++) {
        lua_geti(L, labels, i + 1);
        lua_geti(L, scores, i + 1);
        item[i].label = lua_tointeger(L, -2) == 1;
        item[i].score = lua_tonumber(L, -1);
        item[i].place = i;
        lua_pop(L, 2);
    }
    return item;
}

static pn_measure read_measure(lua_State *L, int index) {
    static const char *const names[] = {
        [PN_MEASURE_AUC] = "auc",
        [PN_MEASURE_AVERAGE_PRECISION] = "average_precision",
        [PN_MEASURE_ACCURACY] = "accuracy",
        [PN_MEASURE_BALANCED_ACCURACY] = "balanced_accuracy",
        [PN_MEASURE_PRECISION] = "precision",
        [PN_MEASURE_RECALL] = "recall",
        [PN_MEASURE_SPECIFICITY] = "specificity",
        [PN_MEASURE_F1] = "f1",
        [PN_MEASURE_BRIER] = "brier",
        [PN_MEASURE_LOG_LOSS] = "log_loss",
        NULL,
    };
    return (pn_measure)luaL_checkoption(L, index, NULL, names);
}

/* ---- all items ---- */

static int core_cuts(lua_State *L) {
    int64_t count;
    lua_settop(L, 2);
    pn_scored *item = read_items(L, 1, 2, &count);
    pn_scored_sort(item, count);
    pn_cut *cut = room(L, count, sizeof *cut);
    int64_t cuts = pn_scored_cuts(item, count, cut);
    for (int k = 0; k < 3; k++) lua_createtable(L, (int)cuts, 0);
    for (int64_t i = 0; i < cuts; i++) {
        lua_pushnumber(L, cut[i].score);
        lua_rawseti(L, -4, i + 1);
        lua_pushinteger(L, cut[i].tp);
        lua_rawseti(L, -3, i + 1);
        lua_pushinteger(L, cut[i].fp);
        lua_rawseti(L, -2, i + 1);
    }
    return 3;
}

static int core_measure(lua_State *L) {
    int64_t count;
    pn_measure what = read_measure(L, 1);
    double parameter = luaL_checknumber(L, 2);
    pn_scored *item = read_items(L, 3, 4, &count);
    pn_scored_sort(item, count);
    lua_pushnumber(L, pn_measure_of(what, parameter, item, count, NULL));
    return 1;
}

/* ---- resamples ---- */

typedef struct resampler {
    pn_units units;
    uint64_t seed;
    int64_t items;
    const int64_t *label;
    int64_t labels;  /* greatest label + 1 */
    int64_t classes; /* labels that occur */
    int32_t *weight;
    int32_t *seen; /* (labels): items of this resample with the label */
} resampler;

static int64_t *read_field(lua_State *L, int index, const char *name, int64_t *count) {
    lua_getfield(L, index, name);
    return read_places(L, -1, count);
}

/* Counts the classes that occur when each item counts weight times. */
static int64_t count_classes(resampler *r) {
    int64_t found = 0;
    memset(r->seen, 0, (size_t)r->labels * sizeof *r->seen);
    for (int64_t i = 0; i < r->items; i++)
        if (r->weight[i] && r->seen[r->label[i]]++ == 0) found++;
    return found;
}

static resampler read_resampler(lua_State *L, int labels, int units) {
    resampler r = {0};
    int64_t count;
    luaL_checkstack(L, 16, NULL);
    r.label = read_places(L, labels, &r.items);
    for (int64_t i = 0; i < r.items; i++)
        if (r.label[i] >= r.labels) r.labels = r.label[i] + 1;
    r.units.first = read_field(L, units, "first", &count);
    r.units.units = count - 1;
    r.units.item = read_field(L, units, "item", &count);
    r.units.stratum = read_field(L, units, "stratum", &count);
    r.units.strata = count - 1;
    lua_getfield(L, units, "seed");
    r.seed = (uint64_t)luaL_checkinteger(L, -1);
    r.weight = room(L, r.items, sizeof *r.weight);
    r.seen = room(L, r.labels, sizeof *r.seen);
    for (int64_t i = 0; i < r.items; i++) r.weight[i] = 1;
    r.classes = count_classes(&r);
    return r;
}

/* Draws resample `number` until it has every class; returns how often it was drawn again. Each
 * attempt is a stream of its own. */
static int draw(lua_State *L, resampler *r, int64_t number) {
    enum { MOST = 1000 };
    for (int attempt = 0; attempt < MOST; attempt++) {
        uint64_t stream = (uint64_t)attempt << 32 | (uint64_t)number;
        pn_units_draw(&r->units, r->seed, stream, r->items, r->weight);
        if (count_classes(r) == r->classes) return attempt;
    }
    return pn_lua_fail(L, PN_E_ARGUMENT,
                       "metrics.bootstrap: %d resamples in a row lack a class; a class is in too "
                       "few items or groups",
                       MOST);
}

static int core_resamples(lua_State *L) {
    int64_t count, again = 0;
    lua_settop(L, 7);
    pn_measure what = read_measure(L, 1);
    double parameter = luaL_checknumber(L, 2);
    int64_t from = luaL_checkinteger(L, 6), to = luaL_checkinteger(L, 7);
    pn_scored *item = read_items(L, 3, 4, &count);
    pn_scored_sort(item, count);
    resampler r = read_resampler(L, 3, 5);
    lua_createtable(L, (int)(to - from + 1), 0);
    for (int64_t number = from; number <= to; number++) {
        again += draw(L, &r, number);
        lua_pushnumber(L, pn_measure_of(what, parameter, item, count, r.weight));
        lua_rawseti(L, -2, number - from + 1);
    }
    lua_pushinteger(L, again);
    return 2;
}

static int core_draw(lua_State *L) {
    lua_settop(L, 3);
    resampler r = read_resampler(L, 1, 2);
    int again = draw(L, &r, luaL_checkinteger(L, 3));
    lua_createtable(L, (int)r.items, 0);
    lua_Integer n = 0;
    for (int64_t i = 0; i < r.items; i++)
        for (int32_t k = 0; k < r.weight[i]; k++) {
            lua_pushinteger(L, i + 1);
            lua_rawseti(L, -2, ++n);
        }
    lua_pushinteger(L, again);
    return 2;
}

static int core_upper(lua_State *L) {
    lua_pushnumber(L, pn_normal_upper(luaL_checknumber(L, 1)));
    return 1;
}

static int core_run_seed(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)pn_run_seed());
    return 1;
}

void pn_lua_add_metrics(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"cuts", core_cuts},   {"measure", core_measure},
        {"draw", core_draw},   {"resamples", core_resamples},
        {"upper", core_upper}, {"run_seed", core_run_seed},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}

/* With the table of the modules opened before on top of the stack: tables are made with `frame`. */
int pn_lua_open_metrics(lua_State *L) {
    lua_newtable(L);
    pn_lua_add_metrics(L);
    pn_lua_add_cam_score(L);
    pn_lua_add_support(L);
    lua_getfield(L, -2, "frame");
    lua_setfield(L, -2, "frame");
    pn_lua_run_script(L, "metrics");
    return 1;
}
