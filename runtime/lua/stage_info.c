/* stage.list() and stage.info(): tables that show themselves as text. */
#include "lua/stage.h"

#include "base/memory.h"

static int say_text(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

/* Makes the table below the string on top say that string; pops it. */
static void set_text(lua_State *L) {
    lua_createtable(L, 0, 1);
    lua_insert(L, -2);
    lua_pushcclosure(L, say_text, 1);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
}

static void push_and_free(lua_State *L, pn_text *text) {
    size_t size = text->size;
    while (size && text->data[size - 1] == '\n') size--;
    lua_pushlstring(L, pn_text_string(text), size);
    pn_text_free(text);
}

void pn_lua_stage_push_text(lua_State *L, const pn_stage_info *info) {
    pn_text text = {0};
    pn_stage_info_text(info, &text);
    push_and_free(L, &text);
}

static void set_string(lua_State *L, const char *field, const char *value) {
    lua_pushstring(L, value ? value : "");
    lua_setfield(L, -2, field);
}

static void set_boolean(lua_State *L, const char *field, int value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, field);
}

static void set_head(lua_State *L, const pn_stage_info *info) {
    set_string(L, "name", info->table->name);
    set_string(L, "version", info->table->version);
    set_string(L, "help", info->table->help);
    set_string(L, "plugin", info->plugin);
    set_boolean(L, "isolated", info->isolated);
}

static void push_param(lua_State *L, const pn_param *param) {
    static const char *const types[] = {"int", "float", "bool", "string", "choice", "path"};
    lua_createtable(L, 0, 6);
    set_string(L, "name", param->name);
    set_string(L, "type", types[param->type]);
    set_string(L, "help", param->help);
    if (param->preset) set_string(L, "default", param->preset);
    if (param->minimum != 0 || param->maximum != 0) {
        lua_pushnumber(L, param->minimum);
        lua_setfield(L, -2, "minimum");
        lua_pushnumber(L, param->maximum);
        lua_setfield(L, -2, "maximum");
    }
    if (!param->choices) return;
    lua_newtable(L);
    for (int i = 0; param->choices[i]; i++) {
        lua_pushstring(L, param->choices[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "choices");
}

static void push_port(lua_State *L, const pn_port *port) {
    static const char *const kinds[] = {"array", "arrays", "strings"};
    lua_createtable(L, 0, 4);
    set_string(L, "name", port->name);
    set_string(L, "kind", kinds[port->kind]);
    set_string(L, "help", port->help);
    set_boolean(L, "optional", port->optional);
}

static void set_ports(lua_State *L, const char *field, const pn_port *ports, size_t count) {
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_port(L, &ports[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, field);
}

void pn_lua_stage_push_info(lua_State *L, const pn_stage_info *info) {
    const pn_stage *stage = info->table;
    lua_createtable(L, 0, 10);
    set_head(L, info);
    set_boolean(L, "seed", (stage->flags & PN_STAGE_SEED) != 0);
    set_boolean(L, "cache", (stage->flags & PN_STAGE_NO_CACHE) == 0);
    set_ports(L, "inputs", stage->inputs, stage->input_count);
    set_ports(L, "results", stage->results, stage->result_count);
    lua_createtable(L, (int)stage->param_count, 0);
    for (size_t i = 0; i < stage->param_count; i++) {
        push_param(L, &stage->params[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "params");
    pn_lua_stage_push_text(L, info);
    set_text(L);
}

/* ---- the list ---- */

static void free_catalog(void *catalog) {
    pn_stage_catalog_free(catalog);
    pn_free(catalog);
}

void pn_lua_stage_push_list(lua_State *L) {
    pn_error error;
    void **slot = pn_lua_scratch(L, free_catalog);
    pn_stage_catalog *catalog = *slot = pn_calloc(1, sizeof *catalog);
    if (!catalog) luaL_error(L, "out of memory");
    pn_lua_check(L, pn_stage_list(catalog, &error), &error);
    lua_createtable(L, (int)catalog->count, 0);
    for (size_t i = 0; i < catalog->count; i++) {
        lua_createtable(L, 0, 5);
        set_head(L, catalog->info[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    pn_text text = {0};
    pn_stage_list_text(catalog, &text);
    push_and_free(L, &text);
    set_text(L);
    pn_lua_scratch_close(L, -2);
}
