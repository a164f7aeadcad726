/* The report: what must be on the page, and what must never be. */
#define _GNU_SOURCE
#include "test.h"

#include "notebook/document.h"
#include "notebook/outcome.h"
#include "notebook/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making runs ---- */

static pn_document *parse(const char *text) {
    pn_document *document = NULL;
    pn_error error = {0};
    if (pn_document_parse("nb.md", text, strlen(text), &document, &error) != PN_OK)
        fail_msg("unexpected error: %s", error.message);
    return document;
}

static pn_outcome *new_outcome(int cells) {
    pn_outcome *outcome = calloc(1, sizeof *outcome);
    outcome->cell = calloc((size_t)cells, sizeof *outcome->cell);
    outcome->cell_count = cells;
    for (int i = 0; i < cells; i++) outcome->cell[i].state = PN_CELL_DONE;
    outcome->version = strdup("9.8.7");
    outcome->started = strdup("2026-11-23T09:00:00+00:00");
    outcome->seconds = 75;
    outcome->seed = 1234567;
    outcome->threads = 3;
    outcome->cpu = strdup("avx2");
    return outcome;
}

static void put(pn_output *output, int i, const char *mime, const char *data, size_t size) {
    output->mime[i] = strdup(mime);
    output->data[i] = malloc(size + 1);
    memcpy(output->data[i], data, size);
    output->data[i][size] = '\0';
    output->size[i] = size;
    output->count = i + 1;
}

static pn_output *add(pn_outcome *outcome, int cell, pn_output_kind kind, const char *name,
                      const char *mime, const char *data) {
    pn_cell_outcome *c = &outcome->cell[cell - 1];
    c->output = realloc(c->output, (c->output_count + 1) * sizeof *c->output);
    pn_output *output = &c->output[c->output_count++];
    *output = (pn_output){.kind = kind, .name = name ? strdup(name) : NULL};
    put(output, 0, mime, data, strlen(data));
    return output;
}

static char *render(const pn_document *document, const pn_outcome *outcome) {
    pn_text html = {0};
    pn_error error = {0};
    assert_int_equal(pn_render_html(document, outcome, &html, &error), PN_OK);
    return html.data;
}

/* The page of one cell that showed one value. */
static char *render_shown(const char *mime, const char *data) {
    pn_document *document = parse("```lua\nx\n```\n");
    pn_outcome *outcome = new_outcome(1);
    put(add(outcome, 1, PN_OUTPUT_SHOWN, NULL, mime, data), 1, "text/plain", "a \"plain\" <form>",
        16);
    char *html = render(document, outcome);
    pn_outcome_free(outcome);
    pn_document_free(document);
    return html;
}

static char *render_prose(const char *text) {
    pn_document *document = parse(text);
    char *html = render(document, NULL);
    pn_document_free(document);
    return html;
}

/* ---- checks ---- */

static void has(const char *html, const char *what) {
    if (!strstr(html, what)) fail_msg("the page lacks: %s", what);
}

static void lacks(const char *html, const char *what) {
    const char *at = strcasestr(html, what);
    if (at) fail_msg("the page should not have: %s (%.60s)", what, at);
}

static const char *body_of(const char *html) {
    const char *body = strstr(html, "<body>");
    assert_non_null(body);
    return body;
}

