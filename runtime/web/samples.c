#include "web/samples.h"

#include "base/file.h"
#include "base/memory.h"
#include "stage/stage.h"

#include <stdio.h>
#include <string.h>

static pn_status draw(pn_stage_arguments *a, pn_stage_outcome *outcome, pn_error *error) {
    static const struct {
        const char *name;
        int64_t value;
    } wishes[] = {{"count", PN_SAMPLES}, {"max_width", 900}};
    pn_status status = PN_OK;
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes && status == PN_OK; i++)
        status = pn_stage_give_int(a, wishes[i].name, wishes[i].value, error);
    if (status == PN_OK) status = pn_stage_give_float(a, "pneumonia", 0.5, error);
    return status == PN_OK ? pn_stage_call(a, NULL, outcome, error) : status;
}

static pn_status read_images(pn_samples *s, const pn_value *paths, pn_error *error) {
    for (size_t i = 0; i < paths->count && s->count < PN_SAMPLES; i++) {
        pn_status status = pn_file_read(paths->string[i].data, 0, &s->image[s->count].data,
                                        &s->image[s->count].size, error);
        if (status != PN_OK) return status;
        s->count++;
        snprintf(s->image[i].name, sizeof s->image[i].name, "sample_%d.jpg", s->count);
    }
    return PN_OK;
}

pn_status pn_samples_draw(pn_samples *s, pn_error *error) {
    const pn_stage_info *info;
    pn_stage_arguments *a = NULL;
    pn_stage_outcome outcome = {0};
    *s = (pn_samples){0};
    pn_status status = pn_stage_find("phantom", &info, error);
    if (status == PN_OK) status = pn_stage_arguments_new(info, &a, error);
    if (status == PN_OK) status = draw(a, &outcome, error);
    pn_stage_arguments_free(a);
    if (status != PN_OK) return status;
    const pn_value *paths = pn_values_find(outcome.results, "path");
    status = paths ? read_images(s, paths, error)
                   : pn_fail(error, PN_E_INTERNAL, "the stage phantom gives no paths");
    pn_values_free(outcome.results);
    return status;
}

void pn_samples_free(pn_samples *s) {
    for (int i = 0; i < s->count; i++) pn_free(s->image[i].data);
    s->count = 0;
}

json_t *pn_samples_json(const pn_samples *s) {
    json_t *list = json_array();
    for (int i = 0; i < s->count; i++) {
        char url[64];
        snprintf(url, sizeof url, "/samples/%s", s->image[i].name);
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", s->image[i].name, "url", url));
    }
    return list;
}
