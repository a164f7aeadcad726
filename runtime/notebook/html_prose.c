/* Prose: a notebook's Markdown tree as HTML. Everything is written here, so nothing in it can be
 * more than text, known elements and checked links. */
#include "notebook/html_prose.h"

#include "notebook/parse.h"

#include <cmark-gfm-core-extensions.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- links and images ---- */

/* Whether following a link cannot run anything: no scheme, or a known one. */
static bool is_safe_link(const char *url) {
    static const char *const schemes[] = {"http:", "https:", "mailto:"};
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            if (*c != ' ' || c == url) return false; /* browsers skip these inside a scheme */
        }
    for (size_t i = 0; i < 3; i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0) return true;
    return url[strcspn(url, ":/?#")] != ':';
}

static void add_url(pn_text *html, const char *url) {
    for (; *url; url++)
        if (*url == ' ')
            pn_text_adds(html, "%20");
        else if (strchr("\"<>\\^`{|}", *url))
            pn_text_addf(html, "%%%02X", (unsigned char)*url);
        else if (*url == '&')
            pn_text_adds(html, "&amp;");
        else
            pn_text_addc(html, *url);
}

/* A notebook beside this one has its report beside this report: "name.md" becomes "name.html". */
static void add_link(pn_text *html, const char *url) {
    size_t size = strcspn(url, "#");
    bool beside = memchr(url, '/', size) == NULL && memchr(url, ':', size) == NULL;
    if (!beside || size < 4 || memcmp(url + size - 3, ".md", 3) != 0) {
        add_url(html, url);
        return;
    }
    pn_text report = {0};
    pn_text_addf(&report, "%.*s.html%s", (int)size - 3, url, url + size);
    add_url(html, pn_text_string(&report));
    pn_text_free(&report);
}

static void write_link(pn_prose *p, cmark_node *node, bool enter) {
    pn_text *html = p->page->html;
    const char *url = cmark_node_get_url(node), *title = cmark_node_get_title(node);
    if (!*url || !is_safe_link(url)) return;
    if (!enter) {
        pn_text_adds(html, "</a>");
        return;
    }
    pn_text_adds(html, "<a href=\"");
    add_link(html, url);
    if (*title) {
        pn_text_adds(html, "\" title=\"");
        pn_html_escapes(html, title);
    }
    pn_text_adds(html, "\">");
}

/* A picture that lies beside the notebook goes into the page; for any other its words stand. */
static void write_image(pn_prose *p, cmark_node *node) {
    pn_text label = {0};
    pn_parse_plain_text(node, &label);
    const char *url = cmark_node_get_url(node);
    bool remote = url[strcspn(url, ":/?#")] == ':';
    if (remote || !pn_html_picture_file(p->page->html, p->page->folder, url, pn_text_string(&label),
                                        cmark_node_get_title(node))) {
        pn_text_adds(p->page->html, "<span class=\"missing\">");
        pn_html_escapes(p->page->html, label.size ? label.data : url);
        pn_text_adds(p->page->html, "</span>");
    }
    pn_text_free(&label);
}

/* ---- blocks ---- */

static void write_code(pn_prose *p, cmark_node *node) {
    pn_text *html = p->page->html;
    const char *text = cmark_node_get_literal(node), *info = cmark_node_get_fence_info(node);
    bool lua = strncmp(info, "lua", 3) == 0 && (info[3] == '\0' || info[3] == ' ');
    if (lua && strcmp(info, "lua") == 0 && p->cells < p->page->document->cell_count &&
        cmark_node_get_type(cmark_node_parent(node)) == CMARK_NODE_DOCUMENT) {
        pn_html_cell(p->page, ++p->cells);
        return;
    }
    pn_text_adds(html, "<pre class=\"code\"><code>");
    if (lua)
        pn_html_lua(html, text, strlen(text), 0, 0);
    else
        pn_html_escapes(html, text);
    pn_text_adds(html, "</code></pre>\n");
}

static void write_heading(pn_prose *p, cmark_node *node, bool enter) {
    int level = cmark_node_get_heading_level(node);
    if (!enter)
        pn_text_addf(p->page->html, "</h%d>\n", level);
    else if (p->headings < p->page->heading_count) {
        pn_text_addf(p->page->html, "<h%d id=\"", level);
        pn_html_escapes(p->page->html, p->page->heading[p->headings++].id);
        pn_text_adds(p->page->html, "\">");
    }
}