/* Tags close in the order they open, ids are unique, nothing outside is loaded. */
static void is_sound(const char *html) {
    static const char *const empty[] = {"meta", "link", "br", "img", "hr", "col", NULL};
    char open[300][24], ids[300][64];
    int depth = 0, id_count = 0;
    for (const char *at = strstr(html, "<html"); (at = strchr(at, '<')); at++) {
        if (strncmp(at, "<style", 6) == 0) {
            at = strstr(at, "</style>") + 7;
            continue;
        }
        const char *end = strchr(at, '>');
        assert_non_null(end);
        char name[24] = "";
        sscanf(at + 1 + (at[1] == '/'), "%23[a-zA-Z0-9]", name);
        if (at[1] == '/') {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
            continue;
        }
        assert_true(*name);
        for (const char *p = at; p < end; p++) {
            if (strncmp(p, " id=\"", 5) == 0 && id_count < 300) {
                sscanf(p + 5, "%63[^\"]", ids[id_count]);
                for (int i = 0; i < id_count; i++) assert_string_not_equal(ids[i], ids[id_count]);
                id_count++;
            }
            if (strncmp(p, " src=\"", 6) == 0) assert_memory_equal(p + 6, "data:image/", 11);
            if (strncmp(p, " href=\"", 7) == 0 && strcmp(name, "a") != 0)
                assert_true(p[7] == '#' || strncmp(p + 7, "data:", 5) == 0);
            assert_false(strncasecmp(p, " on", 3) == 0 && strchr(p, '=') && strchr(p, '=') < end);
        }
        bool closed = end[-1] == '/';
        for (int i = 0; empty[i]; i++) closed = closed || strcmp(name, empty[i]) == 0;
        if (!closed) snprintf(open[depth++], sizeof *open, "%s", name);
    }
    assert_int_equal(depth, 0);
    lacks(html, "<script");
    lacks(html, "<iframe");
    lacks(html, "url(http");
    lacks(html, "@import");
}

/* ---- prose ---- */

static void prose_is_markdown(void **state) {
    (void)state;
    char *html = render_prose(
        "# The *title*\n\n## A b & c!\n\n## A b & c!\n\ntext **bold** `x<y` ~~old~~ a\\\nb\n\n"
        "- one\n- two\n\n3. three\n\n   four\n\n> quote\n\n- [x] done\n\n***\n\n"
        "| l | r |\n|---|--:|\n| 1 | 2 |\n\n[ref] and note[^1], again[^1]\n\n[^1]: the note\n\n"
        "[ref]: https://example.org/?a=1&b=2 \"tip\"\n\n```lua .noeval\nlocal x = f(1)\n```\n");
    has(html, "<h1>The title</h1>");
    has(html, "<title>The title</title>");
    has(html, "<h2 id=\"a-b--c\">A b &amp; c!</h2>");
    has(html, "<h2 id=\"a-b--c-1\">");
    has(html, "<strong>bold</strong> <code>x&lt;y</code> <del>old</del> a<br>");
    has(html, "<ul>\n<li>one</li>\n<li>two</li>\n</ul>");
    has(html, "<ol start=\"3\">\n<li><p>three</p>");
    has(html, "aria-label=\"done\"");
    has(html, "<th scope=\"col\" style=\"text-align:right\">r</th>");
    has(html, "<td style=\"text-align:right\">2</td>");
    has(html, "<a href=\"https://example.org/?a=1&amp;b=2\" title=\"tip\">ref</a>");
    has(html, "<a href=\"#fn-1\" id=\"fnref-1\">1</a>");
    has(html, "<li id=\"fn-1\"><p>the note</p>");
    has(html, "<span class=\"k\">local</span> x = <span class=\"f\">f</span>");
    has(html, "This notebook has not been run.");
    is_sound(html);
    free(html);
}

static void hostile_prose_is_harmless(void **state) {
    (void)state;
    char *html = render_prose(
        "---\ntitle: \"<script>alert(1)</script>\"\ndescription: \"\\\"><img src=x>\"\n---\n"
        "<script>alert(2)</script>\n\n<img src=x onerror=alert(3)>\n\n"
        "<iframe src=\"https://evil.example\"></iframe>\n\n"
        "a <b onclick=\"alert(4)\">b</b> <sub onclick=alert(5)>low</sub> <svg onload=alert(6)>\n\n"
        "[js](javascript:alert(7)) [mixed](JaVaScRiPt:alert(8)) [ent](java&#115;cript:alert(9))\n"
        "[tab](java&Tab;script:alert(10)) [data](data:text/html,x) [vb](vbscript:x)\n"
        "[sp](<\x01javascript:alert(1)>) [quo](https://x.example/\"onmouseover=\"y)\n\n"
        "![i](javascript:alert(11)) ![j](https://evil.example/x.png) ![k](/etc/passwd)\n\n"
        "<details open ontoggle=alert(12)><summary onclick=x>more</summary>\n\ntext\n\n"
        "## <script>x</script>\n\n*a <sup>b* c</sup>\n\n<style>body{display:none}</style>\n\n"
        "inline <details> stays out\n\n<div><details>\n\n- <details>\n\n```\n\"><script>\n```\n");
    is_sound(html);
    const char *body = body_of(html);
    lacks(body, "javascript:");
    lacks(body, "vbscript:");
    lacks(body, "data:text");
    lacks(body, "evil.example");
    lacks(body, "onerror");
    lacks(body, "onclick");
    lacks(body, "ontoggle");
    lacks(body, "display:none");
    lacks(body, "<img");
    lacks(body, "alert(2)");
    has(body, "&lt;script&gt;alert(1)");
    has(body, "<p>inline  stays out</p>");
    has(body, "<sub>low</sub>");
    has(body, "<details><summary>more</summary>");
    has(body, "href=\"https://x.example/%22onmouseover=%22y\"");
    free(html);
}

