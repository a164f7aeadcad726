/* The app over real connections: answers, refusals, faults of visitors. */
#define _GNU_SOURCE
#include "app_fixture.h"

#include "base/file.h"
#include "base/home.h"
#include "data/picture.h"
#include "nn/explain/gradcam.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

static app_fixture app;

#define PREDICT "POST /api/v1/predict"
#define RAW "Content-Type: image/jpeg\r\n"

/* ---- what is answered ---- */

static void health_and_model(void **state) {
    (void)state;
    app_expect(app_ask(&app, "GET /healthz", "", NULL, 0), 200, "{\"status\":\"ok\"}");
    json_t *model = app_json(app_ask(&app, "GET /api/v1/model", "", NULL, 0), 200);
    assert_string_equal(app_text(model, "name"), "small_pneumonia");
    assert_string_equal(app_text(model, "positive"), "PNEUMONIA");
    assert_int_equal(json_array_size(json_object_get(model, "samples")), PN_SAMPLES);
    assert_true(json_is_true(json_object_get(model, "synthetic")));
    assert_true(json_is_false(json_object_get(model, "keeps")));
    assert_true(json_is_false(json_object_get(model, "threshold_given")));
    json_decref(model);
    app_expect(app_ask(&app, "HEAD /healthz", "", NULL, 0), 200, "Content-Length: 15");
}

static void pages_and_samples(void **state) {
    (void)state;
    app_answer page = app_ask(&app, "GET /", "", NULL, 0);
    assert_non_null(strstr(page.text, "Content-Security-Policy: default-src 'none'"));
    assert_non_null(strstr(page.text, "X-Content-Type-Options: nosniff"));
    app_expect(page, 200, "text/html");
    app_answer image = app_ask(&app, "GET /samples/sample_1.jpg", "", NULL, 0);
    assert_int_equal(image.size, app.samples.image[0].size);
    assert_memory_equal(image.body, app.samples.image[0].data, image.size);
    app_expect(image, 200, "image/jpeg");
}

/* The same numbers as a notebook's: prepared as a batch is, asked as m:gradcam asks. */
static void answers_are_the_models_own(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 0, &size);
    const pn_app_model *m = app.model;
    const pn_app_layer *layer = &m->layer[m->usual];
    const int64_t places = layer->height * layer->width;
    pn_tensor *prepared;
    pn_error error;
    assert_int_equal(pn_picture_decode(bytes, size, "x", m->wish.channels, m->wish.height,
                                       m->wish.width, m->wish.filter, &prepared, &error),
                     PN_OK);
    const int64_t count = pn_tensor_count(prepared);
    float *x = pn_alloc((size_t)count * sizeof *x), *map = pn_alloc((size_t)places * sizeof *map);
    float probability;
    for (int64_t i = 0; i < count; i++) x[i] = (float)((uint8_t *)prepared->data)[i] * m->rescale;
    const pn_gradcam_options options = {
        .node = layer->node, .target = 1, .logits = true, .normalize = true};
    assert_int_equal(pn_gradcam(m->model, x, 1, &options, map, &probability, &error), PN_OK);
    json_t *got =
        app_json(app_ask(&app, PREDICT "?heatmap=array&from=logit", RAW, bytes, size), 200);
    assert_true(fabs(app_number(got, "probability") - (double)probability) < 1e-6);
    const json_t *values = json_object_get(json_object_get(got, "heatmap"), "values");
    for (int64_t i = 0; i < places; i++) {
        const json_t *row = json_array_get(values, (size_t)(i / layer->width));
        const double value = json_number_value(json_array_get(row, (size_t)(i % layer->width)));
        if (fabs(value - (double)map[i]) > 1e-5) fail_msg("%d: %g, %g", (int)i, value, map[i]);
    }
    json_decref(got);
    pn_tensor_release(prepared);
    pn_free(x);
    pn_free(map);
}

static void thresholds(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 0, &size);
    static const struct {
        const char *query, *class;
    } cases[] = {{"?threshold=0", "PNEUMONIA"}, {"?threshold=1", NULL}};
    for (size_t i = 0; i < 2; i++) {
        char line[64];
        snprintf(line, sizeof line, PREDICT "%s", cases[i].query);
        json_t *got = app_json(app_ask(&app, line, RAW, bytes, size), 200);
        const bool positive = app_number(got, "probability") > app_number(got, "threshold");
        assert_string_equal(app_text(got, "class"), positive ? "PNEUMONIA" : "NORMAL");
        if (cases[i].class) assert_string_equal(app_text(got, "class"), cases[i].class);
        json_decref(got);
    }
}

/* ---- what is refused ---- */

