/* The stages `load`, which reads images into one tensor of one size, and `decode`, which reads them
 * as they are. */
#include "data/picture.h"
#include "image/image.h"
#include "pneuma/stage.h"

#include <string.h>

/* What became of one path. */
typedef struct item {
    pn_tensor *image; /* NULL when it failed */
    const char *reason;
} item;

typedef struct job {
    const pn_host *host;
    pn_call *call;
    int channels;
    int64_t height, width; /* 0: as they are */
    pn_filter filter;
    item *items;
    int64_t count, done;
} job;

/* ---- one image ---- */

/* One size for all, or the image as it is. */
static pn_status decode(const job *j, const void *data, size_t size, pn_tensor **image,
                        pn_error *error) {
    if (j->height)
        return pn_picture_decode(data, size, NULL, j->channels, j->height, j->width, j->filter,
                                 image, error);
    return pn_image_decode(data, size, NULL, j->channels == 1 ? 1 : 0, image, error);
}

/* Grey pixels become RGB last: fewer to move until then, and the same in the end. */
static pn_status add_channels(const job *j, pn_tensor **image, pn_error *error) {
    pn_tensor *gray = *image, *rgb = NULL;
    if (j->channels != 3 || gray->rank == 3) return PN_OK;
    pn_status status = pn_image_rgb(gray, &rgb, error);
    if (status != PN_OK) return status;
    pn_tensor_release(gray);
    *image = rgb;
    return PN_OK;
}

static void keep_reason(const job *j, item *it, const char *reason) {
    size_t size = strlen(reason) + 1;
    char *copy = j->host->alloc(j->call, size);
    it->reason = copy ? memcpy(copy, reason, size) : "out of memory";
}

static void read_item(const job *j, int64_t index) {
    item *it = &j->items[index];
    const char *path = j->host->input_string(j->call, "paths", index, NULL), *reason;
    void *data;
    size_t size;
    pn_error error;
    if (j->host->read_file(j->call, path, 0, &data, &size, &reason) != 0) {
        keep_reason(j, it, reason);
        return;
    }
    pn_tensor *image = NULL;
    pn_status status = decode(j, data, size, &image, &error);
    j->host->free(j->call, data);
    if (status == PN_OK) status = add_channels(j, &image, &error);
    if (status == PN_OK) {
        it->image = image;
    } else {
        pn_tensor_release(image);
        keep_reason(j, it, error.message);
    }
}

static void read_items(void *context, int64_t begin, int64_t end) {
    job *j = context;
    for (int64_t i = begin; i < end && !j->host->cancelled(j->call); i++) {
        read_item(j, i);
        j->host->progress(j->call, __atomic_add_fetch(&j->done, 1, __ATOMIC_RELAXED), j->count);
    }
}

/* ---- results ---- */

/* Copies an image out and lets it go, so that memory does not hold everything twice for long. */
static void hand_over(item *it, void *to) {
    memcpy(to, it->image->data, pn_tensor_bytes(it->image));
    pn_tensor_release(it->image);
    it->image = NULL;
}

static int64_t good_items(const job *j) {
    int64_t good = 0;
    for (int64_t i = 0; i < j->count; i++) good += j->items[i].image != NULL;
    return good;
}

static int give_tensor(job *j) {
    pn_array batch = {
        .dtype = PN_U8, .rank = 4, .shape = {good_items(j), j->height, j->width, j->channels}};
    if (j->host->add_array(j->call, "images", &batch) != 0) return -1;
    uint8_t *to = batch.data;
    for (int64_t i = 0; i < j->count; i++) {
        if (!j->items[i].image) continue;
        hand_over(&j->items[i], to);
        to += j->height * j->width * j->channels;
    }
    return 0;
}

static int give_list(job *j) {
    for (int64_t i = 0; i < j->count; i++) {
        if (!j->items[i].image) continue;
        pn_array image = pn_tensor_array(j->items[i].image);
        if (j->host->add_array(j->call, "images", &image) != 0) return -1;
        hand_over(&j->items[i], image.data);
    }
    return 0;
}

/* Says in words what failed_path and failed_reason tell a program. */
static void note_failures(const job *j, int64_t failed) {
    int64_t first = 0;
    size_t size;
    if (failed == 0) return;
    while (j->items[first].image) first++;
    j->host->note(j->call, "%lld of %lld images could not be read and %s left out%s '%s': %s",
                  (long long)failed, (long long)j->count, failed == 1 ? "is" : "are",
                  failed == 1 ? "," : "; the first is",
                  j->host->input_string(j->call, "paths", first, &size), j->items[first].reason);
}

/* Which paths the images come from (counted from 1), and what failed. Before the images: handing
 * those over forgets them. */
