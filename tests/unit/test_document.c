/* The notebook parser: which fences are cells, exact line numbers, options, every error. */
#define _GNU_SOURCE
#include "test.h"

#include "notebook/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pn_document *parse_sized(const char *text, size_t size) {
    pn_document *document = NULL;
    pn_error error = {0};
    if (pn_document_parse("dir/nb.md", text, size, &document, &error) != PN_OK)
        fail_msg("unexpected error: %s", error.message);
    return document;
}

static pn_document *parse(const char *text) {
    return parse_sized(text, strlen(text));
}

/* Writes the blocks as "p1:text|c3:source|" so that a whole parse is one string. */
static void outline(const pn_document *document, char *out, size_t room) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < document->block_count; i++) {
        const pn_block *block = &document->block[i];
        assert_int_equal(strlen(block->text), block->size);
        used +=
            (size_t)snprintf(out + used, room - used, "%c%d:%s|",
                             block->kind == PN_BLOCK_CELL ? 'c' : 'p', block->line, block->text);
    }
}

static void which_fences_are_cells(void **state) {
    (void)state;
    static const struct {
        const char *text, *outline;
    } cases[] = {
        {"", ""},
        {"\n\n", ""},
        {"just prose", "p1:just prose|"},
        {"```lua\nx = 1\n```\n", "c2:x = 1\n|"},
        {"```lua\nx = 1\n```", "c2:x = 1\n|"},
        {"# T\n\ntext\n```lua\nx\n\ny\n```\nmore\n", "p1:# T\n\ntext\n|c5:x\n\ny\n|p9:more\n|"},
        {"~~~lua\nx\n~~~\n", "c2:x\n|"},
        {"~~~ lua\nx\n```\n~~~\n", "c2:x\n```\n|"},
        {"`````lua\nx\n```\ny\n``````\n", "c2:x\n```\ny\n|"},
        {"   ```lua\n     x\n  y\nz\n  ```\n", "c2:  x\ny\nz\n|"},
        {"```   lua   \nx\n```   \n", "c2:x\n|"},
        {"```lua\n```\n", "c2:|"},
        {"```lua\n\n\n```\n", "c2:\n\n|"},
        {"\n\n\n```lua\nx\n```\n\n\n", "c5:x\n|"},
        {"```lua\na\n```\n```lua\nb\n```\n", "c2:a\n|c5:b\n|"},
        {"a\r\n```lua\r\nx\r\ny\r\n```\r\nb\r\n", "p1:a\n|c3:x\ny\n|p6:b\n|"},
        {"a\r```lua\rx\r```\r", "p1:a\n|c3:x\n|"},
        {"\xef\xbb\xbf```lua\nx\n```\n", "c2:x\n|"},
        {"---\ntitle: T\n---\n```lua\nx\n```\n", "c5:x\n|"},
        {"---\n---\n\nhi\n```lua\nx\n```\n", "p4:hi\n|c6:x\n|"},
        {"---\r\ntitle: T\r\n...\r\n```lua\r\nx\r\n```\r\n", "c5:x\n|"},
        {"```lua\n\xc3\xa9 = 'gr\xc3\xbc\xc3\x9f'\n```\n", "c2:\xc3\xa9 = 'gr\xc3\xbc\xc3\x9f'\n|"},
        {"```lua\n\tx &amp; \\n\n```\n", "c2:\tx &amp; \\n\n|"},
        {"text\n    ```lua\n    x\n    ```\n", "p1:text\n    ```lua\n    x\n    ```\n|"},
        {"<!--\n```lua\nx\n```\n-->\n", "p1:<!--\n```lua\nx\n```\n-->\n|"},
        {"<details>\n\n```lua\nx\n```\n\n</details>\n", "p1:<details>\n|c4:x\n|p7:</details>\n|"},
        {"[^1]: note\n\n```lua\nx\n```\n[^1]\n", "p1:[^1]: note\n|c4:x\n|p6:[^1]\n|"},
        /* not cells */
        {"```\nx\n```\n", "p1:```\nx\n```\n|"},
        {"```lua .noeval\nx\n```\n", "p1:```lua .noeval\nx\n```\n|"},
        {"```Lua\nx\n```\n", "p1:```Lua\nx\n```\n|"},
        {"```luau\nx\n```\n", "p1:```luau\nx\n```\n|"},
        {"- a\n\n  ```lua\n  x\n  ```\n", "p1:- a\n\n  ```lua\n  x\n  ```\n|"},
        {"> ```lua\n> x\n> ```\n", "p1:> ```lua\n> x\n> ```\n|"},
        {"> - ```lua\n>   x\n>   ```\n\nend", "p1:> - ```lua\n>   x\n>   ```\n\nend|"},
        {"````md\n```lua\nx\n```\n````\n", "p1:````md\n```lua\nx\n```\n````\n|"},
        {"    ```lua\n    x\n", "p1:    ```lua\n    x\n|"},
    };
    char found[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_document *document = parse(cases[i].text);
        outline(document, found, sizeof found);
        assert_string_equal(found, cases[i].outline);
        pn_document_free(document);
    }
}

