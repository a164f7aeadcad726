/* Twenty steps of a small convolutional model beside Keras's, from the same weights and batches. */
#include "golden_tensors.h"

#include "data/tensor_source.h"
#include "nn/file/model_json.h"
#include "nn/train/evaluate.h"
#include "nn/train/fit.h"

static const char name[] = "training";
enum { STEPS = 20 };

typedef struct peer {
    pn_safetensors *file;
    json_t *about;
    pn_model *model;
    pn_tensor *x, *y;
    pn_source *source;
} peer;

static void take_weights(peer *p, const char *when) {
    const json_t *names = json_object_get(p->about, "weights");
    assert_int_equal(json_array_size(names), p->model->slots);
    for (int i = 0; i < p->model->slots; i++) {
        char field[100];
        pn_error error;
        snprintf(field, sizeof field, "%s/%s", when,
                 json_string_value(json_array_get(names, (size_t)i)));
        pn_tensor *value = tensors_take(p->file, name, field);
        const pn_slot *s = &p->model->slot[i];
        if (pn_layer_set_weight(s->layer, s->weight, value, &error) != PN_OK)
            fail_msg("%s", error.message);
        pn_tensor_release(value);
    }
}

static peer open_peer(const char *when) {
    peer p = {.file = tensors_open("training.safetensors")};
    pn_error error;
    p.about = tensors_case(p.file, name);
    const char *text = json_string_value(json_object_get(p.about, "model"));
    if (pn_model_from_text(text, strlen(text), &p.model, &error) != PN_OK)
        fail_msg("%s", error.message);
    take_weights(&p, when);
    p.x = tensors_take(p.file, name, "images");
    p.y = tensors_take(p.file, name, "labels");
    for (int64_t i = 0; i < pn_tensor_count(p.x); i++) numbers(p.x)[i] /= 255.0F;
    const pn_array x = pn_tensor_array(p.x), y = pn_tensor_array(p.y);
    const pn_sampling sampling = {.batch_size =
                                      json_integer_value(json_object_get(p.about, "batch"))};
    assert_int_equal(pn_tensor_source_new(&x, &y, &sampling, &p.source, &error), PN_OK);
    return p;
}

static void close_peer(peer *p) {
    p->source->release(p->source);
    pn_tensor_release(p->x);
    pn_tensor_release(p->y);
    pn_model_release(p->model);
    json_decref(p->about);
    pn_safetensors_release(p->file);
}

/* Each epoch is one step: then the logs are those of the batch. */
static pn_fit *train(const peer *p) {
    json_t *optimizer = json_string("adam"), *loss = json_string("binary_crossentropy");
    json_t *metrics = json_pack("[s]", "accuracy");
    double weight[2];
    pn_fit *fit;
    pn_error error;
    assert_int_equal(
        pn_class_weights(json_object_get(p->about, "class_weight"), NULL, 2, weight, &error),
        PN_OK);
    const pn_fit_options options = {.optimizer = optimizer,
                                    .loss = loss,
                                    .metrics = metrics,
                                    .epochs = STEPS,
                                    .steps_per_epoch = 1,
                                    .class_weight = weight,
                                    .classes = 2};
    pn_status status = pn_fit_new(p->model, p->source, NULL, &options, NULL, &fit, &error);
    if (status == PN_OK) status = pn_fit_run(fit, &error);
    if (status != PN_OK) fail_msg("%s", error.message);
    json_decref(optimizer);
    json_decref(loss);
    json_decref(metrics);
    return fit;
}

static void twenty_steps(void **state) {
    (void)state;
    peer p = open_peer("start");
    pn_fit *fit = train(&p);
    pn_tensor *loss = tensors_take(p.file, name, "loss");
    pn_tensor *accuracy = tensors_take(p.file, name, "accuracy");
    int at_loss = pn_logs_find(pn_fit_logs(fit), "loss");
    int at_accuracy = pn_logs_find(pn_fit_logs(fit), "accuracy");
    for (int i = 0; i < STEPS; i++) {
        assert_near(name, "loss of step", i + 1, pn_fit_history(fit, i, at_loss), numbers(loss)[i],
                    1e-3);
        assert_near(name, "accuracy of step", i + 1, pn_fit_history(fit, i, at_accuracy),
                    numbers(accuracy)[i], 1e-6);
    }
    pn_tensor_release(loss);
    pn_tensor_release(accuracy);
    take_weights(&p, "after");
    for (int i = 0; i < p.model->slots; i++) {
        const pn_slot *s = &p.model->slot[i];
        const pn_tensor *wanted = s->layer->weight[s->weight].value;
        for (int64_t k = 0; k < pn_tensor_count(wanted); k++)
            assert_near(s->layer->name, s->layer->weight[s->weight].name, k,
                        pn_fit_weight(fit, i)[k], numbers(wanted)[k], 5e-3);
    }
    pn_fit_free(fit);
    close_peer(&p);
    assert_int_equal(pn_live_bytes(), 0);
}

static void evaluation(void **state) {
    (void)state;
    peer p = open_peer("after");
    json_t *loss = json_string("binary_crossentropy"), *metrics = json_pack("[s]", "accuracy");
    pn_tensor *wanted = tensors_take(p.file, name, "evaluate");
    pn_logs logs;
    pn_error error;
    assert_int_equal(pn_evaluate(p.model, p.source, loss, metrics, 0, NULL, &logs, &error), PN_OK);
    assert_int_equal(logs.count, 2);
    assert_string_equal(logs.name[0], "loss");
    assert_string_equal(logs.name[1], "accuracy");
    for (int i = 0; i < 2; i++)
        assert_near(name, logs.name[i], 0, logs.value[i], numbers(wanted)[i], 1e-5);
    pn_tensor_release(wanted);
    json_decref(loss);
    json_decref(metrics);
    close_peer(&p);
}

static void prediction(void **state) {
    (void)state;
    peer p = open_peer("after");
    pn_tensor *wanted = tensors_take(p.file, name, "predict");
    float out[64], y[64];
    int32_t label[64];
    uint8_t read[64];
    pn_error error;
    const pn_rows rows = {out, read, y, label};
    int node = p.model->group[0].output[0];
    assert_int_equal(p.source->samples, 64);
    assert_int_equal(pn_predict(p.model, node, p.source, NULL, &rows, &error), PN_OK);
    for (int i = 0; i < 64; i++) {
        assert_near(name, "prediction", i, out[i], numbers(wanted)[i], 1e-5);
        assert_int_equal(read[i], 1);
        assert_int_equal(label[i], (int)numbers(p.y)[i]);
        assert_true(y[i] == numbers(p.y)[i]);
    }
    pn_tensor_release(wanted);
    close_peer(&p);
    assert_int_equal(pn_live_bytes(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_steps),
        cmocka_unit_test(evaluation),
        cmocka_unit_test(prediction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
