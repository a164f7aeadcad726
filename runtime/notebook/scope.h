/* One notebook, one scope: cells of a notebook as one Lua program, run piece by piece. */
#ifndef PN_NOTEBOOK_SCOPE_H
#define PN_NOTEBOOK_SCOPE_H

#include <lua.h>

/* Prepares a state for a notebook: opens the standard libraries and Pneuma's modules as globals,
 * makes reading an undefined name an error with a suggestion, wraps coroutines so that
 * cancellation reaches them, and makes print, io.write and io.stdout unbuffered. Raises only when
 * memory is out. */
void pn_scope_open(lua_State *L);

/* How a cell ended. */
typedef struct pn_scope_error {
    char *message;   /* one sentence with "file.md:12: " in front; NULL when the cell went well */
    char *traceback; /* notebook frames only; may be NULL */
    int line;        /* in the notebook, or 0 */
    int cancelled;   /* the pn_cancel_reason that ended it, or 0 */
} pn_scope_error;

/* Runs one cell. `name` is the notebook's file name for messages, `line` the line of the source's
 * first line in it. Locals declared at the top level are variables for the cells after it; a last
 * expression (or a return) is shown. 0, or -1 with *error filled (release with
 * pn_scope_error_free). Outputs go to the sink of lua/edge.h. */
int pn_scope_run(lua_State *L, const char *name, int line, const char *source, size_t size,
                 pn_scope_error *error);

/* Overrides parameters after the cell tagged `parameters` has run: `name` must be a variable it
 * declared (else -1, and a message with a suggestion and the names there are); `value` is read by
 * the type of its present value: number, boolean, string (verbatim); a nil or table default takes
 * a Lua literal. */
int pn_scope_set_parameter(lua_State *L, const char *name, const char *value,
                           pn_scope_error *error);

/* The variables that the cell just run declared or assigned at its top level, in order of first
 * appearance, and their values in Lua's notation ("name = value"); to be released with free(), the
 * array too. Called after the parameters cell. */
char **pn_scope_variables(lua_State *L, size_t *count);

/* Asks the running Lua code, wherever it is, to stop. Async-signal-safe; sets the cancel flag of
 * base/cancel.h too. */
void pn_scope_interrupt(int reason);

void pn_scope_error_free(pn_scope_error *error);

#endif
