#include "notebook/lua_tokens.h"

#include <ctype.h>
#include <string.h>

static const char *const keywords[] = {"and",   "break", "do",       "else", "elseif", "end",
                                       "false", "for",   "function", "goto", "if",     "in",
                                       "local", "nil",   "not",      "or",   "repeat", "return",
                                       "then",  "true",  "until",    "while"};

static int at(const char *source, size_t size, size_t i) {
    return i < size ? (unsigned char)source[i] : -1;
}

static int is_name_start(int c) {
    return c == '_' || (c >= 0 && c < 128 && isalpha(c));
}

static int is_name_part(int c) {
    return c == '_' || (c >= 0 && c < 128 && isalnum(c));
}

/* With '[' at `i`: the offset behind the matching long bracket, 0 when none opens here, and
 * size + 1 when it is never closed. */
static size_t long_bracket(const char *source, size_t size, size_t i) {
    size_t level = 0, j = i + 1;
    while (at(source, size, j) == '=') level++, j++;
    if (at(source, size, j) != '[') return 0;
    for (j++; j < size; j++) {
        if (source[j] != ']') continue;
        size_t k = j + 1, closed = 0;
        while (at(source, size, k) == '=' && closed < level) k++, closed++;
        if (closed == level && at(source, size, k) == ']') return k + 1;
    }
    return size + 1;
}

static size_t skip_blanks(const char *source, size_t size, size_t i) {
    for (;;) {
        while (i < size && isspace((unsigned char)source[i])) i++;
        if (at(source, size, i) != '-' || at(source, size, i + 1) != '-') return i;
        size_t end = at(source, size, i + 2) == '[' ? long_bracket(source, size, i + 2) : 0;
        if (end) {
            i = end;
            continue;
        }
        while (i < size && source[i] != '\n') i++;
    }
}

static size_t string_end(const char *source, size_t size, size_t i) {
    char quote = source[i++];
    for (; i < size && source[i] != '\n'; i++) {
        if (source[i] == quote) return i + 1;
        if (source[i] != '\\') continue;
        i++;
        if (at(source, size, i) == 'z')
            while (i + 1 < size && isspace((unsigned char)source[i + 1])) i++;
        else if (at(source, size, i) == '\r' && at(source, size, i + 1) == '\n')
            i++;
    }
    return size + 1;
}

static size_t number_end(const char *source, size_t size, size_t i) {
    int hex = source[i] == '0' && strchr("xX", at(source, size, i + 1) > 0 ? source[i + 1] : ' ');
    const char *exponents = hex ? "pP" : "eE";
    for (; i < size; i++) {
        if (strchr(exponents, source[i]) && source[i] &&
            (at(source, size, i + 1) == '+' || at(source, size, i + 1) == '-'))
            i++;
        else if (!is_name_part((unsigned char)source[i]) && source[i] != '.')
            break;
    }
    return i;
}

static pn_token operator_at(const char *source, size_t size, size_t i) {
    static const char *const pairs[] = {"==", "~=", "<=", ">=", "//", "::", "<<", ">>", ".."};
    int a = at(source, size, i), b = at(source, size, i + 1);
    if (a == '.' && b == '.' && at(source, size, i + 2) == '.')
        return (pn_token){PN_TOKEN_3('.', '.', '.'), i, i + 3};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (a == pairs[k][0] && b == pairs[k][1]) return (pn_token){PN_TOKEN_2(a, b), i, i + 2};
    int known = a > 0 && a < 128 && strchr("+-*/%^#&~|<>=(){}[];:,.", a) != NULL;
    return (pn_token){known ? a : PN_TOKEN_BROKEN, i, i + 1};
}

static pn_token text_token(int kind, size_t begin, size_t end, size_t size) {
    if (end > size) return (pn_token){PN_TOKEN_BROKEN, begin, size};
    return (pn_token){kind, begin, end};
}

static pn_token name_at(const char *source, size_t size, size_t i) {
    pn_token token = {PN_TOKEN_NAME, i, i};
    while (is_name_part(at(source, size, token.end))) token.end++;
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++)
        if (pn_token_is(source, (pn_token){PN_TOKEN_KEYWORD, i, token.end}, keywords[k]))
            token.kind = PN_TOKEN_KEYWORD;
    return token;
}

pn_token pn_token_next(const char *source, size_t size, size_t from) {
    size_t i = skip_blanks(source, size, from);
    if (i > size) return (pn_token){PN_TOKEN_BROKEN, size, size}; /* an open long comment */
    if (i == size) return (pn_token){PN_TOKEN_END, size, size};
    int c = (unsigned char)source[i], next = at(source, size, i + 1);
    if (is_name_start(c)) return name_at(source, size, i);
    if (isdigit(c) || (c == '.' && next >= '0' && next <= '9'))
        return text_token(PN_TOKEN_NUMBER, i, number_end(source, size, i), size);
    if (c == '"' || c == '\'')
        return text_token(PN_TOKEN_STRING, i, string_end(source, size, i), size);
    size_t end = c == '[' ? long_bracket(source, size, i) : 0;
    if (end) return text_token(PN_TOKEN_STRING, i, end, size);
    return operator_at(source, size, i);
}

int pn_token_is(const char *source, pn_token token, const char *keyword) {
    size_t length = strlen(keyword);
    return token.kind == PN_TOKEN_KEYWORD && token.end - token.begin == length &&
           memcmp(source + token.begin, keyword, length) == 0;
}