static void details_may_hold_cells(void **state) {
    (void)state;
    char *html =
        render_prose("<details>\n<summary>S</summary>\n\n```lua\nx\n```\n\n</details>\n\nend");
    const char *open = strstr(html, "<details>\n<summary>S</summary>"),
               *cell = strstr(html, "id=\"cell-1\"");
    assert_true(open && cell && open < cell && cell < strstr(cell, "</details>"));
    is_sound(html);
    free(html);
}

static void contents_when_there_are_many_headings(void **state) {
    (void)state;
    char *few = render_prose("# T\n## a\n## b\n## c\n## d\n");
    lacks(few, "<nav");
    free(few);
    char *many = render_prose("# T\n## a\n## b\n### c\n## cell-1\n## run\n#### small\n"
                              "## b-1\n## b\n## b\n```lua\n```\n");
    has(many, "<nav aria-label=\"Contents\">");
    has(many, "<li class=\"h3\"><a href=\"#c\">c</a></li>");
    has(many, "<a href=\"#section-cell-1\">cell-1</a>");
    has(many, "<h2 id=\"b-1\">b-1</h2>\n<h2 id=\"b-2\">b</h2>\n<h2 id=\"b-3\">b</h2>");
    lacks(many, "#small");
    is_sound(many);
    free(many);
}

/* ---- pictures ---- */

/* A PNG's head: signature, IHDR of w x h, optionally pHYs. */
static size_t make_png(char *png, unsigned w, unsigned h, unsigned dots) {
    memcpy(png, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    memset(png + 16, 0, 60);
    png[18] = (char)(w >> 8), png[19] = (char)w, png[22] = (char)(h >> 8), png[23] = (char)h;
    if (!dots) return 33 + 12;
    memcpy(png + 33, "\0\0\0\tpHYs", 8);
    png[43] = (char)(dots >> 8), png[44] = (char)dots;
    png[49] = 1;
    return 33 + 21;
}

/* A notebook beside this one: its report, not its source. */
static void links_lead_to_reports(void **state) {
    (void)state;
    char *html = render_prose("[a](01_x.md#h) [b](sub/y.md) [c](https://x.example/z.md) [d](.md)");
    has(html, "<a href=\"01_x.html#h\">a</a>");
    has(html, "<a href=\"sub/y.md\">b</a>");
    has(html, "<a href=\"https://x.example/z.md\">c</a>");
    has(html, "<a href=\".md\">d</a>");
    free(html);
}

static char *render_png(const char *png, size_t size) {
    pn_document *document = parse("```lua\nx\n```\n");
    pn_outcome *outcome = new_outcome(1);
    pn_output *output = add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "image/png", "");
    free(output->data[0]);
    free(output->mime[0]);
    put(output, 0, "image/png", png, size);
    put(output, 1, "text/plain", "figure: a \"b\"\nmore", 18);
    char *html = render(document, outcome);
    pn_outcome_free(outcome);
    pn_document_free(document);
    return html;
}

static void pngs_at_display_size(void **state) {
    (void)state;
    char png[80], *html = render_png(png, make_png(png, 301, 200, 0));
    has(html, "<img width=\"301\" height=\"200\" alt=\"figure: a &quot;b&quot;\" "
              "src=\"data:image/png;base64,iVBORw0KGgo");
    is_sound(html);
    free(html);
    html = render_png(png, make_png(png, 301, 200, 5669));
    has(html, "<img width=\"151\" height=\"100\"");
    free(html);
    html = render_png(png, make_png(png, 301, 200, 3779));
    has(html, "<img width=\"301\"");
    free(html);
    html = render_png("\x89PNG broken", 11);
    lacks(html, "<img");
    has(html, "figure: a &quot;b&quot;");
    is_sound(html);
    free(html);
}

