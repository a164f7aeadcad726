#include "notebook/cell_syntax.h"

#include "notebook/lua_tokens.h"

#include <stdlib.h>
#include <string.h>

/* As deep as Lua itself nests (LUAI_MAXCCALLS). */
enum { DEEPEST = 200 };

typedef struct reader {
    const char *source;
    size_t size;
    pn_token now;
    size_t last_end; /* end of the token before `now` */
    int depth;       /* of recursion */
    int blocks;      /* 0 at the top level of the cell */
    bool bad, out_of_memory;
    pn_cell_syntax *syntax;
} reader;

/* ---- growing lists ---- */

static void *push(reader *r, void *list, size_t count, size_t item) {
    if (count & (count - 1)) return list; /* full only at powers of two */
    void *grown = realloc(list, (count ? 2 * count : 1) * item);
    if (!grown) r->out_of_memory = r->bad = true;
    return grown ? grown : list;
}

static void note_used(reader *r, pn_token name) {
    pn_cell_syntax *s = r->syntax;
    s->used = push(r, s->used, s->used_count, sizeof *s->used);
    if (!r->bad)
        s->used[s->used_count++] = (pn_span){r->source + name.begin, name.end - name.begin};
}

static void note_declared(reader *r, pn_token name, pn_attribute attribute, int statement) {
    pn_cell_syntax *s = r->syntax;
    s->declared = push(r, s->declared, s->declared_count, sizeof *s->declared);
    if (!r->bad)
        s->declared[s->declared_count++] =
            (pn_declared){{r->source + name.begin, name.end - name.begin}, attribute, statement};
}

static void note_statement_end(reader *r) {
    pn_cell_syntax *s = r->syntax;
    s->statement_end = push(r, s->statement_end, s->statement_count, sizeof *s->statement_end);
    if (!r->bad) s->statement_end[s->statement_count++] = r->last_end;
}

/* ---- tokens ---- */

static void advance(reader *r) {
    if (r->now.kind == PN_TOKEN_NAME) note_used(r, r->now);
    r->last_end = r->now.end;
    r->now = pn_token_next(r->source, r->size, r->now.end);
    if (r->now.kind == PN_TOKEN_BROKEN) r->bad = true;
}

static bool is(const reader *r, int kind) {
    return r->now.kind == kind;
}

static bool is_word(const reader *r, const char *keyword) {
    return pn_token_is(r->source, r->now, keyword);
}

static bool accept(reader *r, int kind) {
    if (r->bad || !is(r, kind)) return false;
    advance(r);
    return true;
}

static bool accept_word(reader *r, const char *keyword) {
    if (r->bad || !is_word(r, keyword)) return false;
    advance(r);
    return true;
}

static void expect(reader *r, int kind) {
    if (!accept(r, kind)) r->bad = true;
}

static void expect_word(reader *r, const char *keyword) {
    if (!accept_word(r, keyword)) r->bad = true;
}

static bool enter(reader *r) {
    if (++r->depth > DEEPEST) r->bad = true;
    return !r->bad;
}

/* ---- expressions ---- */

static void block(reader *r);
static void expression(reader *r);

static void expression_list(reader *r) {
    do expression(r);
    while (accept(r, ','));
}

static void function_body(reader *r) {
    expect(r, '(');
    while (!r->bad && !is(r, ')')) {
        if (!accept(r, PN_TOKEN_3('.', '.', '.'))) expect(r, PN_TOKEN_NAME);
        if (!accept(r, ',')) break;
    }
    expect(r, ')');
    block(r);
    expect_word(r, "end");
}

static bool next_is_equals(const reader *r) {
    return pn_token_next(r->source, r->size, r->now.end).kind == '=';
}

static void table(reader *r) {
    expect(r, '{');
    while (!r->bad && !is(r, '}')) {
        if (accept(r, '[')) {
            expression(r);
            expect(r, ']');
            expect(r, '=');
        } else if (is(r, PN_TOKEN_NAME) && next_is_equals(r)) {
            advance(r);
            expect(r, '=');
        }
        expression(r);
        if (!accept(r, ',') && !accept(r, ';')) break;
    }
    expect(r, '}');
}

