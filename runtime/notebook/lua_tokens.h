/* Lua 5.4's tokens, as much as is needed to walk over a cell. */
#ifndef PN_NOTEBOOK_LUA_TOKENS_H
#define PN_NOTEBOOK_LUA_TOKENS_H

#include <stddef.h>

/* Operators and punctuation are their own kind: the characters packed into an int, as '=' or
 * PN_TOKEN_2('=', '='). Keywords are PN_TOKEN_KEYWORD, told apart by their text. */
enum {
    PN_TOKEN_END = 256 * 256 * 256,
    PN_TOKEN_NAME,
    PN_TOKEN_KEYWORD,
    PN_TOKEN_NUMBER,
    PN_TOKEN_STRING,
    PN_TOKEN_BROKEN, /* not a token: an open string, a stray character */
};
#define PN_TOKEN_2(a, b) ((a)*256 + (b))
#define PN_TOKEN_3(a, b, c) (((a)*256 + (b)) * 256 + (c))

typedef struct pn_token {
    int kind;
    size_t begin, end; /* offsets in the source */
} pn_token;

/* The first token at or after offset `from`, past white space and comments. */
pn_token pn_token_next(const char *source, size_t size, size_t from);

/* Whether the token is the given keyword. */
int pn_token_is(const char *source, pn_token token, const char *keyword);

#endif
