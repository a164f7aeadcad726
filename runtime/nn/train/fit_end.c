/* What happens between the epochs: learning rates, callbacks, events, kept weights. */
#include "base/file.h"
#include "base/memory.h"
#include "nn/train/fit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pn_fit_remark(pn_fit *fit, const char *text) {
    json_array_append_new(fit->notes, json_string(text));
}

const char *pn_fit_tell(const pn_fit *fit, const json_t *event) {
    if (!fit->listener.event) return NULL;
    char *text = json_dumps(event, JSON_COMPACT);
    const char *answer = text ? fit->listener.event(fit->listener.context, text) : NULL;
    free(text);
    return answer;
}

/* Told now, and kept to be told again after a kill. */
static const char *tell_and_keep(pn_fit *fit, json_t *event) {
    const char *answer = event ? pn_fit_tell(fit, event) : NULL;
    if (event) json_array_append_new(fit->events, event);
    return answer;
}

pn_status pn_fit_begin_epoch(pn_fit *fit, int64_t epoch, pn_error *error) {
    pn_status status = PN_OK;
    json_array_clear(fit->notes);
    for (int i = 0; status == PN_OK && i < fit->callbacks; i++) {
        double rate = pn_callback_begin(&fit->callback[i], epoch);
        if (rate >= 0) status = pn_optimizer_set_rate(&fit->optimizer, rate, error);
    }
    return status;
}

/* ---- ModelCheckpoint ---- */

static pn_status write_weights(pn_fit *fit, const char *file, pn_error *error) {
    size_t count = 0;
    for (int i = 0; i < fit->model->slots; i++) {
        const pn_slot *s = &fit->model->slot[i];
        const pn_dims *shape = &s->layer->weight[s->weight].shape;
        if (!fit->slot[i]) continue;
        pn_safetensors_item *item = &fit->item[count];
        snprintf(fit->item_name[count], sizeof fit->item_name[count], "%d", i);
        item->name = fit->item_name[count++];
        item->array = (pn_array){.dtype = PN_F32, .rank = shape->rank, .data = fit->slot[i]};
        memcpy(item->array.shape, shape->size, sizeof item->array.shape);
    }
    const pn_safetensors_content content = {.items = fit->item, .count = count};
    return pn_safetensors_save(file, &content, error);
}

/* The one kept before under the same path goes; its file does when pn_fit_store has forgotten it,
 * for a training that is killed now still needs it. */
static void supersede(pn_fit *fit, const char *path) {
    size_t i;
    json_t *one;
    json_array_foreach(fit->saved, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "path")), path) != 0) continue;
        json_array_remove(fit->saved, i);
        return;
    }
}

static pn_status save(pn_fit *fit, const pn_callback *callback, int64_t epoch, pn_error *error) {
    char file[PN_PATH], name[64];
    pn_text path = {0};
    snprintf(name, sizeof name, "saved-%" PRId64 ".safetensors", epoch + 1);
    pn_status status = pn_path_join(file, fit->options.folder, name, error);
    if (status == PN_OK)
        status = pn_callback_path(callback->filepath, epoch, &fit->logs, &path, error);
    if (status == PN_OK) status = write_weights(fit, file, error);
    if (status == PN_OK) {
        json_t *one = json_pack("{sI ss ss}", "epoch", (json_int_t)epoch + 1, "path",
                                pn_text_string(&path), "file", file);
        supersede(fit, pn_text_string(&path));
        json_t *event = json_deep_copy(one);
        if (!one || !event || json_object_set_new(event, "event", json_string("save")) != 0 ||
            json_array_append(fit->saved, one) != 0)
            status = pn_fail(error, PN_E_ARGUMENT, "the path of a ModelCheckpoint is no UTF-8");
        else
            tell_and_keep(fit, json_incref(event));
        json_decref(one);
        json_decref(event);
    }
    pn_text_free(&path);
    return status;
}

/* ---- callbacks ---- */

static pn_status obey(pn_fit *fit, const pn_callback *callback, int64_t epoch,
                      const pn_verdict *verdict, pn_error *error) {
    size_t bytes = (size_t)fit->learned_count * sizeof *fit->learned;
    if (verdict->keep_best) memcpy(fit->best, fit->learned, bytes);
    if (verdict->restore) memcpy(fit->learned, fit->best, bytes);
    if (verdict->stop) fit->stopped = true;
    if (*verdict->note) pn_fit_remark(fit, verdict->note);
    if (verdict->save) return save(fit, callback, epoch, error);
    if (verdict->rate >= 0) return pn_optimizer_set_rate(&fit->optimizer, verdict->rate, error);
    return PN_OK;
}

static pn_status run_callbacks(pn_fit *fit, int64_t epoch, double rate, pn_error *error) {
    pn_status status = PN_OK;
    /* Those that go back to the best weights come last: a ModelCheckpoint keeps this epoch's. */
    for (int last = 0; last < 2; last++)
        for (int i = 0; status == PN_OK && i < fit->callbacks; i++) {
            pn_callback *c = &fit->callback[i];
            pn_verdict verdict;
            if ((c->kind == PN_EARLY_STOPPING) != last) continue;
            pn_callback_end(c, epoch, &fit->logs, rate, &verdict);
            status = obey(fit, c, epoch, &verdict, error);
        }
    return status;
}

static json_t *epoch_event(const pn_fit *fit, int64_t epoch, double rate, double seconds) {
    return json_pack("{ss sI sI sI sf sf so sO}", "event", "epoch", "epoch", (json_int_t)epoch + 1,
                     "epochs", (json_int_t)fit->options.epochs, "steps", (json_int_t)fit->steps,
                     "seconds", seconds, "learning_rate", rate, "logs", pn_logs_json(&fit->logs),
                     "notes", fit->notes);
}

static pn_status answer_with(pn_fit *fit, const char *answer, pn_error *error) {
    json_t *json = json_loads(answer, 0, NULL);
    const json_t *rate = json_object_get(json, "learning_rate");
    pn_status status = PN_OK;
    if (!json_is_object(json))
        status = pn_fail(error, PN_E_ARGUMENT, "the answer to an epoch must be a JSON object");
    else if (json_is_number(rate))
        status = pn_optimizer_set_rate(&fit->optimizer, json_number_value(rate), error);
    if (json_is_true(json_object_get(json, "stop"))) fit->stopped = true;
    json_decref(json);
    return status;
}

pn_status pn_fit_end_epoch(pn_fit *fit, int64_t epoch, double rate, double seconds,
                           pn_error *error) {
    pn_status status = PN_OK;
    if (fit->logs_rate) status = pn_logs_set(&fit->logs, "lr", rate, error);
    memcpy(fit->history + fit->done * PN_LOGS_MOST, fit->logs.value, sizeof fit->logs.value);
    if (status == PN_OK) status = run_callbacks(fit, epoch, rate, error);
    if (status != PN_OK) return status;
    fit->done++;
    json_t *event = epoch_event(fit, epoch, rate, seconds);
    if (!event) return pn_fail_memory(error, sizeof(json_t));
    json_t *kept = json_deep_copy(event); /* the notes change */
    json_decref(event);
    const char *answer = tell_and_keep(fit, kept);
    return answer ? answer_with(fit, answer, error) : PN_OK;
}