static void pictures_beside_the_notebook(void **state) {
    (void)state;
    char folder[] = "/tmp/pneuma-render-XXXXXX", path[100], png[80];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a b.png", folder);
    FILE *file = fopen(path, "wb");
    fwrite(png, 1, make_png(png, 20, 10, 0), file);
    fclose(file);
    pn_document *document = NULL;
    pn_error error;
    char name[100];
    const char *text = "![the *alt*](<a b.png> \"T\") ![two](a%20b.png) ![gone](c.png)";
    snprintf(name, sizeof name, "%s/nb.md", folder);
    assert_int_equal(pn_document_parse(name, text, strlen(text), &document, &error), PN_OK);
    char *html = render(document, NULL);
    has(html, "<img width=\"20\" height=\"10\" alt=\"the alt\" title=\"T\" src=\"data:image/png");
    has(html, "alt=\"two\"");
    has(html, "<span class=\"missing\">gone</span>");
    is_sound(html);
    free(html);
    pn_document_free(document);
    remove(path);
    remove(folder);
}

static const char figure[] =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE svg [<!ENTITY x \"y\">]>\n"
    "<svg width=\"640\" height=\"400\" viewBox=\"0 0 640 400\" "
    "xmlns=\"http://www.w3.org/2000/svg\" "
    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" onload=\"alert(1)\">\n<title>Gnuplot</title>\n"
    "<desc>Produced</desc><defs><circle id='dot' r='0.5'/><linearGradient id=\"g\"/></defs>"
    "<use xlink:href='#dot' onclick='x'/><rect fill=\"url(#g)\" clip-path='URL( \"#c\" )'/>"
    "<text>a &lt; b<tspan>\xc2\xb5</tspan></text><g><title>series</title></g>";

static void svgs_have_ids_of_their_own(void **state) {
    (void)state;
    pn_document *document = parse("```lua\nx\n```\n```lua\ny\n```\n");
    pn_outcome *outcome = new_outcome(2);
    add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "image/svg+xml", figure);
    add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "image/svg+xml", figure);
    put(add(outcome, 2, PN_OUTPUT_SHOWN, NULL, "image/svg+xml", figure), 1, "text/plain", "bars",
        4);
    char *html = render(document, outcome);
    has(html, "<svg role=\"img\" aria-label=\"bars\" width=\"640\" height=\"400\" "
              "viewBox=\"0 0 640 400\">");
    has(html, "<circle id=\"f1-dot\" r=\"0.5\"/>");
    has(html, "<use href=\"#f1-dot\"/>");
    has(html, "<use href=\"#f3-dot\"/>");
    has(html, "fill=\"url(#f2-g)\" clip-path=\"URL( &quot;#f2-c&quot; )\"");
    has(html, "<text>a &lt; b<tspan>\xc2\xb5</tspan></text><g><title>series</title></g></svg>");
    lacks(html, "Gnuplot");
    lacks(html, "ENTITY");
    is_sound(html);
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
}