static void write_list(pn_prose *p, cmark_node *node, bool enter) {
    bool ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int start = cmark_node_get_list_start(node);
    if (!enter)
        pn_text_adds(p->page->html, ordered ? "</ol>\n" : "</ul>\n");
    else if (ordered && start != 1)
        pn_text_addf(p->page->html, "<ol start=\"%d\">\n", start);
    else
        pn_text_adds(p->page->html, ordered ? "<ol>\n" : "<ul>\n");
}

static void write_paragraph(pn_prose *p, cmark_node *node, bool enter) {
    cmark_node *item = cmark_node_parent(node), *list = item ? cmark_node_parent(item) : NULL;
    if (list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list)) {
        if (!enter && cmark_node_next(node)) pn_text_addc(p->page->html, '\n');
        return;
    }
    pn_text_adds(p->page->html, enter ? "<p>" : "</p>\n");
}

static void write_task(pn_prose *p, cmark_node *node, bool enter) {
    if (!enter) {
        pn_text_adds(p->page->html, "</li>\n");
        return;
    }
    bool done = cmark_gfm_extensions_get_tasklist_item_checked(node);
    pn_text_addf(p->page->html,
                 "<li class=\"task\"><span class=\"box\" role=\"img\" aria-label=\"%s\">%s</span> ",
                 done ? "done" : "to do", done ? "\xe2\x98\x91" : "\xe2\x98\x90");
}

/* ---- tables ---- */

static void write_table(pn_prose *p, bool enter) {
    pn_text_adds(p->page->html, enter     ? "<div class=\"scroll\"><table>\n"
                                : p->body ? "</tbody></table></div>\n"
                                          : "</table></div>\n");
    p->body = false;
}

static void write_row(pn_prose *p, bool head, bool enter) {
    p->column = 0;
    if (enter && !head && !p->body) {
        pn_text_adds(p->page->html, "<tbody>\n");
        p->body = true;
    }
    pn_text_adds(p->page->html, head    ? enter ? "<thead><tr>" : "</tr></thead>\n"
                                : enter ? "<tr>"
                                        : "</tr>\n");
}

static void write_table_cell(pn_prose *p, cmark_node *node, bool enter) {
    cmark_node *row = cmark_node_parent(node), *table = cmark_node_parent(row);
    bool head = strcmp(cmark_node_get_type_string(row), "table_header") == 0;
    if (!enter) {
        pn_text_adds(p->page->html, head ? "</th>" : "</td>");
        return;
    }
    uint8_t *sides = cmark_gfm_extensions_get_table_alignments(table);
    int side =
        p->column < cmark_gfm_extensions_get_table_columns(table) && sides ? sides[p->column] : 0;
    p->column++;
    pn_text_adds(p->page->html, head ? "<th scope=\"col\"" : "<td");
    if (side == 'r' || side == 'c')
        pn_text_addf(p->page->html, " style=\"text-align:%s\"", side == 'r' ? "right" : "center");
    pn_text_addc(p->page->html, '>');
}

/* ---- footnotes ---- */

/* Footnotes are numbered as they are first referred to: a number one higher is a new one. */
static void write_reference(pn_prose *p, cmark_node *node) {
    int number = atoi(cmark_node_get_literal(node));
    pn_text_addf(p->page->html, "<sup><a href=\"#fn-%d\"", number);
    if (number == p->references + 1)
        pn_text_addf(p->page->html, " id=\"fnref-%d\"", ++p->references);
    pn_text_addf(p->page->html, ">%d</a></sup>", number);
}

static void write_footnote(pn_prose *p, cmark_node *node, bool enter) {
    pn_text *html = p->page->html;
    if (enter) {
        if (p->footnotes++ == 0) pn_text_adds(html, "<ol class=\"footnotes\">\n");
        pn_text_addf(html, "<li id=\"fn-%d\">", p->footnotes);
        return;
    }
    pn_text_addf(html,
                 "<a href=\"#fnref-%d\" aria-label=\"Back to the text\">\xe2\x86\xa9</a></li>\n",
                 p->footnotes);
    cmark_node *next = cmark_node_next(node);
    if (!next || cmark_node_get_type(next) != CMARK_NODE_FOOTNOTE_DEFINITION)
        pn_text_adds(html, "</ol>\n");
}

/* ---- the walk ---- */