static void wrong_requests(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 0, &size);
    app_expect(app_ask(&app, "GET /nothing", "", NULL, 0), 404, "not_found");
    app_expect(app_ask(&app, "GET /../../etc/passwd", "", NULL, 0), 404, NULL);
    app_expect(app_ask(&app, "GET /api/v1/predict", "", NULL, 0), 405, "Allow: POST");
    app_expect(app_ask(&app, "DELETE /healthz", "", NULL, 0), 405, "Allow: GET, HEAD");
    app_expect(app_ask(&app, PREDICT, RAW, NULL, 0), 411, "no_length");
    app_expect(app_ask(&app, PREDICT, "Content-Type: text/plain\r\n", bytes, size), 415,
               "unsupported_content_type");
    static const char *const queries[] = {"?layer=none",   "?method=cam",    "?class=x",
                                          "?heatmap=jpeg", "?from=here",     "?threshold=2",
                                          "?picture=gif",  "?threshold=nan", "?threshold=0x",
                                          "?heatmp=png",   "?token=x"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char line[128];
        snprintf(line, sizeof line, PREDICT "%s", queries[i]);
        app_expect(app_ask(&app, line, RAW, bytes, size), 400, "bad_parameter");
    }
}

/* What gives no probabilities is not served. */
static void wrong_models(void **state) {
    (void)state;
    static const struct {
        const char *file, *why;
    } cases[] = {{"weights/small_face_vgg.safetensors", "not one number for each class"},
                 {"weights", "is a folder"},
                 {"nothing.safetensors", "nothing.safetensors"}};
    char notebooks[PN_PATH], path[PN_PATH];
    pn_error error;
    pn_app_model *model;
    assert_int_equal(pn_home_path(notebooks, "notebooks", &error), PN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(pn_path_join(path, notebooks, cases[i].file, &error), PN_OK);
        assert_int_not_equal(pn_app_model_open(path, -1, &model, &error), PN_OK);
        if (!strstr(error.message, cases[i].why)) fail_msg("%s", error.message);
        assert_null(model);
    }
}

static void wrong_files(void **state) {
    (void)state;
    size_t size;
    const char *bytes = app_sample(&app, 0, &size);
    char *large = calloc(1, 3000000);
    app_expect(app_ask(&app, PREDICT, RAW, "", 0), 422, "empty");
    app_expect(app_ask(&app, PREDICT, RAW, "hello", 5), 415,
               "this file is not an image that Pneuma reads");
    app_expect(app_ask(&app, PREDICT, RAW, bytes, size / 2), 422, "damaged_image");
    app_expect(app_ask(&app, PREDICT, RAW, "GIF89a......", 12), 415, NULL);
    app_expect(app_ask(&app, PREDICT, RAW, large, 3000000), 413, "too_large");
    free(large);
}

static void other_pages(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 0, &size);
    app_expect(app_ask(&app, "GET /", "Host: evil.example\r\n", NULL, 0), 403, "wrong_host");
    app_expect(app_ask(&app, PREDICT, RAW "Origin: http://evil.example\r\n", bytes, size), 403,
               "wrong_origin");
    app_expect(app_ask(&app, PREDICT, RAW "Sec-Fetch-Site: cross-site\r\n", bytes, size), 403,
               "wrong_origin");
    app_expect(app_ask(&app, PREDICT, RAW "Origin: http://localhost\r\n", bytes, size), 200, NULL);
}

/* ---- faults ---- */

static void cut_connections(void **state) {
    (void)state;
    size_t size;
    const char *bytes = app_sample(&app, 0, &size);
    for (int i = 0; i < 20; i++) {
        char head[256];
        const int fd = app_connect(&app);
        const int length = snprintf(head, sizeof head,
                                    PREDICT "?heatmap=png HTTP/1.1\r\nHost: localhost\r\n" RAW
                                            "Content-Length: %zu\r\n\r\n",
                                    size);
        app_send(fd, head, (size_t)(i < 5 ? length / 2 : length));
        if (i >= 5) app_send(fd, bytes, i < 10 ? size / 3 : size);
        close(fd); /* some in the middle of the answer */
    }
    app_expect(app_ask(&app, "GET /healthz", "", NULL, 0), 200, NULL);
    app_expect(app_ask(&app, PREDICT, RAW, bytes, size), 200, NULL);
}

/* More than there is room for at a time: who has gone does not stand in others' way. */
static void gone_visitors_leave_room(void **state) {
    (void)state;
    const time_t start = time(NULL);
    for (int i = 0; i < 1000; i++) {
        const int fd = app_connect(&app);
        app_send(fd, "GET", 3);
        close(fd);
    }
    app_expect(app_ask(&app, "GET /healthz", "", NULL, 0), 200, NULL);
    assert_true(time(NULL) - start < 10);
}

static void *ask_often(void *context) {
    int *counts = context; /* of 200 and 503 */
    for (int i = 0; i < 4; i++) {
        size_t size;
        const void *bytes = app_sample(&app, i % PN_SAMPLES, &size);
        app_answer answer =
            app_ask(&app, i % 2 ? PREDICT "?heatmap=png" : PREDICT, RAW, bytes, size);
        counts[0] += answer.status == 200;
        counts[1] += answer.status == 503 && strstr(answer.text, "Retry-After: 1");
        free(answer.text);
    }
    return NULL;
}