static void hostile_svgs_are_harmless(void **state) {
    (void)state;
    static const char *const cases[] = {
        "<svg><script>alert(1)</script><rect/></svg>",
        "<svg><SCRIPT href='http://evil.example'/><rect/></svg>",
        "<svg><foreignObject><iframe src=http://evil.example></iframe></foreignObject></svg>",
        "<svg><image href='http://evil.example/x.png'/><image "
        "xlink:href=\"//evil.example\"/></svg>",
        "<svg><image href='data:image/svg+xml;base64,evil.example'/></svg>",
        "<svg><use href='http://evil.example#x'/><use href=' javascript:evil.example'/></svg>",
        "<svg><rect fill='url(http://evil.example)' style=\"fill:url('//evil.example')\"/></svg>",
        "<svg><rect fill='u&#114;l(http://evil.example)' "
        "mask='\\75rl(http://evil.example)'/></svg>",
        "<svg><rect cursor='image-set(\"http://evil.example\")' fill='url(#a) "
        "url(evil.example)'/></svg>",
        "<svg><style>@import 'http://evil.example';</style></svg>",
        "<svg><a href='javascript:evil.example'><text>x</text></a></svg>",
        "<svg><animate attributeName='href' to='javascript:evil.example'/><set "
        "to='evil.example'/></svg>",
        "<svg><rect/onmouseover=evil.example x=1><rect ONCLICK = 'evil.example'></svg>",
        "<svg><title><img src=x onerror=evil.example></title><p><img src=evil.example></svg>",
        "<svg><![CDATA[<script>alert(1)</script>]]><text><![CDATA[<b>]]></text></svg>",
        "<svg><rect id='a\"><script>alert(1)</script>'/></svg>",
        "<svg onload=alert(1)//><rect/",
        "<svg><g><g><text>open",
        "<svg><rect xml:base='http://evil.example' class='cell' src='evil.example'/></svg>",
        "<svg viewBox='0 0 1 1\" onload=\"x' width='1\"'><rect/></svg></svg></div></body>",
        "<svg><rect fill='red' fill='url(http://evil.example)' href='#a' "
        "xlink:href='evil.example'/>",
        "<svg><!-- <script>evil.example</script> --><?pi evil.example?></svg>",
        "<svg><rect fill='ur&lpar;l(evil.example)' x='&#x6a;avascript:evil.example'/></svg>",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *html = render_shown("image/svg+xml", cases[i]);
        has(html, "<svg role=\"img\"");
        is_sound(html);
        lacks(body_of(html), "javascript:");
        lacks(body_of(html), "onload");
        lacks(body_of(html), "<style");
        if (!strstr(cases[i], "ur&lpar")) lacks(body_of(html), "evil.example");
        free(html);
    }
    char *html = render_shown("image/svg+xml", "no figure at all");
    has(html, "a &quot;plain&quot; &lt;form&gt;");
    lacks(html, "<svg");
    free(html);
}

static void tables(void **state) {
    (void)state;
    char *html =
        render_shown("text/html", "<table class=\"frame\"><thead><tr><th>a<th class=num "
                                  "style='text-align: right;'>b</tr></thead><tbody><tr>"
                                  "<th>r</th><td colspan=2>1 &lt; 2 & 3</td></tr></tbody>");
    has(html, "<table class=\"frame\"><thead><tr><th scope=\"col\">a<th class=\"num\" "
              "style=\"text-align:right\" scope=\"col\">b</th></th></tr></thead>");
    has(html, "<th scope=\"row\">r</th><td colspan=\"2\">1 &lt; 2 &amp; 3</td>");
    is_sound(html);
    free(html);
    html = render_shown(
        "text/html", "<table onclick=x style='position:fixed'><tr><td><script>evil</script>"
                     "<img src=evil onerror=evil><a href='javascript:evil'>link</a>"
                     "<form action=evil><td class='\"><b evil' colspan='1\" evil='>x</table></div>"
                     "</body><style>evil</style><svg><script>evil</script></svg>");
    is_sound(html);
    lacks(body_of(html), "evil");
    lacks(body_of(html), "position");
    has(html, "link");
    free(html);
}

/* ---- cells ---- */

static void streams(void **state) {
    (void)state;
    pn_document *document = parse("```lua\nx\n```\n");
    pn_outcome *outcome = new_outcome(1);
    add(outcome, 1, PN_OUTPUT_STREAM, "stdout", "text/plain", "one 1%\rone 100%");
    add(outcome, 1, PN_OUTPUT_REMARK, "cached", "text/plain", "canny: from the cache (0.2 s)");
    add(outcome, 1, PN_OUTPUT_STREAM, "stdout", "text/plain",
        "\n\x1b[1;31mred\x1b[0m <b>\xff\r\nx\b");
    add(outcome, 1, PN_OUTPUT_REMARK, "cached", "text/plain", "load: from the cache (0.1 s)");
    add(outcome, 1, PN_OUTPUT_REMARK, "computed", "text/plain", "sum: no entry (2 s)");
    add(outcome, 1, PN_OUTPUT_REMARK, "cached", "text/plain", "canny");
    add(outcome, 1, PN_OUTPUT_REMARK, "warning", "text/plain", "2 < 3 files");
    pn_output *rest = add(outcome, 1, PN_OUTPUT_STREAM, "stderr", "text/plain", "oops\n");
    rest->spilled = strdup("out/<x>.txt");
    rest->spilled_bytes = 12345678;
    char *html = render(document, outcome);
    has(html, "<pre class=\"out\">one 100%\nred &lt;b&gt;\xef\xbf\xbd</pre>");
    has(html, "<p class=\"remark stages\">from the cache: canny \xc3\x97 2, load</p>");
    has(html, "<p class=\"remark stages\">computed: sum \xe2\x80\x93 no entry (2 s)</p>");
    has(html, "<p class=\"remark warning\"><strong>warning</strong> 2 &lt; 3 files</p>");
    has(html, "<pre class=\"out stderr\">oops</pre>");
    has(html, "12 MB in all, in the file <code>out/&lt;x&gt;.txt</code>");
    is_sound(html);
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
}

