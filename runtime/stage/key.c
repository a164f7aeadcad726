#include "stage/key.h"

#include "base/cpu.h"
#include "base/pool.h"
#include "stage/json.h"
#include "stage/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes whenever entries of older versions of the cache must not be used. */
enum { FORMAT = 2 };

static pn_hash hash_inputs(const pn_values *inputs, int *failed) {
    pn_hasher *h = pn_hasher_new();
    if (!h) return *failed = 1, (pn_hash){0};
    for (size_t i = 0; i < inputs->count; i++) {
        const pn_value *value = &inputs->value[i];
        pn_hasher_add_text(h, value->name);
        pn_hasher_add_int(h, value->given);
        pn_hasher_add_int(h, (int64_t)value->count);
        for (size_t k = 0; k < value->count; k++) {
            if (value->kind == PN_KIND_STRINGS) {
                pn_hasher_add(h, value->string[k].data, value->string[k].size);
                continue;
            }
            const pn_tensor *t = value->array[k];
            pn_hasher_add_int(h, t->dtype);
            pn_hasher_add(h, t->shape, (size_t)t->rank * sizeof *t->shape);
            pn_hasher_add(h, t->data, pn_tensor_bytes(t));
        }
    }
    return pn_hasher_finish(h);
}

static json_t *params_json(const pn_stage_arguments *a) {
    const pn_stage *stage = a->info->table;
    json_t *params = json_object();
    for (size_t i = 0; params && i < stage->param_count; i++) {
        pn_text text = {0};
        pn_param_value_text(&stage->params[i], &a->param[i], &text);
        json_t *value = text.failed ? NULL : pn_json_bytes(pn_text_string(&text), text.size);
        pn_text_free(&text);
        if (json_object_set_new(params, stage->params[i].name, value) == 0) continue;
        json_decref(params);
        params = NULL;
    }
    return params;
}

static json_t *parts_json(const pn_stage_arguments *a, const char *build) {
    const pn_stage *stage = a->info->table;
    char plugin[PN_HASH_HEX], inputs[PN_HASH_HEX];
    int failed = 0;
    pn_hash_hex(a->info->file->hash, plugin);
    pn_hash_hex(hash_inputs(a->inputs, &failed), inputs);
    if (failed) return NULL;
    json_t *parts = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "format", FORMAT,
                              "stage", stage->name, "version", stage->version, "plugin", plugin,
                              "library", build, "threads", pn_threads(), "cpu",
                              pn_cpu_name(pn_cpu()), "inputs", inputs, "params", params_json(a));
    /* How models are computed, where the environment says so (nn/plan.h). */
    const char *plan = getenv("PNEUMA_PLAN");
    int lost =
        parts && plan && json_object_set_new(parts, "plan", pn_json_bytes(plan, strlen(plan)));
    if (parts && (stage->flags & PN_STAGE_SEED))
        lost |= json_object_set_new(parts, "seed", json_integer((json_int_t)a->seed));
    if (!lost) return parts;
    json_decref(parts);
    return NULL;
}

pn_status pn_key_make(const pn_stage_arguments *arguments, pn_key *key, pn_error *error) {
    char build[128];
    pn_status status = pn_library_build(build, sizeof build, error);
    if (status != PN_OK) return status;
    key->parts = parts_json(arguments, build);
    char *text = key->parts ? json_dumps(key->parts, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text) {
        pn_key_free(key);
        return pn_fail_memory(error, 1);
    }
    pn_hash_hex(pn_hash_bytes(text, strlen(text)), key->name);
    free(text);
    return PN_OK;
}

void pn_key_free(pn_key *key) {
    json_decref(key->parts);
    key->parts = NULL;
}

/* ---- how two keys differ ---- */

static void say(char *why, int *count, const char *text) {
    size_t used = strlen(why);
    if (++*count <= 3)
        snprintf(why + used, PN_STAGE_WHY - used, "%s%s", used ? ", " : "", text);
    else if (*count == 4)
        snprintf(why + used, PN_STAGE_WHY - used, ", and more");
}

/* Structured values, such as where batches come from, differ in places that a line cannot show. */
static int is_brief(const char *value) {
    return strlen(value) <= 50 && value[0] != '{' && value[0] != '[';
}

static void compare_params(const json_t *before, const json_t *now, char *why, int *count) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)now, name, value) {
        const char *old = json_string_value(json_object_get(before, name));
        const char *new = json_string_value(value);
        char text[200];
        if (old && strcmp(old, new) == 0) continue;
        if (!old || !*old) old = "(none)";
        if (!*new) new = "(none)";
        if (is_brief(old) && is_brief(new))
            snprintf(text, sizeof text, "parameter %s changed %s -> %s", name, old, new);
        else
            snprintf(text, sizeof text, "parameter %s changed", name);
        say(why, count, text);
    }
}

int pn_key_difference(const json_t *before, const json_t *now, char *why) {
    static const struct {
        const char *part, *text;
    } parts[] = {
        {"inputs", "inputs changed"},
        {"version", "the stage has a new version"},
        {"plugin", "the plugin was rebuilt"},
        {"library", "Pneuma was rebuilt"},
        {"format", "the cache has a new format"},
    };
    int count = 0;
    char text[100];
    *why = '\0';
    compare_params(json_object_get(before, "params"), json_object_get(now, "params"), why, &count);
    json_t *a = json_object_get(before, "seed"), *b = json_object_get(now, "seed");
    if (b && !json_equal(a, b)) {
        snprintf(text, sizeof text, "seed changed %lld -> %lld", (long long)json_integer_value(a),
                 (long long)json_integer_value(b));
        say(why, &count, text);
    }
    a = json_object_get(before, "threads"), b = json_object_get(now, "threads");
    if (!json_equal(a, b)) {
        snprintf(text, sizeof text, "threads changed %d -> %d", (int)json_integer_value(a),
                 (int)json_integer_value(b));
        say(why, &count, text);
    }
    if (!json_equal(json_object_get(before, "cpu"), json_object_get(now, "cpu")))
        say(why, &count, "the CPU level changed");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!json_equal(json_object_get(before, parts[i].part),
                        json_object_get(now, parts[i].part)))
            say(why, &count, parts[i].text);
    return count;
}
