/* stage: stage.NAME{inputs..., parameter = value}, stage.list(), stage.info(name), stage.call(...).
 *
 * A stage is found when it is named; inputs stand first, in declared order, or by name. One result
 * is returned as it is, several as a table. Where every list input was given as one tensor, a list
 * result of one array comes back as that tensor: stage.canny{img} is an image. */
#include "lua/stage.h"

#include <string.h>

#define STAGE_TYPE "pneuma.stage"
#define HOOKS "pneuma.stage.on_result"

/* ---- remarks ---- */

static void remark(const char *kind, const char *text) {
    const pn_lua_sink *sink = pn_lua_sink_now();
    sink->remark(sink->context, kind, text);
}

static void tell_note(void *context, const char *text) {
    (void)context;
    remark("note", text);
}

static void tell_warning(void *context, const char *text) {
    (void)context;
    remark("warning", text);
}

/* One call's listener. An error in the event function must not unwind through the stage: it is
 * kept, the stage is stopped, and only then is it raised. */
typedef struct hearing {
    lua_State *L;
    const char *name;
    int event, answer, failure; /* stack indices: the function; its last answer; its error */
    atomic_int stop;            /* it raised one */
} hearing;

static void tell_progress(void *context, int64_t done, int64_t total) {
    const hearing *h = context;
    const pn_lua_sink *sink = pn_lua_sink_now();
    sink->progress(sink->context, h->name, done, total);
}

/* (function, text as a light userdata) -> answer; protected, for it may raise. */
static int call_event(lua_State *L) {
    const char *text = lua_touserdata(L, 2);
    lua_settop(L, 1);
    lua_pushstring(L, text);
    lua_call(L, 1, 1);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "an event function must return a string or nothing, not a %s",
                    luaL_typename(L, -1));
    return 1;
}

static const char *tell_event(void *context, const char *text) {
    hearing *h = context;
    lua_State *L = h->L;
    if (atomic_load(&h->stop)) return NULL;
    /* None of these allocates, so none raises here. */
    lua_pushcfunction(L, call_event);
    lua_pushvalue(L, h->event);
    lua_pushlightuserdata(L, (void *)text);
    int failed = lua_pcall(L, 2, 1, 0) != LUA_OK;
    lua_replace(L, failed ? h->failure : h->answer);
    atomic_store(&h->stop, failed);
    return failed ? NULL : lua_tostring(L, h->answer);
}

/* Plugins that cannot be used are named once, a remark each. */
static void tell_broken_plugins(void) {
    pn_text text = {0};
    pn_stage_take_warnings(&text);
    for (char *line = text.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        remark("warning", line);
    }
    pn_text_free(&text);
}

/* ---- the call ---- */

static void free_arguments(void *arguments) {
    pn_stage_arguments_free(arguments);
}

static void free_values(void *values) {
    pn_values_free(values);
}

/* "2.35 s", "20 min 47 s". */
static void add_duration(pn_text *text, double seconds) {
    if (seconds < 0.001)
        pn_text_adds(text, "under 0.001 s");
    else if (seconds < 60)
        pn_text_addf(text, "%.3g s", seconds);
    else
        pn_text_addf(text, "%d min %02d s", (int)(seconds / 60), (int)seconds % 60);
}

static void tell_outcome(const pn_stage_info *info, const pn_stage_outcome *outcome) {
    pn_text text = {0};
    pn_text_addf(&text, "%s: %s (", info->table->name,
                 outcome->cached ? "from the cache" : outcome->why);
    add_duration(&text, outcome->seconds);
    pn_text_addc(&text, ')');
    remark(outcome->cached ? "cached" : "computed", pn_text_string(&text));
    pn_text_free(&text);
}

/* on_result: a module may turn what a stage returns into an object of its own. */
static void apply_hook(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, HOOKS);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 2);
        return;
    }
    lua_insert(L, -3); /* the function below the result */
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
}

/* Runs the stage with these arguments and pushes a scratch that holds its results. The function at
 * index 3, unless it is nil, hears of events. */
static pn_values *run_stage(lua_State *L, const pn_stage_info *info,
                            pn_stage_arguments *arguments) {
    pn_error error;
    pn_stage_outcome outcome;
    luaL_checkstack(L, 10, "too much is going on");
    lua_pushnil(L);
    lua_pushnil(L);
    hearing h = {.L = L, .name = info->table->name, .event = 3};
    h.answer = lua_gettop(L) - 1;
    h.failure = lua_gettop(L);
    const pn_stage_listener listener = {.note = tell_note,
                                        .warning = tell_warning,
                                        .progress = tell_progress,
                                        .event = lua_isnil(L, 3) ? NULL : tell_event,
                                        .stop = &h.stop,
                                        .context = &h};
    void **results = pn_lua_scratch(L, free_values);
    pn_status status = pn_stage_call(arguments, &listener, &outcome, &error);
    *results = outcome.results;
    if (atomic_load(&h.stop)) {
        lua_pushvalue(L, h.failure);
        lua_error(L);
    }
    pn_lua_check(L, status, &error);
    tell_outcome(info, &outcome);
    return outcome.results;
}