static void sources(void **state) {
    (void)state;
    pn_document *document =
        parse("```lua\n--| id: a-b\n--| tags: parameters\n\nlocal s = [[<\n>]] -- c\n```\n"
              "```lua\n--| echo: false\nhidden()\n```\n"
              "```lua\n--| fold: true\nshort()\n```\n"
              "```lua\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n```\n"
              "```lua\n--| output: false\n--| id: quiet\nmute()\n```\n"
              "```lua\n--| id: only-options\n```\n");
    pn_outcome *outcome = new_outcome(6);
    outcome->cell[0].seconds = 0.1234;
    outcome->cell[0].peak_megabytes = 312.4;
    add(outcome, 5, PN_OUTPUT_STREAM, "stdout", "text/plain", "unseen");
    char *html = render(document, outcome);
    has(html, "<a href=\"#cell-1\" aria-label=\"Cell 1\">1</a><span class=\"name\">a-b</span>"
              "<span class=\"tag\">parameters</span><span class=\"cost\">0.12 s "
              "<span title=\"peak memory\">\xc2\xb7 312 MB</span></span>");
    has(html, "<span class=\"l\" data-n=\"5\"><span class=\"k\">local</span> s = "
              "<span class=\"s\">[[&lt;</span></span>\n<span class=\"l\" data-n=\"6\">"
              "<span class=\"s\">&gt;]]</span> <span class=\"c\">-- c</span></span></code>");
    lacks(html, "--|");
    lacks(body_of(html), "hidden");
    lacks(body_of(html), "unseen");
    has(html, "<details class=\"fold\"><summary>1 line <code>short()</code></summary>");
    has(html, "<details class=\"fold\"><summary>19 lines <code>1\xe2\x80\xa6</code></summary>");
    has(html, "mute");
    has(html, "only-options");
    is_sound(html);
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
}

static void captions_go_under_the_last_figure(void **state) {
    (void)state;
    pn_document *document = parse("```lua\n--| caption: \"A < B\"\nx\n```\n");
    pn_outcome *outcome = new_outcome(1);
    add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "image/svg+xml", "<svg><rect/></svg>");
    add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "image/svg+xml", "<svg><path/></svg>");
    add(outcome, 1, PN_OUTPUT_SHOWN, NULL, "text/html", "<table></table>");
    char *html = render(document, outcome);
    has(html, "<path/></svg><figcaption>A &lt; B</figcaption></figure>");
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
}

