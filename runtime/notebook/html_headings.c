/* Headings and their ids, made the way GitHub makes them, so that links to sections work. */
#include "notebook/html.h"
#include "notebook/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Lower-case letters, digits, '-' and '_' stay, blanks become '-', other ASCII goes. */
static void add_slug(pn_text *slug, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x80 || isalnum(c) || c == '-' || c == '_')
            pn_text_addc(slug, (char)(c < 0x80 ? tolower(c) : c));
        else if (c == ' ')
            pn_text_addc(slug, '-');
    }
    if (slug->size == 0) pn_text_adds(slug, "section");
}

/* Whether the page has elements of its own with ids like this one: cell-1, f1-..., fn-1, run. */
static bool is_reserved(const char *slug) {
    if (strncmp(slug, "cell-", 5) == 0 || strncmp(slug, "fn-", 3) == 0 ||
        strncmp(slug, "fnref-", 6) == 0 || strcmp(slug, "run") == 0)
        return true;
    return slug[0] == 'f' && isdigit((unsigned char)slug[1]);
}

static pn_heading *find_heading(const pn_page *page, const char *id) {
    for (int i = 0; i < page->heading_count; i++)
        if (strcmp(page->heading[i].id, id) == 0) return &page->heading[i];
    return NULL;
}

/* A copy of the slug, with a number behind it when it is taken; NULL when memory is out. */
static char *unique_id(const pn_page *page, const char *text) {
    pn_text slug = {0}, id = {0};
    add_slug(&slug, text);
    if (is_reserved(pn_text_string(&slug))) pn_text_adds(&id, "section-");
    pn_text_adds(&id, pn_text_string(&slug));
    size_t plain = id.size;
    pn_heading *first = id.failed ? NULL : find_heading(page, id.data);
    while (first && !id.failed) {
        id.size = plain;
        pn_text_addf(&id, "-%d", ++first->repeats);
        if (!find_heading(page, pn_text_string(&id))) break;
    }
    char *copy = id.failed || slug.failed ? NULL : pn_parse_copy(id.data, id.size);
    pn_text_free(&slug);
    pn_text_free(&id);
    return copy;
}

static pn_status add_heading(pn_page *page, cmark_node *node, pn_error *error) {
    pn_heading *grown =
        realloc(page->heading, (size_t)(page->heading_count + 1) * sizeof *page->heading);
    if (!grown) return pn_fail_memory(error, sizeof *grown);
    page->heading = grown;
    pn_text text = {0};
    pn_parse_plain_text(node, &text);
    pn_heading heading = {.level = cmark_node_get_heading_level(node),
                          .text = pn_parse_copy(pn_text_string(&text), text.size)};
    heading.id = heading.text ? unique_id(page, heading.text) : NULL;
    pn_text_free(&text);
    if (!heading.id) {
        free(heading.text);
        return pn_fail_memory(error, sizeof heading);
    }
    page->heading[page->heading_count++] = heading;
    return PN_OK;
}

/* The first thing in the notebook, when it is a heading that says the title again. */
static cmark_node *find_title(const pn_page *page) {
    cmark_node *first = cmark_node_first_child(page->root);
    if (!first || cmark_node_get_type(first) != CMARK_NODE_HEADING) return NULL;
    pn_text text = {0};
    pn_parse_plain_text(first, &text);
    bool same = strcmp(pn_text_string(&text), page->document->title) == 0;
    pn_text_free(&text);
    return same ? first : NULL;
}

pn_status pn_html_headings(pn_page *page, pn_error *error) {
    page->title_node = find_title(page);
    cmark_iter *walk = cmark_iter_new(page->root);
    cmark_event_type event;
    pn_status status = PN_OK;
    while (status == PN_OK && (event = cmark_iter_next(walk)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(walk);
        if (event == CMARK_EVENT_ENTER && cmark_node_get_type(node) == CMARK_NODE_HEADING &&
            node != page->title_node)
            status = add_heading(page, node, error);
    }
    cmark_iter_free(walk);
    return status;
}
