/* The border between C and Lua: errors, options, tensors, output. Every binding obeys these rules:
 *  - owner first: push the userdata that will own a resource, then acquire the resource into it,
 *    so that a raise in between leaks nothing (pn_lua_new_tensor, pn_lua_scratch);
 *  - below Lua functions return statuses; only here are they turned into raises (pn_lua_check);
 *  - one form of call, f{subject, name = value}: pn_lua_options refuses unknown names. */
#ifndef PN_LUA_EDGE_H
#define PN_LUA_EDGE_H

#include "base/error.h"
#include "tensor/tensor.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

/* ---- errors ---- */

/* Raises an error object with fields kind, message and path, which prints as its message behind
 * the position of the Lua code that called ("file.md:12: ..."). Does not return. */
int pn_lua_raise(lua_State *L, const pn_error *error);

/* Raises when status is not PN_OK. */
void pn_lua_check(lua_State *L, pn_status status, const pn_error *error);

/* Raises an error object of kind "argument" (or the given status). */
int pn_lua_fail(lua_State *L, pn_status status, const char *format, ...) PN_PRINTF(3, 4);

/* ---- tensors ---- */

#define PN_LUA_TENSOR "pneuma.tensor"

/* Pushes an empty tensor userdata and returns its slot, to be filled with a new reference; Lua
 * owns it from then on. Afterwards call pn_lua_settle(L). */
pn_tensor **pn_lua_new_tensor(lua_State *L);

/* Tells Lua's collector about native memory: collects fully when the live bytes have passed 64 MiB
 * and twice what was alive after the last collection. Call after filling a slot. */
void pn_lua_settle(lua_State *L);

/* The tensor at a stack index, borrowed; raises (naming argument `what`) when it is none. */
pn_tensor *pn_lua_check_tensor(lua_State *L, int index, const char *what);

/* The same, or NULL when the value is no tensor. */
pn_tensor *pn_lua_to_tensor(lua_State *L, int index);

/* ---- scratch ---- */

/* Pushes a userdata that calls release(*slot) when it is collected or closed, and returns the slot
 * (NULL at first): for C resources that must not leak when something raises. */
void **pn_lua_scratch(lua_State *L, void (*release)(void *));
/* Releases the scratch at the index now. */
void pn_lua_scratch_close(lua_State *L, int index);

/* ---- options: the fields of the one table argument ---- */

/* Checks that the value at index is a table whose string keys are all among names (NULL-ended)
 * and whose array part has at most `positional` items. Raises with a suggestion otherwise, naming
 * `function` ("stage.canny"). */
void pn_lua_options(lua_State *L, int index, const char *function, int positional,
                    const char *const *names);

/* Fields of the table at index, or the preset when the field is nil. Raise, naming function and
 * field, when the type is wrong. */
lua_Integer pn_lua_option_int(lua_State *L, int index, const char *name, lua_Integer preset);
double pn_lua_option_number(lua_State *L, int index, const char *name, double preset);
bool pn_lua_option_bool(lua_State *L, int index, const char *name, bool preset);
/* The string lives as long as the table. */
const char *pn_lua_option_string(lua_State *L, int index, const char *name, const char *preset);
/* The index of the field's word in `choices` (NULL-ended), or `preset`. */
int pn_lua_option_choice(lua_State *L, int index, const char *name, const char *const *choices,
                         int preset);

/* ---- output ---- */

/* Where show() and remarks go. The default writes plain text to standard output; the notebook
 * worker puts its own here. Data is borrowed for the call. */
typedef struct pn_lua_sink {
    /* MIME types it wants, best first, NULL-ended. */
    const char *const *wants;
    /* Called once a shown value with `count` representations (mime[i], data[i], size[i]), the best
     * of the wanted ones first, then text/plain. */
    void (*show)(void *context, int count, const char *const *mime, const char *const *data,
                 const size_t *size);
    /* A remark beside the output: kind is "note", "warning", "cached" or "computed" (the last two
     * name the stage), text is one line. */
    void (*remark)(void *context, const char *kind, const char *text);
    /* Progress of long work: `what` names it; called often, from any thread. */
    void (*progress)(void *context, const char *what, int64_t done, int64_t total);
    void *context;
    /* One more MIME type it wants, behind the others, or NULL. */
    const char *also;
} pn_lua_sink;

/* The sink of this process; never NULL. set: NULL brings the default back. */
const pn_lua_sink *pn_lua_sink_now(void);
void pn_lua_sink_set(const pn_lua_sink *sink);

/* Pushes the value at the index as text: by tostring, but a table that tostring would give as an
 * address by what is in it, "{224, 224, 3}". */
void pn_lua_push_text(lua_State *L, int index);
/* Prepares that, with the module tensor on top of the stack, which it pops. */
void pn_lua_open_text(lua_State *L);

/* show(value, ...): a value shows itself through its metatable's __mime, a table from MIME type to
 * function(value) -> string; anything else is shown as text (pn_lua_push_text). */
int pn_lua_show(lua_State *L);
/* Shows the value on top of the stack and pops it; nil shows nothing. */
void pn_lua_show_top(lua_State *L);

/* ---- modules ---- */

/* Lua sources embedded by the build: name ("frame"), text, size; ended by a NULL name. */
typedef struct pn_lua_script {
    const char *name, *text;
    size_t size;
} pn_lua_script;
extern const pn_lua_script pn_lua_scripts[];

/* Runs the embedded script `name` with the module table on top of the stack as its argument, and
 * leaves what it returns instead (a Lua part of a C module gets the C part this way). */
void pn_lua_run_script(lua_State *L, const char *name);

/* require "pneuma": a table with the modules tensor, image, stage, plot, frame, data,
 * metrics, nn and show; its function globals() makes them globals, as they are in notebooks. */
int luaopen_pneuma(lua_State *L);

/* Each pushes its module table. */
int pn_lua_open_tensor(lua_State *L);
int pn_lua_open_image(lua_State *L);
int pn_lua_open_stage(lua_State *L);
int pn_lua_open_plot(lua_State *L);
int pn_lua_open_frame(lua_State *L);
int pn_lua_open_data(lua_State *L);
int pn_lua_open_system(lua_State *L);
int pn_lua_open_metrics(lua_State *L);
int pn_lua_open_nn(lua_State *L);

#endif