static void errors_name_line_and_reason(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a\n\n```lua\nx\n", "dir/nb.md:3: the code fence that opens here is never closed"},
        {"```lua\n```", NULL},
        {"```lua", "dir/nb.md:1: the code fence that opens here is never closed"},
        {"```lua\nx\n~~~\n", "dir/nb.md:1: the code fence that opens here is never closed"},
        {"````\nx\n```\n", "dir/nb.md:1: the code fence that opens here is never closed"},
        {"```lua\nx\n    ```\n", "dir/nb.md:1: the code fence that opens here is never closed"},
        {"```lua\nx\n``` y\n", "dir/nb.md:1: the code fence that opens here is never closed"},
        {"- a\n  ```\n  x\n```\n\n```lua\ny\n```\n",
         "dir/nb.md:2: the code fence that opens here is "
         "never closed inside its list or quote (its "
         "closing line must be indented like its "
         "first)"},
        {"> ```\n> x\n\ny\n", "dir/nb.md:1: the code fence that opens here is never closed inside"},
        {"a\n\n<!-- b\n\n```lua\n```\n",
         "dir/nb.md:3: the comment that opens here is never closed"},
        {"ok\nb\xff\n", "dir/nb.md:2: a notebook should be UTF-8, but byte 0xff here is not"},
        {"---\ntitle: [\n---\n", "dir/nb.md:"},
        {"---\n- a\n---\n", "dir/nb.md:2: front matter should be lines of 'key: value'"},
        {"---\ntitle: x\n", "dir/nb.md:1: the front matter that opens here is never closed"},
        {"---\na: b\ntitle: {a: b}\n---\n",
         "dir/nb.md:3: 'title' in the front matter should be a text"},
        {"---\nkernel: python3\n---\n",
         "dir/nb.md:2: the kernel should be lua or pneuma, not 'python3'"},
        {"---\nlang: \"e<n\"\n---\n", "dir/nb.md:2: 'lang' should be a language tag like en or"},
        {"---\nk: v\nkernel: lua\nlang: de-CH\n---\n", NULL},
        {"```lua\n--| timout: 3\n```\n",
         "dir/nb.md:2: there is no cell option 'timout'; did you mean 'timeout'?"},
        {"```lua\n--| zzzzzz: 3\n```\n",
         "dir/nb.md:2: there is no cell option 'zzzzzz'; there are id, tags, timeout, echo,"},
        {"```lua\n--| id a\n```\n",
         "dir/nb.md:2: an option line should be '--| key: value', not '--| id a'"},
        {"```lua\n--| id:\n```\n", "dir/nb.md:2: option 'id' has no value"},
        {"```lua\n--| id: a b\n```\n", "dir/nb.md:2: option 'id' should be a word of letters,"},
        {"```lua\n--| id: a\n--| id: b\n```\n", "dir/nb.md:3: option 'id' is given twice"},
        {"```lua\n--| echo: yes\n```\n",
         "dir/nb.md:2: option 'echo' should be true or false, not 'yes'"},
        {"```lua\n--| output: 1\n```\n", "dir/nb.md:2: option 'output' should be true or false"},
        {"```lua\n--| fold: maybe\n```\n", "dir/nb.md:2: option 'fold' should be true or false"},
        {"```lua\n--| expect-error: x\n```\n", "dir/nb.md:2: option 'expect-error' should be true"},
        {"```lua\n--| timeout: soon\n```\n",
         "dir/nb.md:2: option 'timeout' should be a number of seconds, or -1 for no limit, "
         "not 'soon'"},
        {"```lua\n--| timeout: -2\n```\n", "dir/nb.md:2: option 'timeout' should be a number"},
        {"```lua\n--| timeout: 0\n```\n", "dir/nb.md:2: option 'timeout' should be a number"},
        {"```lua\n--| timeout: -1\n```\n", NULL},
        {"```lua\n--| timeout: inf\n```\n", "dir/nb.md:2: option 'timeout' should be a number"},
        {"```lua\n--| tags: a,,b\n```\n", "dir/nb.md:2: option 'tags' should be words like"},
        {"```lua\n--| tags: [a, b\n```\n",
         "dir/nb.md:2: option 'tags' should be a list like [a, b]"},
        {"```lua\n-- comment\n--| id: x\n```\n",
         "dir/nb.md:3: option lines come first in a cell, before comments and code"},
        {"```lua\n--| id: x\n```\nb\n```lua\n\n```\n\n```lua\n--| id: x\n```\n",
         "dir/nb.md:10: two cells have the id 'x': this one and the one at line 2"},
        {"```lua\n--| tags: parameters\n```\n```lua\n--| tags: [slow, parameters]\n```\n",
         "dir/nb.md:5: two cells are tagged 'parameters': this one and the one at line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_document *document = NULL;
        pn_error error = {0};
        pn_status status =
            pn_document_parse("dir/nb.md", cases[i].text, strlen(cases[i].text), &document, &error);
        if (!cases[i].message) {
            assert_int_equal(status, PN_OK);
        } else {
            if (status != PN_E_FORMAT) fail_msg("no error like \"%s\"", cases[i].message);
            assert_null(document);
            assert_string_equal(error.path, "dir/nb.md");
            if (strncmp(error.message, cases[i].message, strlen(cases[i].message)) != 0)
                fail_msg("got \"%s\", not \"%s\"", error.message, cases[i].message);
        }
        pn_document_free(document);
    }
}