static int give_account(const job *j) {
    int64_t good = good_items(j);
    pn_array index = {.dtype = PN_I32, .rank = 1, .shape = {good}};
    if (j->host->add_array(j->call, "index", &index) != 0) return -1;
    int32_t *to = index.data;
    for (int64_t i = 0; i < j->count; i++) {
        const item *it = &j->items[i];
        if (it->image) {
            *to++ = (int32_t)i + 1;
            continue;
        }
        size_t size;
        const char *path = j->host->input_string(j->call, "paths", i, &size);
        if (j->host->add_string(j->call, "failed_path", path, size) != 0 ||
            j->host->add_string(j->call, "failed_reason", it->reason, strlen(it->reason)) != 0)
            return -1;
    }
    note_failures(j, j->count - good);
    return 0;
}

static int run_job(job *j) {
    j->count = j->host->input_count(j->call, "paths");
    size_t bytes = ((size_t)j->count + 1) * sizeof *j->items;
    j->items = j->host->alloc(j->call, bytes);
    if (!j->items) return -1;
    memset(j->items, 0, bytes);
    j->host->parallel_for(j->call, j->count, read_items, j);
    int failed = j->host->cancelled(j->call) || give_account(j) != 0 ||
                 (j->height ? give_tensor(j) : give_list(j)) != 0;
    for (int64_t i = 0; i < j->count; i++) pn_tensor_release(j->items[i].image);
    return failed ? -1 : 0;
}

static int check_channels(const job *j) {
    if (j->channels != 2) return 0;
    return j->host->fail(j->call, "channels is 1 (grey) or 3 (RGB), not 2");
}

static int run_load(const pn_host *host, pn_call *call) {
    job j = {.host = host,
             .call = call,
             .channels = (int)host->param_int(call, "channels"),
             .height = host->param_int(call, "height"),
             .width = host->param_int(call, "width")};
    const char *method = host->param_string(call, "method");
    j.filter = strcmp(method, "nearest") == 0 ? PN_NEAREST : PN_BILINEAR;
    return check_channels(&j) != 0 ? -1 : run_job(&j);
}

static int run_decode(const pn_host *host, pn_call *call) {
    job j = {.host = host, .call = call, .channels = (int)host->param_int(call, "channels")};
    return check_channels(&j) != 0 ? -1 : run_job(&j);
}

/* ---- the table ---- */

static const char *const methods[] = {"nearest", "bilinear", NULL};

static const pn_param load_params[] = {
    {"height", PN_PARAM_INT, NULL, 1, 65535, NULL, "of the images, in pixels"},
    {"width", PN_PARAM_INT, NULL, 1, 65535, NULL, "of the images, in pixels"},
    {"channels", PN_PARAM_INT, "3", 1, 3, NULL, "1 (grey) or 3 (RGB)"},
    {"method", PN_PARAM_CHOICE, "nearest", 0, 0, methods,
     "nearest as Keras loads images (Pillow's), bilinear as OpenCV resizes"},
};

static const pn_param decode_params[] = {
    {"channels", PN_PARAM_INT, "0", 0, 3, NULL, "0 (as stored), 1 (grey) or 3 (RGB)"},
};

static const pn_port inputs[] = {
    {"paths", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "image files: JPEG, PNG, BMP, PGM, PPM"},
};

#define ACCOUNT                                                                                    \
    {"index",                                                                                      \
     PN_KIND_ARRAY,                                                                                \
     PN_BIT_I32,                                                                                   \
     1,                                                                                            \
     1,                                                                                            \
     0,                                                                                            \
     "the place of each image's path in paths, from "                                              \
     "1"},                                                                                         \
        {"failed_path", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "what could not be read"},         \
        {"failed_reason", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "why"},

static const pn_port load_results[] = {
    {"images", PN_KIND_ARRAY, PN_BIT_U8, 4, 4, 0, "(N, height, width, channels), in order"},
    ACCOUNT};

static const pn_port decode_results[] = {
    {"images", PN_KIND_ARRAYS, PN_BIT_U8 | PN_BIT_I32, 2, 3, 0,
     "(H, W) or (H, W, 3), in order; int32 0..65535 from files of 16 bits"},
    ACCOUNT};

static const pn_stage stages[] = {
    {
        .name = "load",
        .version = "1",
        .help = "reads images into one tensor of one size",
        .params = load_params,
        .param_count = sizeof load_params / sizeof *load_params,
        .inputs = inputs,
        .input_count = 1,
        .results = load_results,
        .result_count = sizeof load_results / sizeof *load_results,
        .run = run_load,
    },
    {
        .name = "decode",
        .version = "1",
        .help = "reads images as they are, into a list",
        .params = decode_params,
        .param_count = sizeof decode_params / sizeof *decode_params,
        .inputs = inputs,
        .input_count = 1,
        .results = decode_results,
        .result_count = sizeof decode_results / sizeof *decode_results,
        .flags = PN_STAGE_NO_CACHE,
        .run = run_decode,
    },
};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
