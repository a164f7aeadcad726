/* faces: drawn faces of made-up persons, many images of each, to pretrain a network on telling
 * persons apart. This file is the stage; faces.h tells how an image comes about. */
#include "faces.h"

#include "base/memory.h"
#include "pneuma/stage.h"

#include <stdatomic.h>

/* All pixels of a call together. */
static const int64_t most_bytes = (int64_t)4 << 30;

typedef struct job {
    const pn_host *host;
    pn_call *call;
    uint64_t seed;
    int64_t first, identities, first_image, per_identity, size;
    bool color;
    uint8_t *images;   /* (identities * per_identity, size, size, 3) */
    int32_t *identity; /* (identities * per_identity) */
    atomic_llong done;
    atomic_int failed;
} job;

static int stopped(void *context) {
    job *j = context;
    return atomic_load(&j->failed) || j->host->cancelled(j->call);
}

static pn_status draw_one(job *j, int64_t index, pn_face_scene *scene, pn_error *error) {
    int64_t identity = j->first + index / j->per_identity;
    pn_face_request request = {.seed = j->seed,
                               .identity = (uint64_t)identity,
                               .image = (uint64_t)(j->first_image + index % j->per_identity),
                               .size = (int)j->size,
                               .color = j->color};
    pn_face_poll poll = {stopped, j};
    j->identity[index] = (int32_t)identity;
    return pn_face_image_draw(&request, poll, scene, j->images + index * j->size * j->size * 3,
                              error);
}

static void draw_range(void *context, int64_t begin, int64_t end) {
    job *j = context;
    pn_face_scene scene = {0};
    pn_error error = {0};
    pn_status status = pn_face_canvas_new(&scene.canvas, (int)j->size, &error);
    for (int64_t i = begin; i < end && status == PN_OK && !stopped(j); i++) {
        status = draw_one(j, i, &scene, &error);
        if (status == PN_OK)
            j->host->progress(j->call, atomic_fetch_add(&j->done, 1) + 1,
                              j->identities * j->per_identity);
    }
    if (status != PN_OK) {
        if (status != PN_E_CANCELLED) j->host->fail(j->call, "%s", error.message);
        atomic_store(&j->failed, 1);
    }
    pn_face_canvas_free(&scene.canvas);
}

static int run(const pn_host *host, pn_call *call) {
    job j = {.host = host,
             .call = call,
             .seed = host->seed(call),
             .first = host->param_int(call, "first_identity"),
             .identities = host->param_int(call, "identities"),
             .first_image = host->param_int(call, "first_image"),
             .per_identity = host->param_int(call, "per_identity"),
             .size = host->param_int(call, "size"),
             .color = host->param_bool(call, "color") != 0};
    int64_t count = j.identities * j.per_identity, bytes = 3 * j.size * j.size;
    if (count > most_bytes / bytes)
        return host->fail(
            call,
            "identities (%lld) times per_identity (%lld) at size %lld are %.1f GiB; a "
            "call draws at most 4 GiB: draw fewer, smaller or in parts "
            "(first_identity)",
            (long long)j.identities, (long long)j.per_identity, (long long)j.size,
            (double)count * (double)bytes / (double)((int64_t)1 << 30));
    pn_array images = {.dtype = PN_U8, .rank = 4, .shape = {count, j.size, j.size, 3}};
    pn_array identity = {.dtype = PN_I32, .rank = 1, .shape = {count}};
    if (host->add_array(call, "images", &images) || host->add_array(call, "identity", &identity))
        return -1;
    j.images = images.data;
    j.identity = identity.data;
    host->progress(call, 0, count);
    host->parallel_for(call, count, draw_range, &j);
    return stopped(&j) ? -1 : 0;
}

static const pn_param params[] = {
    {.name = "identities",
     .type = PN_PARAM_INT,
     .preset = "40",
     .minimum = 1,
     .maximum = 1000000,
     .help = "how many persons"},
    {.name = "per_identity",
     .type = PN_PARAM_INT,
     .preset = "20",
     .minimum = 1,
     .maximum = 100000,
     .help = "images of each"},
    {.name = "size",
     .type = PN_PARAM_INT,
     .preset = "96",
     .minimum = 32,
     .maximum = 512,
     .help = "height and width of an image, pixels"},
    {.name = "first_identity",
     .type = PN_PARAM_INT,
     .preset = "0",
     .minimum = 0,
     .maximum = 100000000,
     .help = "number of the first person; persons of one seed are the same under the same number"},
    {.name = "first_image",
     .type = PN_PARAM_INT,
     .preset = "0",
     .minimum = 0,
     .maximum = 900000,
     .help = "number of each person's first image: others of the same persons, to test on"},
    {.name = "color",
     .type = PN_PARAM_BOOL,
     .preset = "true",
     .help = "false: grey, in three equal channels"},
};

static const pn_port results[] = {
    {.name = "images",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_U8,
     .min_rank = 4,
     .max_rank = 4,
     .help = "(identities * per_identity, size, size, 3), person after person"},
    {.name = "identity",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_I32,
     .min_rank = 1,
     .max_rank = 1,
     .help = "the person's number of each image, from first_identity"},
};

static const pn_stage stages[] = {{
    .name = "faces",
    .version = "1",
    .help = "draws faces of made-up persons under varied pose, light and background",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .flags = PN_STAGE_SEED,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
