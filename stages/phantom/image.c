/* One whole image: draws the numbers, adds up the body, exposes, writes the marks, makes the mask.
 */
#include "phantom.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* Fine structure needs no more pixels than this; larger images are enlarged on the film. */
static const float working_pixels = 500000;

/* Each purpose has streams of its own, so that one that draws more numbers shifts no other. */
enum { STREAM_PATIENT = 1, STREAM_PARTS, STREAM_POSE, STREAM_OPACITY, STREAM_FILM, STREAM_MARKS };

static void seed_stream(pn_random *random, uint64_t seed, uint64_t purpose, uint64_t index) {
    pn_random_seed(random, seed, purpose << 48 | index);
}

static bool stop(pn_phantom_poll poll) {
    return poll.stop && poll.stop(poll.context);
}

static pn_status make_maps(pn_phantom_scene *scene, int width, int height, pn_error *error) {
    pn_status status = pn_phantom_map_new(&scene->sum, width, height, error);
    if (status == PN_OK) status = pn_phantom_map_new(&scene->lung, width, height, error);
    if (status == PN_OK) status = pn_phantom_map_new(&scene->vessels, width, height, error);
    if (status == PN_OK) status = pn_phantom_map_new(&scene->opacity, width, height, error);
    return status;
}

static void free_maps(pn_phantom_scene *scene) {
    pn_phantom_map_free(&scene->sum);
    pn_phantom_map_free(&scene->lung);
    pn_phantom_map_free(&scene->vessels);
    pn_phantom_map_free(&scene->opacity);
}

/* Places are drawn for the full size and hold at any: body coordinates do not know pixels. */
static pn_status draw_body(pn_phantom_scene *scene, const pn_phantom_request *request,
                           pn_phantom_poll poll, pn_error *error) {
    float area = (float)request->width * (float)request->height;
    float ratio = area > working_pixels ? sqrtf(working_pixels / area) : 1;
    int width = (int)fmaxf(1, roundf((float)request->width * ratio));
    int height = (int)fmaxf(1, roundf((float)request->height * ratio));
    pn_random patient, parts, pose;
    seed_stream(&patient, request->seed, STREAM_PATIENT, request->patient);
    seed_stream(&parts, request->seed, STREAM_PARTS, request->patient);
    seed_stream(&pose, request->seed, STREAM_POSE, request->image);
    pn_phantom_anatomy_draw(&scene->anatomy, &patient);
    pn_phantom_pose_draw(&scene->pose, &pose, width, height);
    pn_status status = make_maps(scene, width, height, error);
    if (status != PN_OK) return status;
    pn_phantom_torso(scene);
    if (stop(poll)) return pn_fail(error, PN_E_CANCELLED, "stopped");
    pn_phantom_cage(scene, &parts);
    pn_phantom_bones(scene, &parts);
    status = pn_phantom_vessels(scene, &parts, error);
    if (status != PN_OK) return status;
    if (stop(poll)) return pn_fail(error, PN_E_CANCELLED, "stopped");
    status = pn_phantom_abdomen(scene, &pose, error);
    if (status != PN_OK) return status;
    status = pn_phantom_tissue(scene, &pose, error);
    pn_phantom_devices(scene, &pose);
    return status;
}

/* 1 and more where a pixel belongs to the mask. */
static float mask_strength(const pn_phantom_scene *scene, size_t i) {
    float filled = scene->opacity.v[i] / PN_PHANTOM_MASK_SHARE, air = scene->lung.v[i] / 0.15f;
    return filled < air ? filled : air;
}

/* Draws opacities until they are large enough to matter: not every place is inside the image. */
static pn_status draw_opacities(pn_phantom_scene *scene, const pn_phantom_request *request,
                                pn_phantom_poll poll, pn_error *error) {
    enum { TRIES = 8 };
    size_t count = (size_t)scene->sum.width * (size_t)scene->sum.height;
    pn_random random;
    seed_stream(&random, request->seed, STREAM_OPACITY, request->image);
    for (int i = 0; i < TRIES; i++) {
        memset(scene->opacity.v, 0, count * sizeof *scene->opacity.v);
        float strength = pn_phantom_between(&random, 0.8f, 1.2f);
        pn_status status = pn_phantom_opacity(scene, request->virus, strength, &random, error);
        if (status != PN_OK) return status;
        if (stop(poll)) return pn_fail(error, PN_E_CANCELLED, "stopped");
        size_t area = 0;
        for (size_t k = 0; k < count; k++) area += mask_strength(scene, k) >= 1;
        if (area > count / 80) return PN_OK;
    }
    return PN_OK;
}