/* The stack: anything, the table of arguments, the event function or nil. Pushes the result. */
static void call_info(lua_State *L, const pn_stage_info *info, const char *uncached) {
    const char *name = info->table->name;
    if (!lua_istable(L, 2))
        pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s takes one table: stage.%s{...}, not %s", name, name,
                    pn_lua_to_tensor(L, 2) ? "a tensor" : luaL_typename(L, 2));
    pn_error error;
    void **slot = pn_lua_scratch(L, free_arguments);
    pn_stage_arguments *arguments = NULL;
    pn_lua_check(L, pn_stage_arguments_new(info, &arguments, &error), &error);
    *slot = arguments;
    int single = pn_lua_stage_give(L, 2, info, arguments);
    if (uncached) pn_stage_uncache(arguments, uncached);
    const pn_values *results = run_stage(L, info, arguments);
    int holder = lua_gettop(L);
    pn_lua_scratch_close(L, 4); /* the inputs are not needed any more */
    pn_lua_stage_push(L, info, results, single);
    pn_lua_scratch_close(L, holder);
    pn_lua_settle(L);
    apply_hook(L, name);
}

/* The stage of the userdata at index 1; looked up again, as a third-party plugin may have been
 * rebuilt since. */
static const pn_stage_info *check_stage(lua_State *L) {
    const pn_stage_info **slot = luaL_checkudata(L, 1, STAGE_TYPE);
    pn_error error;
    if (!(*slot)->native)
        pn_lua_check(L, pn_stage_find((*slot)->table->name, slot, &error), &error);
    return *slot;
}

static int call_stage(lua_State *L) {
    const pn_stage_info *info = check_stage(L);
    lua_settop(L, 2);
    lua_pushnil(L); /* events concern the modules that stand on stages */
    call_info(L, info, NULL);
    return 1;
}

/* ---- the module ---- */

static void push_stage(lua_State *L, const char *name) {
    const pn_stage_info *info = NULL;
    pn_error error;
    pn_status status = pn_stage_find(name, &info, &error);
    if (status == PN_OK) tell_broken_plugins();
    pn_lua_check(L, status, &error);
    const pn_stage_info **slot = lua_newuserdatauv(L, sizeof *slot, 0);
    *slot = info;
    luaL_setmetatable(L, STAGE_TYPE);
}

/* stage.NAME */
static int module_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "a stage has a name, not a %s", luaL_typename(L, 2));
    push_stage(L, lua_tostring(L, 2));
    return 1;
}

static int stage_tostring(lua_State *L) {
    const pn_stage_info *info = *(const pn_stage_info **)luaL_checkudata(L, 1, STAGE_TYPE);
    pn_lua_stage_push_text(L, info);
    return 1;
}

/* stage.info(name), or of a stage itself */
static int module_info(lua_State *L) {
    if (!luaL_testudata(L, 1, STAGE_TYPE)) {
        if (lua_type(L, 1) != LUA_TSTRING)
            pn_lua_fail(L, PN_E_ARGUMENT, "stage.info takes a stage's name, not %s",
                        luaL_typename(L, 1));
        push_stage(L, lua_tostring(L, 1));
        lua_replace(L, 1);
    }
    pn_lua_stage_push_info(L, *(const pn_stage_info **)lua_touserdata(L, 1));
    return 1;
}

static int module_list(lua_State *L) {
    pn_lua_stage_push_list(L);
    return 1;
}

void pn_lua_stage_on_result(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, HOOKS);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* stage.on_result(name, function(result, arguments) -> result) */
static int module_on_result(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    pn_lua_stage_on_result(L, name);
    return 0;
}

/* stage.call(name, arguments, {event = function, uncache = "why"}) */
static int module_call(lua_State *L) {
    static const char *const options[] = {"event", "uncache", NULL};
    if (lua_type(L, 1) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "stage.call takes a stage's name, not %s",
                    luaL_typename(L, 1));
    lua_settop(L, 3);
    if (lua_isnil(L, 3)) {
        lua_newtable(L);
        lua_replace(L, 3);
    }
    pn_lua_options(L, 3, "stage.call", 0, options);
    push_stage(L, lua_tostring(L, 1));
    const pn_stage_info *info = *(const pn_stage_info **)lua_touserdata(L, -1);
    pn_lua_option_string(L, 3, "uncache", NULL);
    lua_getfield(L, 3, "uncache");
    lua_replace(L, 1); /* where it stays alive */
    if (lua_getfield(L, 3, "event") != LUA_TNIL && !lua_isfunction(L, -1))
        pn_lua_fail(L, PN_E_ARGUMENT, "option 'event' must be a function, not a %s",
                    luaL_typename(L, -1));
    lua_replace(L, 3);
    lua_settop(L, 3);
    call_info(L, info, lua_tostring(L, 1));
    return 1;
}

int pn_lua_open_stage(lua_State *L) {
    static const luaL_Reg functions[] = {{"list", module_list},
                                         {"info", module_info},
                                         {"on_result", module_on_result},
                                         {"call", module_call},
                                         {NULL, NULL}};
    if (luaL_newmetatable(L, STAGE_TYPE)) {
        lua_pushcfunction(L, call_stage);
        lua_setfield(L, -2, "__call");
        lua_pushcfunction(L, stage_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, HOOKS);
    luaL_newlib(L, functions);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, module_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}
