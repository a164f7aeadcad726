/* A hint for a cell that is no Lua but looks like Python. */
#ifndef PN_NOTEBOOK_PYTHON_HINT_H
#define PN_NOTEBOOK_PYTHON_HINT_H

#include <stddef.h>

/* What to write instead of the first piece of Python in a cell that Lua refused with `message`, one
 * phrase; NULL when nothing looks like Python. */
const char *pn_python_hint(const char *source, size_t size, const char *message);

#endif