static bool arguments(reader *r) {
    if (is(r, PN_TOKEN_STRING))
        advance(r);
    else if (is(r, '{'))
        table(r);
    else if (accept(r, '(')) {
        if (!is(r, ')')) expression_list(r);
        expect(r, ')');
    } else
        return false;
    return true;
}

/* A name or (expression) with its indexing and calls. */
static void suffixed(reader *r) {
    if (accept(r, '(')) {
        expression(r);
        expect(r, ')');
    } else
        expect(r, PN_TOKEN_NAME);
    while (!r->bad) {
        if (accept(r, '.'))
            expect(r, PN_TOKEN_NAME);
        else if (accept(r, '[')) {
            expression(r);
            expect(r, ']');
        } else if (accept(r, ':')) {
            expect(r, PN_TOKEN_NAME);
            if (!arguments(r)) r->bad = true;
        } else if (!arguments(r))
            break;
    }
}

static void operand(reader *r) {
    while (accept_word(r, "not") || accept(r, '-') || accept(r, '#') || accept(r, '~')) continue;
    if (accept(r, PN_TOKEN_NUMBER) || accept(r, PN_TOKEN_STRING) ||
        accept(r, PN_TOKEN_3('.', '.', '.')) || accept_word(r, "nil") || accept_word(r, "true") ||
        accept_word(r, "false"))
        return;
    if (is(r, '{'))
        table(r);
    else if (accept_word(r, "function"))
        function_body(r);
    else
        suffixed(r);
}

static bool accept_operator(reader *r) {
    static const int operators[] = {'+',
                                    '-',
                                    '*',
                                    '/',
                                    '%',
                                    '^',
                                    '&',
                                    '~',
                                    '|',
                                    '<',
                                    '>',
                                    PN_TOKEN_2('=', '='),
                                    PN_TOKEN_2('~', '='),
                                    PN_TOKEN_2('<', '='),
                                    PN_TOKEN_2('>', '='),
                                    PN_TOKEN_2('/', '/'),
                                    PN_TOKEN_2('<', '<'),
                                    PN_TOKEN_2('>', '>'),
                                    PN_TOKEN_2('.', '.')};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (accept(r, operators[i])) return true;
    return accept_word(r, "and") || accept_word(r, "or");
}

static void expression(reader *r) {
    if (enter(r)) {
        do operand(r);
        while (accept_operator(r));
    }
    r->depth--;
}

/* ---- statements ---- */

static void local_names(reader *r, int statement) {
    do {
        pn_token name = r->now;
        pn_attribute attribute = PN_PLAIN;
        expect(r, PN_TOKEN_NAME);
        if (accept(r, '<')) {
            pn_token word = r->now;
            expect(r, PN_TOKEN_NAME);
            attribute =
                word.end - word.begin == 5 && memcmp(r->source + word.begin, "const", 5) == 0
                    ? PN_CONST
                    : PN_CLOSE;
            expect(r, '>');
        }
        if (statement >= 0 && !r->bad) note_declared(r, name, attribute, statement);
    } while (accept(r, ','));
}

static void local_statement(reader *r) {
    int statement = r->blocks == 0 ? (int)r->syntax->statement_count : -1;
    if (accept_word(r, "function")) {
        pn_token name = r->now;
        expect(r, PN_TOKEN_NAME);
        if (statement >= 0 && !r->bad) note_declared(r, name, PN_PLAIN, statement);
        function_body(r);
    } else {
        local_names(r, statement);
        if (accept(r, '=')) expression_list(r);
    }
    if (statement >= 0 && !r->bad) note_statement_end(r);
}

static void if_statement(reader *r) {
    do {
        expression(r);
        expect_word(r, "then");
        block(r);
    } while (accept_word(r, "elseif"));
    if (accept_word(r, "else")) block(r);
    expect_word(r, "end");
}