static void every_run_end(void **state) {
    (void)state;
    static const struct {
        pn_run_end end;
        pn_cell_state cell;
        const char *headline;
    } cases[] = {
        {PN_RUN_FAILED, PN_CELL_FAILED, "This run failed."},
        {PN_RUN_TIMEOUT, PN_CELL_FAILED, "This run was stopped: time was over."},
        {PN_RUN_INTERRUPTED, PN_CELL_RUNNING, "This run was interrupted."},
        {PN_RUN_CRASHED, PN_CELL_RUNNING, "This run crashed."},
        {PN_RUN_TORN, PN_CELL_RUNNING, "This run was killed before it ended."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_document *document = parse("```lua\na\n```\n```lua\nb\nc\n```\n```lua\nd\n```\n");
        pn_outcome *outcome = new_outcome(3);
        outcome->end = cases[i].end;
        outcome->signal = cases[i].end == PN_RUN_CRASHED ? 11 : 0;
        outcome->message = strdup("nb.md:6: it <broke>");
        outcome->cell[1].state = cases[i].cell;
        outcome->cell[1].error_line = 6;
        outcome->cell[2].state = PN_CELL_WAITING;
        put(add(outcome, 2, PN_OUTPUT_ERROR, NULL, "text/plain", "nb.md:6: it <broke>"), 1,
            "text/plain", "nb.md:6: in f\nnb.md:7: in cell 2", 32);
        char *html = render(document, outcome);
        has(html, cases[i].headline);
        has(html, "<p class=\"what\">nb.md:6: it &lt;broke&gt;</p>");
        has(html, "Go to <a href=\"#cell-2\">cell 2</a>. 1 of 3 cells were not run.");
        has(html, "<span class=\"l bad\" data-n=\"6\">");
        has(html, "<div class=\"cell failed\" id=\"cell-2\">");
        has(html, "<div class=\"cell waiting\" id=\"cell-3\">");
        has(html, "<span class=\"state\">not run</span>");
        has(html, "<pre>nb.md:6: it &lt;broke&gt;</pre>");
        has(html, "<summary>Traceback</summary><pre>nb.md:6: in f\nnb.md:7: in cell 2</pre>");
        if (outcome->signal) has(html, "ended by signal 11");
        is_sound(html);
        free(html);
        pn_outcome_free(outcome);
        pn_document_free(document);
    }
}

static void a_good_run(void **state) {
    (void)state;
    pn_document *document = parse("---\nlang: de\n---\n```lua\na\n```\n");
    pn_outcome *outcome = new_outcome(1);
    outcome->cell[0].state = PN_CELL_EXPECTED;
    add(outcome, 1, PN_OUTPUT_ERROR, NULL, "text/plain", "wanted");
    outcome->parameter = malloc(sizeof *outcome->parameter);
    outcome->parameter[0] = strdup("dir = \"a = <b>\"");
    outcome->parameter_count = 1;
    char *html = render(document, outcome);
    has(html, "<html lang=\"de\">");
    lacks(body_of(html), "class=\"banner");
    has(html, "<div class=\"error expected\">");
    has(html, "<span class=\"state\">failed as expected</span>");
    has(html, "<code>dir</code></th><td><code>&quot;a = &lt;b&gt;&quot;</code>");
    has(html, "1 min 15 s");
    has(html, "<td>1234567</td>");
    has(html, "<td>avx2</td>");
    has(html, "<td>9.8.7</td>");
    has(html, "2026-11-23 09:00");
    is_sound(html);
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
}

/* A journal may know fewer cells than the notebook, or outputs without data. */
static void ragged_outcomes(void **state) {
    (void)state;
    pn_document *document = parse("```lua\na\n```\n```lua\nb\n```\n");
    pn_outcome *outcome = new_outcome(1);
    outcome->cell[0].output = calloc(4, sizeof *outcome->cell[0].output);
    outcome->cell[0].output_count = 4;
    for (int i = 0; i < 4; i++) outcome->cell[0].output[i].kind = (pn_output_kind)i;
    char *html = render(document, outcome);
    has(html, "id=\"cell-2\"");
    is_sound(html);
    free(html);
    pn_outcome_free(outcome);
    pn_document_free(document);
    pn_outcome_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_lead_to_reports),
        cmocka_unit_test(prose_is_markdown),
        cmocka_unit_test(hostile_prose_is_harmless),
        cmocka_unit_test(details_may_hold_cells),
        cmocka_unit_test(contents_when_there_are_many_headings),
        cmocka_unit_test(pngs_at_display_size),
        cmocka_unit_test(pictures_beside_the_notebook),
        cmocka_unit_test(svgs_have_ids_of_their_own),
        cmocka_unit_test(hostile_svgs_are_harmless),
        cmocka_unit_test(tables),
        cmocka_unit_test(streams),
        cmocka_unit_test(sources),
        cmocka_unit_test(captions_go_under_the_last_figure),
        cmocka_unit_test(every_run_end),
        cmocka_unit_test(a_good_run),
        cmocka_unit_test(ragged_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
