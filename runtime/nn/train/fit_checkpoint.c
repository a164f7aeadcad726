/* A training's state in its folder. */
#include "base/file.h"
#include "nn/train/checkpoint.h"
#include "nn/train/fit_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char file_name[] = "training.safetensors";

static int list_parts(const pn_fit *fit, pn_checkpoint_part parts[PN_CHECKPOINT_PARTS]) {
    const pn_optimizer *o = &fit->optimizer;
    int count = 0;
    parts[count++] = (pn_checkpoint_part){"weights", fit->learned, fit->learned_count};
    if (o->slots) parts[count++] = (pn_checkpoint_part){"optimizer", o->state, o->slots * o->count};
    if (fit->best) parts[count++] = (pn_checkpoint_part){"best", fit->best, fit->learned_count};
    return count;
}

/* ---- out ---- */

/* NaN is no JSON number: null. */
static json_t *history_json(const pn_fit *fit) {
    json_t *rows = json_array();
    for (int64_t i = 0; rows && i < fit->done; i++) {
        json_t *row = json_array();
        for (int j = 0; j < fit->logs.count; j++) {
            double v = fit->history[i * PN_LOGS_MOST + j];
            json_array_append_new(row, isfinite(v) ? json_real(v) : json_null());
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *state_json(const pn_fit *fit) {
    json_t *callbacks = json_array();
    for (int i = 0; i < fit->callbacks; i++)
        json_array_append_new(callbacks, pn_callback_state(&fit->callback[i]));
    return json_pack("{sI sb sI sf so so sO sO}", "done", (json_int_t)fit->done, "stopped",
                     fit->stopped, "iterations", (json_int_t)fit->optimizer.iterations, "rate",
                     fit->optimizer.rate.initial, "callbacks", callbacks, "history",
                     history_json(fit), "events", fit->events, "saved", fit->saved);
}

/* Removes kept weights that no path wants any more, and what a kill left half written. */
static void sweep(const pn_fit *fit) {
    pn_names names;
    char path[PN_PATH];
    if (pn_folder_list(fit->options.folder, &names, NULL) != PN_OK) return;
    for (size_t i = 0; i < names.count; i++) {
        size_t j;
        json_t *one;
        bool wanted = strncmp(names.name[i], "saved-", 6) != 0;
        json_array_foreach(fit->saved, j, one) {
            const char *file = json_string_value(json_object_get(one, "file"));
            wanted |= strcmp(pn_path_name(file), names.name[i]) == 0;
        }
        if (!wanted && pn_path_join(path, fit->options.folder, names.name[i], NULL) == PN_OK)
            unlink(path);
    }
    pn_names_free(&names);
}

pn_status pn_fit_store(pn_fit *fit, pn_error *error) {
    pn_checkpoint_part parts[PN_CHECKPOINT_PARTS];
    char path[PN_PATH];
    if (!fit->options.folder) return PN_OK;
    pn_status status = pn_path_join(path, fit->options.folder, file_name, error);
    if (status != PN_OK) return status;
    json_t *state = state_json(fit);
    if (!state) return pn_fail_memory(error, sizeof(json_t));
    status = pn_checkpoint_save(path, fit->options.training ? fit->options.training : "", parts,
                                list_parts(fit, parts), state, error);
    json_decref(state);
    if (status == PN_OK) sweep(fit);
    return status;
}

void pn_fit_forget(const pn_fit *fit) {
    char path[PN_PATH];
    if (fit->options.folder && pn_path_join(path, fit->options.folder, file_name, NULL) == PN_OK)
        unlink(path);
}

/* ---- in ---- */

static void read_history(pn_fit *fit, const json_t *rows) {
    size_t i, j;
    const json_t *row, *item;
    json_array_foreach(rows, i, row) json_array_foreach(row, j, item)
        fit->history[i * PN_LOGS_MOST + j] = json_is_null(item) ? NAN : json_number_value(item);
}

static void take_array(json_t **to, json_t *from) {
    json_decref(*to);
    *to = json_incref(from);
}

static void take_state(pn_fit *fit, const json_t *state) {
    fit->done = json_integer_value(json_object_get(state, "done"));
    fit->stopped = json_is_true(json_object_get(state, "stopped"));
    fit->optimizer.iterations = json_integer_value(json_object_get(state, "iterations"));
    if (fit->optimizer.rate.kind == PN_RATE_CONSTANT)
        fit->optimizer.rate.initial = json_number_value(json_object_get(state, "rate"));
    const json_t *callbacks = json_object_get(state, "callbacks");
    for (int i = 0; i < fit->callbacks; i++)
        pn_callback_set_state(&fit->callback[i], json_array_get(callbacks, (size_t)i));
    read_history(fit, json_object_get(state, "history"));
    take_array(&fit->events, json_object_get(state, "events"));
    take_array(&fit->saved, json_object_get(state, "saved"));
}

/* Whoever wrote the file: rows are as long as here, and what was kept says where it is. */
static bool has_rows(const pn_fit *fit, const json_t *rows, json_int_t done) {
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i,
                       row) if (json_array_size(row) != (size_t)fit->logs.count) return false;
    return json_array_size(rows) == (size_t)done;
}

static bool is_saved(const json_t *saved) {
    size_t i;
    const json_t *one;
    json_array_foreach(saved, i,
                       one) if (!json_is_string(json_object_get(one, "path")) ||
                                !json_is_string(json_object_get(one, "file"))) return false;
    return json_is_array(saved);
}

static bool fits(const pn_fit *fit, const json_t *state) {
    json_int_t done = json_integer_value(json_object_get(state, "done"));
    return done >= 1 && done <= fit->options.epochs - fit->options.initial_epoch &&
           has_rows(fit, json_object_get(state, "history"), done) &&
           is_saved(json_object_get(state, "saved")) &&
           json_is_array(json_object_get(state, "events"));
}

/* The arrays were read already. */
static pn_status refuse(pn_fit *fit, const char *path, pn_error *error) {
    const pn_optimizer *o = &fit->optimizer;
    pn_fit_start_weights(fit);
    memset(o->state, 0, (size_t)(o->slots * o->count) * sizeof *o->state);
    return pn_fail_path(error, PN_E_ARGUMENT, path,
                        "the checkpoint '%s' is of a training with other options", path);
}

/* The folder may have moved since. */
static pn_status move_saved(pn_fit *fit, pn_error *error) {
    size_t i;
    json_t *one;
    char path[PN_PATH];
    json_array_foreach(fit->saved, i, one) {
        const char *file = json_string_value(json_object_get(one, "file"));
        pn_status status =
            pn_path_join(path, fit->options.folder, file ? pn_path_name(file) : "", error);
        if (status != PN_OK) return status;
        json_object_set_new(one, "file", json_string(path));
    }
    return PN_OK;
}

static pn_status leave_aside(const pn_fit *fit, const pn_error *why) {
    char text[PN_ERROR_TEXT + 60];
    snprintf(text, sizeof text, "%s; the training starts anew", why->message);
    if (fit->listener.note) fit->listener.note(fit->listener.context, text);
    return PN_OK;
}

pn_status pn_fit_resume(pn_fit *fit, pn_error *error) {
    pn_checkpoint_part parts[PN_CHECKPOINT_PARTS];
    char path[PN_PATH];
    json_t *state;
    pn_error why;
    if (!fit->options.folder) return PN_OK;
    pn_status status = pn_path_join(path, fit->options.folder, file_name, error);
    if (status != PN_OK) return status;
    pn_file_sweep(path);
    status = pn_checkpoint_load(path, fit->options.training ? fit->options.training : "", parts,
                                list_parts(fit, parts), &state, &why);
    if (status == PN_E_NOT_FOUND) return PN_OK;
    /* What a damaged file seems to hold may be anything, kinds of numbers that there are not among
     * it. */
    if (status == PN_E_FORMAT || status == PN_E_UNSUPPORTED) return leave_aside(fit, &why);
    if (status != PN_OK) return pn_fail_path(error, status, why.path, "%s", why.message);
    if (fits(fit, state))
        take_state(fit, state);
    else
        status = refuse(fit, path, error);
    json_decref(state);
    return status == PN_OK ? move_saved(fit, error) : status;
}