static void for_statement(reader *r) {
    do expect(r, PN_TOKEN_NAME);
    while (accept(r, ','));
    if (!accept(r, '=')) expect_word(r, "in");
    expression_list(r);
    expect_word(r, "do");
    block(r);
    expect_word(r, "end");
}

static void function_statement(reader *r) {
    pn_token name = r->now;
    expect(r, PN_TOKEN_NAME);
    bool plain = !is(r, '.') && !is(r, ':');
    while (accept(r, '.') || accept(r, ':')) expect(r, PN_TOKEN_NAME);
    if (plain && r->blocks == 0 && !r->bad) note_declared(r, name, PN_PLAIN, -1);
    function_body(r);
}

/* Names that stand alone as targets: a, b = ...; the first token of each target is `name`. */
static void assignment_or_call(reader *r) {
    size_t begin = r->now.begin, first_declared = r->syntax->declared_count;
    bool top = r->blocks == 0;
    do {
        pn_token name = r->now;
        expression(r);
        bool bare = name.kind == PN_TOKEN_NAME && r->last_end == name.end;
        if (top && bare && !r->bad) note_declared(r, name, PN_PLAIN, -1);
    } while (accept(r, ','));
    if (accept(r, '=')) {
        expression_list(r);
        return;
    }
    r->syntax->declared_count = first_declared; /* not targets after all */
    r->syntax->last_end = r->last_end;
    while (top && accept(r, ';')) continue;
    if (top && !r->bad && is(r, PN_TOKEN_END)) {
        r->syntax->has_last = true;
        r->syntax->last = begin;
    }
}

static void statement(reader *r) {
    if (accept(r, ';') || accept_word(r, "break")) return;
    if (accept_word(r, "local"))
        local_statement(r);
    else if (accept_word(r, "if"))
        if_statement(r);
    else if (accept_word(r, "for"))
        for_statement(r);
    else if (accept_word(r, "while")) {
        expression(r);
        expect_word(r, "do");
        block(r);
        expect_word(r, "end");
    } else if (accept_word(r, "do")) {
        block(r);
        expect_word(r, "end");
    } else if (accept_word(r, "repeat")) {
        block(r);
        expect_word(r, "until");
        expression(r);
    } else if (accept(r, PN_TOKEN_2(':', ':'))) {
        expect(r, PN_TOKEN_NAME);
        expect(r, PN_TOKEN_2(':', ':'));
    } else if (accept_word(r, "goto"))
        expect(r, PN_TOKEN_NAME);
    else if (is_word(r, "function") &&
             pn_token_next(r->source, r->size, r->now.end).kind == PN_TOKEN_NAME) {
        advance(r);
        function_statement(r);
    } else
        assignment_or_call(r);
}

static bool block_ends(const reader *r) {
    return r->bad || is(r, PN_TOKEN_END) || is_word(r, "end") || is_word(r, "else") ||
           is_word(r, "elseif") || is_word(r, "until");
}

static void statements(reader *r) {
    while (!block_ends(r)) {
        if (accept_word(r, "return")) {
            if (!block_ends(r) && !is(r, ';')) expression_list(r);
            accept(r, ';');
            return;
        }
        statement(r);
    }
}

static void block(reader *r) {
    r->blocks++;
    if (enter(r)) statements(r);
    r->depth--;
    r->blocks--;
}

bool pn_cell_syntax_read(const char *source, size_t size, pn_cell_syntax *syntax) {
    *syntax = (pn_cell_syntax){0};
    reader r = {.source = source, .size = size, .syntax = syntax};
    r.now = pn_token_next(source, size, 0);
    r.bad = r.now.kind == PN_TOKEN_BROKEN;
    statements(&r);
    syntax->valid = !r.bad && is(&r, PN_TOKEN_END);
    return !r.out_of_memory;
}

void pn_cell_syntax_free(pn_cell_syntax *syntax) {
    free(syntax->declared);
    free(syntax->statement_end);
    free(syntax->used);
    *syntax = (pn_cell_syntax){0};
}