/* Many at once are answered, or told to come again. */
static void a_crowd(void **state) {
    (void)state;
    enum { CROWD = 60 };
    static pthread_t thread[CROWD];
    static int counts[CROWD][2];
    int good = 0, busy = 0;
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_often, counts[i]), 0);
    for (int i = 0; i < CROWD; i++) {
        pthread_join(thread[i], NULL);
        good += counts[i][0];
        busy += counts[i][1];
    }
    assert_int_equal(good + busy, CROWD * 4);
    assert_true(good >= CROWD);
}

/* ---- tokens, keeping ---- */

static void a_token(void **state) {
    (void)state;
    app_fixture guarded;
    app_begin(&guarded, "correct-horse", 2000000, NULL);
    app_expect(app_ask(&guarded, "GET /healthz", "", NULL, 0), 200, NULL);
    app_expect(app_ask(&guarded, "GET /", "", NULL, 0), 401, "<h2>A token is needed</h2>");
    app_expect(app_ask(&guarded, "GET /?token=wrong-horse1", "", NULL, 0), 401,
               "<h2>This token is wrong</h2>");
    app_expect(app_ask(&guarded, "GET /", "Cookie: pneuma_token_80=old\r\n", NULL, 0), 401,
               "<h2>This token is wrong</h2>");
    app_expect(app_ask(&guarded, "GET /app.css", "", NULL, 0), 200, "text/css");
    app_expect(app_ask(&guarded, "GET /main.js", "", NULL, 0), 401, "application/json");
    app_expect(app_ask(&guarded, "GET /api/v1/model", "", NULL, 0), 401, "token_needed");
    app_expect(app_ask(&guarded, "GET /api/v1/model", "Authorization: Bearer horse\r\n", NULL, 0),
               401, "token_wrong");
    app_expect(app_ask(&guarded, PREDICT, RAW, "hello", 5), 401, "token_needed");
    app_expect(app_ask(&guarded, "GET /?token=correct-horse", "", NULL, 0), 303,
               "Set-Cookie: pneuma_token_80=correct-horse; HttpOnly; SameSite=Strict");
    app_expect(app_ask(&guarded, "GET /api/v1/model", "Cookie: pneuma_token_80=correct-horse\r\n",
                       NULL, 0),
               200, NULL);
    app_expect(
        app_ask(&guarded, "GET /api/v1/model", "Authorization: Bearer correct-horse\r\n", NULL, 0),
        200, NULL);
    /* Apps on other ports of the host have cookies of their own. */
    app_expect(app_ask(&guarded, "GET /?token=correct-horse", "Host: localhost:5001\r\n", NULL, 0),
               303, "Set-Cookie: pneuma_token_5001=correct-horse;");
    app_expect(app_ask(&guarded, "GET /api/v1/model",
                       "Host: localhost:5001\r\nCookie: pneuma_token_5000=other; "
                       "pneuma_token_5001=correct-horse\r\n",
                       NULL, 0),
               200, NULL);
    /* In the query it is good for the page alone. */
    app_expect(app_ask(&guarded, "GET /api/v1/model?token=correct-horse", "", NULL, 0), 401, NULL);
    app_end(&guarded);
}

static void uploads_are_kept_when_asked(void **state) {
    (void)state;
    char folder[] = "/tmp/pneuma-keep-XXXXXX";
    size_t size;
    const void *bytes = app_sample(&app, 0, &size);
    pn_names names;
    app_fixture keeping;
    assert_non_null(mkdtemp(folder));
    app_begin(&keeping, "", 2000000, folder);
    app_expect(app_ask(&keeping, PREDICT, RAW, bytes, size), 200, NULL);
    app_expect(app_ask(&keeping, PREDICT, RAW, "no image", 8), 415, NULL);
    app_end(&keeping);
    assert_int_equal(pn_folder_list(folder, &names, NULL), PN_OK);
    assert_int_equal(names.count, 1);
    assert_string_equal(pn_path_ending(names.name[0]), ".jpg");
    pn_names_free(&names);
    pn_tree_remove(folder, NULL);
}

static int begin(void **state) {
    (void)state;
    app_begin(&app, "", 2000000, NULL);
    return 0;
}

static int end(void **state) {
    (void)state;
    app_end(&app);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_and_model),
        cmocka_unit_test(pages_and_samples),
        cmocka_unit_test(answers_are_the_models_own),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(wrong_requests),
        cmocka_unit_test(wrong_models),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(other_pages),
        cmocka_unit_test(cut_connections),
        cmocka_unit_test(gone_visitors_leave_room),
        cmocka_unit_test(a_crowd),
        cmocka_unit_test(a_token),
        cmocka_unit_test(uploads_are_kept_when_asked),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