static void a_zero_byte_is_no_text(void **state) {
    (void)state;
    pn_document *document;
    pn_error error;
    assert_int_equal(pn_document_parse("n.md", "a\nb\0c", 5, &document, &error), PN_E_FORMAT);
    assert_string_equal(error.message,
                        "n.md:2: a notebook should be text, but here is a zero byte");
}

static void options_are_read(void **state) {
    (void)state;
    pn_document *document = parse("```lua\n--| id: load.data-2\n--|tags: [ parameters , 'slow' ]\n"
                                  "--| timeout: 2.5\n--| echo: false\n--| output: false\n"
                                  "--| expect-error: true\n--| fold: true\n"
                                  "--| caption: \"Counts: all of them\"\n\nx = 1 --| id: no\n```\n"
                                  "```lua\ny\n```\n");
    const pn_block *cell = &document->block[0];
    assert_string_equal(cell->options.id, "load.data-2");
    assert_int_equal(cell->options.tag_count, 2);
    assert_string_equal(cell->options.tags[0], "parameters");
    assert_string_equal(cell->options.tags[1], "slow");
    assert_true(cell->parameters);
    assert_true(cell->options.timeout == 2.5);
    assert_false(cell->options.echo);
    assert_false(cell->options.output);
    assert_true(cell->options.expect_error);
    assert_true(cell->options.fold);
    assert_string_equal(cell->options.caption, "Counts: all of them");
    assert_int_equal(cell->number, 1);
    const pn_block *plain = &document->block[1];
    assert_int_equal(plain->number, 2);
    assert_int_equal(plain->line, 14);
    assert_true(plain->options.echo && plain->options.output);
    assert_false(plain->options.fold || plain->options.expect_error || plain->parameters);
    assert_null(plain->options.id);
    assert_true(plain->options.timeout == 0);
    assert_int_equal(document->cell_count, 2);
    pn_document_free(document);
}

static void titles(void **state) {
    (void)state;
    static const struct {
        const char *text, *title, *language;
    } cases[] = {
        {"---\ntitle: From YAML\nlang: fr\n---\n# Heading\n", "From YAML", "fr"},
        {"---\ntitle:\n---\n# A `code` *heading*\n", "A code heading", "en"},
        {"text\n\nSetext\n======\n", "Setext", "en"},
        {"no heading", "nb.md", "en"},
        {"---\ntitle: \"a: b\"\ndescription: >\n  long\n  text\n---\n", "a: b", "en"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_document *document = parse(cases[i].text);
        assert_string_equal(document->title, cases[i].title);
        assert_string_equal(document->language, cases[i].language);
        if (i == 4) assert_string_equal(document->description, "long text\n");
        pn_document_free(document);
    }
}

static void files(void **state) {
    (void)state;
    pn_document *document = NULL;
    pn_error error;
    assert_int_equal(pn_document_read("/no/such/file.md", &document, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "/no/such/file.md"));
    assert_null(document);
    assert_int_equal(pn_document_read("/", &document, &error), PN_E_IO);

    char path[] = "/tmp/pneuma-document-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs("```lua\nx\n```\n", file);
    fclose(file);
    assert_int_equal(pn_document_read(path, &document, &error), PN_OK);
    assert_string_equal(document->path, path);
    assert_int_equal(document->cell_count, 1);
    pn_document_free(document);
    remove(path);
}

/* Whatever is cut off at its end parses or says why; nothing is read beyond. */
static void every_prefix(void **state) {
    (void)state;
    const char *text = "---\ntitle: T\n---\n# H\n\n- a\n  ```lua\n  x\n  ```\n\n```lua\n--| id: q\n"
                       "x = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<details>\n\n[^1]: x\n";
    for (size_t size = 0; size <= strlen(text); size++) {
        char *exact = malloc(size ? size : 1);
        memcpy(exact, text, size);
        pn_document *document = NULL;
        pn_error error;
        pn_status status = pn_document_parse("n.md", exact, size, &document, &error);
        assert_true((status == PN_OK) == (document != NULL));
        pn_document_free(document);
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_fences_are_cells),
        cmocka_unit_test(errors_name_line_and_reason),
        cmocka_unit_test(a_zero_byte_is_no_text),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(titles),
        cmocka_unit_test(files),
        cmocka_unit_test(every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
