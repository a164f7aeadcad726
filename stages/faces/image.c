/* One whole image: who, how, and then the parts from back to front. */
#include "faces.h"

/* Each purpose has streams of its own. */
enum { STREAM_PERSON = 1, STREAM_SHOT };

static void (*const parts[])(pn_face_scene *scene) = {
    pn_face_backdrop, pn_face_hair_behind, pn_face_body,     pn_face_head,    pn_face_marks,
    pn_face_beard,    pn_face_eyes,        pn_face_nose,     pn_face_mouth,   pn_face_brows,
    pn_face_hair,     pn_face_glasses,     pn_face_lighting, pn_face_covering};

pn_status pn_face_image_draw(const pn_face_request *request, pn_face_poll poll,
                             pn_face_scene *scene, uint8_t *pixels, pn_error *error) {
    pn_random random;
    pn_random_seed(&random, request->seed, (uint64_t)STREAM_PERSON << 48 | request->identity);
    pn_face_person_draw(&scene->person, &random);
    pn_random_seed(&random, request->seed,
                   (uint64_t)STREAM_SHOT << 48 | request->identity << 20 | request->image);
    pn_face_shot_draw(&scene->shot, &random, request->size);
    pn_face_canvas_begin(&scene->canvas, &scene->shot.pose);
    pn_face_outline_head(scene);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (poll.stop && poll.stop(poll.context)) return pn_fail(error, PN_E_CANCELLED, "stopped");
        parts[i](scene);
    }
    pn_face_expose(scene, request->color, pixels);
    return PN_OK;
}
