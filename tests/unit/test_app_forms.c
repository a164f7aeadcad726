/* Uploads as forms send them, and bodies that come in pieces or unasked. */
#define _GNU_SOURCE
#include "app_fixture.h"

static app_fixture app;

#define PREDICT "POST /api/v1/predict"
#define FORM "Content-Type: multipart/form-data; boundary=cut\r\n"

static app_answer ask_form(const char *query, const char *head, const void *file, size_t size,
                           const char *tail) {
    char line[256], *body = malloc(strlen(head) + size + strlen(tail) + 1);
    snprintf(line, sizeof line, PREDICT "%s", query);
    const size_t before = strlen(head), after = strlen(tail);
    memcpy(body, head, before);
    memcpy(body + before, file, size);
    memcpy(body + before + size, tail, after);
    app_answer answer = app_ask(&app, line, FORM, body, before + size + after);
    free(body);
    return answer;
}

#define PART(name, file)                                                                           \
    "--cut\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n"        \
    "Content-Type: image/jpeg\r\n\r\n"

static void forms(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 1, &size);
    json_t *got = app_json(ask_form("?heatmap=png&picture=png", PART("file", "../../a b.jpg"),
                                    bytes, size, "\r\n--cut--\r\n"),
                           200);
    assert_string_equal(app_text(got, "name"), "a b.jpg");
    assert_int_equal(strncmp(app_text(got, "picture"), "data:image/png;base64,", 22), 0);
    const json_t *heatmap = json_object_get(got, "heatmap");
    assert_int_equal(strncmp(app_text(heatmap, "png"), "data:image/png;base64,", 22), 0);
    json_decref(got);
    app_expect(ask_form("", PART("other", "a.jpg"), bytes, size, "\r\n--cut--\r\n"), 400, "file");
    app_expect(ask_form("", PART("file", "a.jpg"), bytes, size,
                        "\r\n" PART("file", "b.jpg") "x\r\n--cut--\r\n"),
               400, "several_files");
    app_expect(ask_form("", "nonsense", bytes, size, ""), 400, "bad_form");
}

/* Wherever the body is cut in two on its way. */
static void forms_in_two_pieces(void **state) {
    (void)state;
    size_t size;
    const void *bytes = app_sample(&app, 1, &size);
    static const char head[] = PART("file", "a.jpg"), tail[] = "\r\n--cut--\r\n";
    const size_t around = sizeof head - 1 + sizeof tail - 1;
    for (int cut = -3; cut < 8; cut++) {
        char line[256];
        const int fd = app_connect(&app);
        const int length = snprintf(line, sizeof line,
                                    PREDICT " HTTP/1.1\r\nHost: localhost\r\n" FORM
                                            "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                                    size + around);
        app_send(fd, line, (size_t)length);
        char *body = malloc(size + around);
        memcpy(body, head, sizeof head - 1);
        memcpy(body + sizeof head - 1, bytes, size);
        memcpy(body + sizeof head - 1 + size, tail, sizeof tail - 1);
        const size_t first = (size_t)((int)sizeof head - 1 + cut);
        app_send(fd, body, first);
        usleep(30000);
        app_send(fd, body + first, size + around - first);
        app_expect(app_receive(fd), 200, "\"a.jpg\"");
        free(body);
    }
}

static void bodies_that_nobody_asked_for(void **state) {
    (void)state;
    app_expect(app_ask(&app, "GET /healthz", "", "hello", 5), 200, "ok");
    app_expect(app_ask(&app, "GET /api/v1/predict", "", "hello", 5), 405, NULL);
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
        cmocka_unit_test(forms),
        cmocka_unit_test(forms_in_two_pieces),
        cmocka_unit_test(bodies_that_nobody_asked_for),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