/* The mask at the image's size, interpolated bilinearly and cut at 1. */
static int64_t make_mask(const pn_phantom_scene *scene, uint8_t *mask, int height, int width) {
    int w = scene->sum.width, h = scene->sum.height;
    int64_t area = 0;
    for (int y = 0; y < height; y++) {
        float fy = ((float)y + 0.5f) * (float)h / (float)height - 0.5f;
        int y0 = fy < 0 ? 0 : (int)fy, y1 = y0 + 1 < h ? y0 + 1 : h - 1;
        float ty = fmaxf(0, fy - (float)y0);
        for (int x = 0; x < width; x++) {
            float fx = ((float)x + 0.5f) * (float)w / (float)width - 0.5f;
            int x0 = fx < 0 ? 0 : (int)fx, x1 = x0 + 1 < w ? x0 + 1 : w - 1;
            float tx = fmaxf(0, fx - (float)x0);
            size_t a = (size_t)y0 * (size_t)w, b = (size_t)y1 * (size_t)w;
            float above = (1 - tx) * mask_strength(scene, a + (size_t)x0) +
                          tx * mask_strength(scene, a + (size_t)x1);
            float below = (1 - tx) * mask_strength(scene, b + (size_t)x0) +
                          tx * mask_strength(scene, b + (size_t)x1);
            bool in = (1 - ty) * above + ty * below >= 1;
            mask[(size_t)y * (size_t)width + (size_t)x] = in ? 255 : 0;
            area += in;
        }
    }
    return area;
}

static pn_status draw_film(pn_phantom_scene *scene, const pn_phantom_request *request,
                           pn_phantom_poll poll, pn_phantom_image *out, pn_error *error) {
    pn_random random;
    pn_phantom_film film;
    seed_stream(&random, request->seed, STREAM_FILM, request->image);
    pn_phantom_film_draw(&film, &random);
    if (!request->opacities) scene->opacities = 0;
    pn_status status = pn_phantom_expose(scene, &film, request->seed, out->pixels, request->height,
                                         request->width, poll, error);
    if (status != PN_OK) return status;
    seed_stream(&random, request->seed, STREAM_MARKS, request->image);
    pn_phantom_marks(out->pixels, request->height, request->width, &random);
    return PN_OK;
}

pn_status pn_phantom_image_draw(const pn_phantom_request *request, pn_phantom_poll poll,
                                pn_phantom_image *out, pn_phantom_map *lung, pn_error *error) {
    pn_phantom_scene scene = {0};
    size_t size = (size_t)request->width * (size_t)request->height;
    *out = (pn_phantom_image){.pixels = pn_alloc(size),
                              .mask = request->pneumonia ? pn_alloc(size) : NULL};
    pn_status status = PN_OK;
    if (!out->pixels || (request->pneumonia && !out->mask)) status = pn_fail_memory(error, size);
    if (status == PN_OK) status = draw_body(&scene, request, poll, error);
    if (status == PN_OK && request->pneumonia) {
        status = draw_opacities(&scene, request, poll, error);
        if (status == PN_OK)
            out->mask_area = make_mask(&scene, out->mask, request->height, request->width);
    }
    out->opacities = scene.opacities;
    if (status == PN_OK) status = draw_film(&scene, request, poll, out, error);
    if (status == PN_OK && lung) {
        *lung = scene.lung;
        scene.lung.v = NULL;
    }
    free_maps(&scene);
    if (status != PN_OK) pn_phantom_image_free(out);
    return status;
}

void pn_phantom_image_free(pn_phantom_image *image) {
    pn_free(image->pixels);
    pn_free(image->mask);
    *image = (pn_phantom_image){0};
}
