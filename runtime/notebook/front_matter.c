/* Front matter: YAML between two lines of three dashes at the top of the file. */
#include "notebook/parse.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* The end of the line that starts at `at`: its newline, or `end`. */
static const char *line_end(const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline : end;
}

/* Whether the line is `mark` and nothing but blanks behind it. */
static int line_is(const char *at, const char *stop, const char *mark) {
    size_t length = strlen(mark);
    if ((size_t)(stop - at) < length || memcmp(at, mark, length) != 0) return 0;
    for (at += length; at < stop; at++)
        if (*at != ' ' && *at != '\t') return 0;
    return 1;
}

/* The scalar's text as a copy in *field; an empty one leaves *field as it is. */
static pn_status take_scalar(const pn_document *document, const char *key, const yaml_node_t *value,
                             char **field, pn_error *error) {
    int line = (int)value->start_mark.line + 2;
    if (value->type != YAML_SCALAR_NODE)
        return pn_parse_fail(document, line, error, "'%s' in the front matter should be a text",
                             key);
    if (value->data.scalar.length == 0) return PN_OK;
    char *copy = pn_parse_copy((const char *)value->data.scalar.value, value->data.scalar.length);
    if (!copy) return pn_fail_memory(error, value->data.scalar.length);
    free(*field);
    *field = copy;
    return PN_OK;
}

static pn_status check_kernel(const pn_document *document, const yaml_node_t *value,
                              pn_error *error) {
    char *kernel = NULL;
    pn_status status = take_scalar(document, "kernel", value, &kernel, error);
    if (status == PN_OK && kernel && strcmp(kernel, "lua") != 0 && strcmp(kernel, "pneuma") != 0)
        status = pn_parse_fail(document, (int)value->start_mark.line + 2, error,
                               "the kernel should be lua or pneuma, not '%s'", kernel);
    free(kernel);
    return status;
}

/* A language tag's letters, digits and dashes only: it becomes an attribute of the report. */
static pn_status check_language(const pn_document *document, int line, pn_error *error) {
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (document->language[strspn(document->language, allowed)] == '\0') return PN_OK;
    return pn_parse_fail(document, line, error,
                         "'lang' should be a language tag like en or de-CH, not '%s'",
                         document->language);
}

static pn_status take_key(pn_document *document, const yaml_node_t *key, const yaml_node_t *value,
                          pn_error *error) {
    const char *name = (const char *)key->data.scalar.value;
    if (key->type != YAML_SCALAR_NODE) return PN_OK;
    if (strcmp(name, "title") == 0)
        return take_scalar(document, name, value, &document->title, error);
    if (strcmp(name, "description") == 0)
        return take_scalar(document, name, value, &document->description, error);
    if (strcmp(name, "kernel") == 0) return check_kernel(document, value, error);
    if (strcmp(name, "lang") != 0) return PN_OK; /* other tools have keys of their own */
    pn_status status = take_scalar(document, name, value, &document->language, error);
    if (status != PN_OK) return status;
    return check_language(document, (int)value->start_mark.line + 2, error);
}

static pn_status take_mapping(pn_document *document, yaml_document_t *yaml, pn_error *error) {
    yaml_node_t *root = yaml_document_get_root_node(yaml);
    if (!root) return PN_OK; /* nothing but comments */
    if (root->type != YAML_MAPPING_NODE)
        return pn_parse_fail(document, (int)root->start_mark.line + 2, error,
                             "front matter should be lines of 'key: value'");
    pn_status status = PN_OK;
    yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    for (; status == PN_OK && pair < root->data.mapping.pairs.top; pair++)
        status = take_key(document, yaml_document_get_node(yaml, pair->key),
                          yaml_document_get_node(yaml, pair->value), error);
    return status;
}

static pn_status parse_yaml(pn_document *document, const char *text, size_t size, pn_error *error) {
    yaml_parser_t parser;
    yaml_document_t yaml;
    if (!yaml_parser_initialize(&parser)) return pn_fail_memory(error, sizeof parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    pn_status status;
    if (yaml_parser_load(&parser, &yaml)) {
        status = take_mapping(document, &yaml, error);
        yaml_document_delete(&yaml);
    } else
        status =
            pn_parse_fail(document, (int)parser.problem_mark.line + 2, error,
                          "broken front matter: %s", parser.problem ? parser.problem : "no YAML");
    yaml_parser_delete(&parser);
    return status;
}

pn_status pn_parse_front_matter(pn_document *document, const char *text, size_t size, int *lines,
                                pn_error *error) {
    const char *end = text + size, *stop = line_end(text, end);
    *lines = 0;
    if (!line_is(text, stop, "---")) return PN_OK;
    const char *yaml = stop < end ? stop + 1 : end;
    int line = 2;
    for (const char *at = yaml; at < end; at = stop + 1, line++) {
        stop = line_end(at, end);
        if (line_is(at, stop, "---") || line_is(at, stop, "...")) {
            *lines = line;
            return parse_yaml(document, yaml, (size_t)(at - yaml), error);
        }
        if (stop == end) break;
    }
    return pn_parse_fail(document, 1, error,
                         "the front matter that opens here is never closed by a line '---'");
}
