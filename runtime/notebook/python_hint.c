#define _GNU_SOURCE
#include "notebook/python_hint.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

typedef enum where { BEGINS, CONTAINS, OPENS /* begins, and the line ends in ':' */ } where;

static const struct {
    where where;
    const char *python, *hint;
} hints[] = {
    {BEGINS, "import ", "tensor, image, stage, plot and frame are there without import"},
    {BEGINS, "from ", "tensor, image, stage, plot and frame are there without import"},
    {BEGINS, "#", "a comment begins with --"},
    {BEGINS, "def ", "local function name(x) ... end"},
    {OPENS, "for ", "for i = 1, n do ... end, or for i, v in ipairs(list) do ... end"},
    {OPENS, "if ", "if ... then ... end"},
    {OPENS, "elif ", "elseif ... then"},
    {OPENS, "else", "else ... end"},
    {OPENS, "while ", "while ... do ... end"},
    {OPENS, "try", "local ok, message = pcall(f)"},
    {OPENS, "class ", "a table with functions in it"},
    {BEGINS, "[", "a list is written {1, 2, 3}"},
    {CONTAINS, "= [", "a list is written {1, 2, 3}"},
    {CONTAINS, "end=\"", "print ends its line, io.write(text) does not"},
    {CONTAINS, "end='", "print ends its line, io.write(text) does not"},
    {CONTAINS, "+=", "x = x + 1"},
    {CONTAINS, "-=", "x = x - 1"},
    {CONTAINS, "!=", "not equal is ~="},
    {CONTAINS, "**", "a power is x ^ 2"},
};

/* What Lua's compiler says of Python that it reads further into: f(x, a=1), (3, 3), x[1, 2],
 * x[1:2]. */
static const struct {
    const char *expected, *near, *hint;
} told[] = {
    {"')' expected", "near '='", "options go in braces: f{x, name = value}"},
    {"')' expected", "near ','", "a list or a shape is written {1, 2, 3}"},
    {"']' expected", "near ','", "x[{1, 2}] is an item, x[{1, {}}] a row"},
    {"']' expected", "near ':'", "a slice is x[{{1, 2}}], with its last item"},
};

static const char *hint_for_message(const char *message) {
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const char *expected = strstr(message, told[i].expected);
        if (expected && strstr(expected, told[i].near)) return told[i].hint;
    }
    return NULL;
}

static bool fits(const char *line, size_t size, where where, const char *python) {
    size_t length = strlen(python);
    if (where == CONTAINS) return memmem(line, size, python, length) != NULL;
    if (size < length || memcmp(line, python, length) != 0) return false;
    return where == BEGINS || line[size - 1] == ':';
}

static const char *hint_for_line(const char *line, size_t size) {
    while (size && isspace((unsigned char)*line)) line++, size--;
    while (size && isspace((unsigned char)line[size - 1])) size--;
    if (size >= 2 && memcmp(line, "--", 2) == 0) return NULL;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (fits(line, size, hints[i].where, hints[i].python)) return hints[i].hint;
    return NULL;
}

const char *pn_python_hint(const char *source, size_t size, const char *message) {
    const char *end = source + size, *first = hint_for_message(message);
    if (first) return first;
    while (source < end) {
        const char *stop = memchr(source, '\n', (size_t)(end - source));
        if (!stop) stop = end;
        const char *hint = hint_for_line(source, (size_t)(stop - source));
        if (hint) return hint;
        source = stop + 1;
    }
    return NULL;
}
