/* Finds a notebook's cells: the top-level fences whose info string is exactly "lua". */
#include "notebook/parse.h"

#include <stdlib.h>
#include <string.h>

/* Far beyond any notebook written by hand, and within what cmark can count. */
enum { LARGEST = 64 * 1024 * 1024 };

/* The text with plain newlines, and where its lines start. */
typedef struct source {
    const pn_document *document;
    pn_text text;
    size_t *start; /* start[i] is the offset of line i + 1; start[lines] the end */
    int lines;
    bool *opened; /* opened[line]: a block starts there */
} source;

pn_status pn_parse_fail(const pn_document *document, int line, pn_error *error, const char *format,
                        ...) {
    char message[PN_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return pn_fail_path(error, PN_E_FORMAT, document->path, "%s:%d: %s", document->path, line,
                        message);
}

char *pn_parse_copy(const char *text, size_t size) {
    char *copy = malloc(size + 1);
    if (!copy) return NULL;
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

/* ---- bytes to lines ---- */

/* Copies the text without byte order mark, with every line end a newline. */
static pn_status normalise(source *source, const char *text, size_t size, pn_error *error) {
    int line = 1;
    size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < size) {
        size_t n = pn_utf8_length(text + at, size - at);
        if (n == 0)
            return pn_parse_fail(source->document, line, error,
                                 "a notebook should be UTF-8, but byte 0x%02x here is not",
                                 (unsigned char)text[at]);
        if (text[at] == '\0')
            return pn_parse_fail(source->document, line, error,
                                 "a notebook should be text, but here is a zero byte");
        if (text[at] == '\r') {
            pn_text_addc(&source->text, '\n');
            at += at + 1 < size && text[at + 1] == '\n' ? 2 : 1;
            line++;
            continue;
        }
        line += text[at] == '\n';
        pn_text_add(&source->text, text + at, n);
        at += n;
    }
    return source->text.failed ? pn_fail_memory(error, size) : PN_OK;
}

static pn_status index_lines(source *source, pn_error *error) {
    const char *text = pn_text_string(&source->text);
    size_t size = source->text.size, count = 0;
    for (size_t i = 0; i < size; i++) count += text[i] == '\n';
    if (size && text[size - 1] != '\n') count++;
    source->start = malloc((count + 1) * sizeof *source->start);
    source->opened = calloc(count + 2, sizeof *source->opened);
    if (!source->start || !source->opened) return pn_fail_memory(error, count * sizeof(size_t));
    source->start[0] = 0;
    for (size_t i = 0, line = 0; i < size; i++)
        if (text[i] == '\n') source->start[++line] = i + 1;
    source->start[count] = size;
    source->lines = (int)count;
    return PN_OK;
}

/* ---- fences ---- */

/* Whether the line closes a fence of `length` marks: at the top level behind up to three blanks,
 * else behind the marks of whatever quote or list it stands in. */
static bool line_closes(const source *source, int line, char mark, int length, bool nested) {
    const char *at = source->text.data + source->start[line - 1];
    const char *end = source->text.data + source->start[line];
    int indent = 0, count = 0;
    for (; at < end && strchr(nested ? " \t>" : " ", *at); at++) indent++;
    for (; at < end && *at == mark; at++) count++;
    while (at < end && strchr(" \t\n", *at)) at++;
    return at == end && count >= length && (nested || indent <= 3);
}

/* cmark closes an open fence silently where its list, its quote or the file ends: then the last
 * line is no fence, or starts another block. */
static pn_status check_fence(const source *source, cmark_node *node, pn_error *error) {
    int length, offset, first = cmark_node_get_start_line(node),
                        last = cmark_node_get_end_line(node);
    char mark;
    if (!cmark_node_get_fenced(node, &length, &offset, &mark)) return PN_OK;
    bool nested = cmark_node_get_type(cmark_node_parent(node)) != CMARK_NODE_DOCUMENT;
    if (last > first && last <= source->lines && !source->opened[last] &&
        line_closes(source, last, mark, length, nested))
        return PN_OK;
    return pn_parse_fail(source->document, first, error,
                         "the code fence that opens here is never closed%s",
                         nested ? " inside its list or quote (its closing line must be indented "
                                  "like its first)"
                                : "");
}

/* An HTML comment without end would hide all the cells after it. */
static pn_status check_comment(const source *source, cmark_node *node, pn_error *error) {
    const char *text = cmark_node_get_literal(node);
    text += strspn(text, " ");
    if (strncmp(text, "<!--", 4) != 0 || strstr(text + 4, "-->")) return PN_OK;
    return pn_parse_fail(source->document, cmark_node_get_start_line(node), error,
                         "the comment that opens here is never closed by '-->'");
}

static pn_status check_blocks(source *source, cmark_node *root, pn_error *error) {
    cmark_iter *walk = cmark_iter_new(root);
    cmark_event_type event;
    pn_status status = PN_OK;
    for (int pass = 0; pass < 2 && status == PN_OK; pass++) {
        cmark_iter_reset(walk, root, CMARK_EVENT_ENTER);
        while (status == PN_OK && (event = cmark_iter_next(walk)) != CMARK_EVENT_DONE) {
            cmark_node *node = cmark_iter_get_node(walk);
            cmark_node_type type = cmark_node_get_type(node);
            if (event != CMARK_EVENT_ENTER || node == root ||
                (type & CMARK_NODE_TYPE_MASK) != CMARK_NODE_TYPE_BLOCK)
                continue;
            int line = cmark_node_get_start_line(node);
            if (pass == 0 && line >= 0 && line <= source->lines) source->opened[line] = true;
            if (pass == 1 && type == CMARK_NODE_CODE_BLOCK)
                status = check_fence(source, node, error);
            if (pass == 1 && type == CMARK_NODE_HTML_BLOCK)
                status = check_comment(source, node, error);
        }
    }
    cmark_iter_free(walk);
    return status;
}

static bool is_cell(cmark_node *node) {
    int length, offset;
    char mark;
    return cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK &&
           cmark_node_get_fenced(node, &length, &offset, &mark) &&
           strcmp(cmark_node_get_fence_info(node), "lua") == 0;
}

/* ---- blocks ---- */

static pn_block *add_block(pn_document *document, pn_block_kind kind, int line, const char *text,
                           size_t size) {
    size_t count = document->block_count;
    if ((count & (count - 1)) == 0) { /* grows at the powers of two */
        pn_block *grown = realloc(document->block, (count ? count * 2 : 1) * sizeof *grown);
        if (!grown) return NULL;
        document->block = grown;
    }
    char *copy = pn_parse_copy(text, size);
    if (!copy) return NULL;
    pn_block *block = &document->block[document->block_count++];
    *block = (pn_block){.kind = kind, .text = copy, .size = size, .line = line};
    return block;
}

static bool line_is_blank(const source *source, int line) {
    for (size_t i = source->start[line - 1]; i < source->start[line]; i++)
        if (!strchr(" \t\n", source->text.data[i])) return false;
    return true;
}

/* The prose on lines first..last, without the blank lines around it. */
static pn_status add_prose(const source *source, pn_document *document, int first, int last,
                           pn_error *error) {
    while (first <= last && line_is_blank(source, first)) first++;
    while (first <= last && line_is_blank(source, last)) last--;
    if (first > last) return PN_OK;
    size_t from = source->start[first - 1], size = source->start[last] - from;
    if (add_block(document, PN_BLOCK_PROSE, first, source->text.data + from, size)) return PN_OK;
    return pn_fail_memory(error, size);
}

static pn_status add_cell(pn_document *document, cmark_node *node, pn_error *error) {
    const char *text = cmark_node_get_literal(node);
    pn_block *cell =
        add_block(document, PN_BLOCK_CELL, cmark_node_get_start_line(node) + 1, text, strlen(text));
    if (!cell) return pn_fail_memory(error, strlen(text));
    cell->number = ++document->cell_count;
    pn_status status = pn_parse_cell_options(document, cell, error);
    for (pn_block *other = document->block; status == PN_OK && other < cell; other++) {
        if (other->options.id && cell->options.id &&
            strcmp(other->options.id, cell->options.id) == 0)
            return pn_parse_fail(document, cell->line, error,
                                 "two cells have the id '%s': this one and the one at line %d",
                                 cell->options.id, other->line);
        if (other->parameters && cell->parameters)
            return pn_parse_fail(document, cell->line, error,
                                 "two cells are tagged 'parameters': this one and the one at "
                                 "line %d",
                                 other->line);
    }
    return status;
}

static pn_status collect(source *source, pn_document *document, cmark_node *root, int front,
                         pn_error *error) {
    int next = front + 1; /* the first line that is in no block yet */
    pn_status status = check_blocks(source, root, error);
    cmark_node *node = cmark_node_first_child(root);
    for (; status == PN_OK && node; node = cmark_node_next(node)) {
        if (!document->title && cmark_node_get_type(node) == CMARK_NODE_HEADING) {
            pn_text title = {0};
            pn_parse_plain_text(node, &title);
            if (title.size) document->title = pn_parse_copy(title.data, title.size);
            pn_text_free(&title);
        }
        if (!is_cell(node)) continue;
        status = add_prose(source, document, next, cmark_node_get_start_line(node) - 1, error);
        if (status == PN_OK) status = add_cell(document, node, error);
        next = cmark_node_get_end_line(node) + 1;
    }
    return status == PN_OK ? add_prose(source, document, next, source->lines, error) : status;
}

/* ---- the whole ---- */

static pn_status parse_lines(source *source, pn_document *document, pn_error *error) {
    int front = 0;
    pn_status status = pn_parse_front_matter(document, pn_text_string(&source->text),
                                             source->text.size, &front, error);
    if (status != PN_OK) return status;
    /* Newlines instead of the front matter: cmark then counts lines as the file does. */
    size_t skipped = source->start[front];
    if (skipped) {
        memset(source->text.data, '\n', skipped);
        skipped -= (size_t)front;
    }
    cmark_node *root =
        pn_parse_markdown(pn_text_string(&source->text) + skipped, source->text.size - skipped);
    if (!root) return pn_fail_memory(error, source->text.size);
    status = collect(source, document, root, front, error);
    cmark_node_free(root);
    return status;
}

static pn_status parse_source(pn_document *document, const char *text, size_t size,
                              pn_error *error) {
    source source = {.document = document};
    pn_status status = normalise(&source, text, size, error);
    if (status == PN_OK) status = index_lines(&source, error);
    if (status == PN_OK) status = parse_lines(&source, document, error);
    pn_text_free(&source.text);
    free(source.start);
    free(source.opened);
    return status;
}

pn_status pn_document_parse(const char *path, const char *text, size_t size, pn_document **out,
                            pn_error *error) {
    *out = NULL;
    if (size > LARGEST)
        return pn_fail_path(error, PN_E_FORMAT, path, "'%s' is larger than 64 MiB: not a notebook",
                            path);
    pn_document *document = calloc(1, sizeof *document);
    if (!document) return pn_fail_memory(error, sizeof *document);
    document->path = pn_parse_copy(path, strlen(path));
    document->language = pn_parse_copy("en", 2);
    pn_status status = document->path && document->language
                           ? parse_source(document, text, size, error)
                           : pn_fail_memory(error, strlen(path));
    if (status == PN_OK && !document->title) {
        const char *name = strrchr(path, '/');
        name = name ? name + 1 : path;
        document->title = pn_parse_copy(name, strlen(name));
        if (!document->title) status = pn_fail_memory(error, strlen(name));
    }
    if (status != PN_OK)
        pn_document_free(document);
    else
        *out = document;
    return status;
}