/* Nodes of the extensions, known by the names of their types. */
static void write_extension(pn_prose *p, cmark_node *node, bool enter) {
    const char *type = cmark_node_get_type_string(node);
    if (strcmp(type, "table") == 0)
        write_table(p, enter);
    else if (strcmp(type, "table_header") == 0 || strcmp(type, "table_row") == 0)
        write_row(p, type[6] == 'h', enter);
    else if (strcmp(type, "table_cell") == 0)
        write_table_cell(p, node, enter);
    else if (strcmp(type, "strikethrough") == 0)
        pn_text_adds(p->page->html, enter ? "<del>" : "</del>");
}

static void write_container(pn_prose *p, cmark_node *node, bool enter) {
    pn_text *html = p->page->html;
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_DOCUMENT:
        break;
    case CMARK_NODE_BLOCK_QUOTE:
        pn_text_adds(html, enter ? "<blockquote>\n" : "</blockquote>\n");
        break;
    case CMARK_NODE_LIST:
        write_list(p, node, enter);
        break;
    case CMARK_NODE_ITEM:
        if (strcmp(cmark_node_get_type_string(node), "tasklist") == 0)
            write_task(p, node, enter);
        else
            pn_text_adds(html, enter ? "<li>" : "</li>\n");
        break;
    case CMARK_NODE_HEADING:
        write_heading(p, node, enter);
        break;
    case CMARK_NODE_PARAGRAPH:
        write_paragraph(p, node, enter);
        break;
    case CMARK_NODE_FOOTNOTE_DEFINITION:
        write_footnote(p, node, enter);
        break;
    case CMARK_NODE_EMPH:
        pn_text_adds(html, enter ? "<em>" : "</em>");
        break;
    case CMARK_NODE_STRONG:
        pn_text_adds(html, enter ? "<strong>" : "</strong>");
        break;
    case CMARK_NODE_LINK:
        write_link(p, node, enter);
        break;
    default:
        write_extension(p, node, enter);
    }
}

/* Whether the node ends by itself: there is no second event for it. */
static bool write_leaf(pn_prose *p, cmark_node *node) {
    pn_text *html = p->page->html;
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_CODE_BLOCK:
        write_code(p, node);
        return true;
    case CMARK_NODE_HTML_BLOCK:
        pn_prose_raw(p, cmark_node_get_literal(node), true);
        return true;
    case CMARK_NODE_HTML_INLINE:
        pn_prose_raw(p, cmark_node_get_literal(node), false);
        return true;
    case CMARK_NODE_THEMATIC_BREAK:
        pn_text_adds(html, "<hr>\n");
        return true;
    case CMARK_NODE_TEXT:
        pn_html_escapes(html, cmark_node_get_literal(node));
        return true;
    case CMARK_NODE_SOFTBREAK:
        pn_text_addc(html, '\n');
        return true;
    case CMARK_NODE_LINEBREAK:
        pn_text_adds(html, "<br>\n");
        return true;
    case CMARK_NODE_CODE:
        pn_text_adds(html, "<code>");
        pn_html_escapes(html, cmark_node_get_literal(node));
        pn_text_adds(html, "</code>");
        return true;
    case CMARK_NODE_CUSTOM_BLOCK:
    case CMARK_NODE_CUSTOM_INLINE:
        return true;
    default:
        return false;
    }
}

/* Left out with all inside: the heading that is the title, and images, whose words are read apart.
 */
static bool write_whole(pn_prose *p, cmark_node *node) {
    cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_IMAGE) write_image(p, node);
    if (type == CMARK_NODE_FOOTNOTE_REFERENCE) write_reference(p, node);
    return type == CMARK_NODE_IMAGE || type == CMARK_NODE_FOOTNOTE_REFERENCE ||
           node == p->page->title_node;
}

void pn_html_prose(pn_page *page) {
    pn_prose prose = {.page = page};
    cmark_iter *walk = cmark_iter_new(page->root);
    cmark_event_type event;
    while ((event = cmark_iter_next(walk)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(walk);
        if (event == CMARK_EVENT_ENTER) {
            if (write_leaf(&prose, node)) continue;
            if (write_whole(&prose, node)) {
                cmark_iter_reset(walk, node, CMARK_EVENT_EXIT);
                continue;
            }
            write_container(&prose, node, true);
            pn_prose_enter(&prose);
        } else {
            pn_prose_leave(&prose);
            write_container(&prose, node, false);
        }
    }
    cmark_iter_free(walk);
    /* A page shows every cell, whatever the prose around it turned out to be. */
    while (prose.cells < page->document->cell_count) pn_html_cell(page, ++prose.cells);
}
