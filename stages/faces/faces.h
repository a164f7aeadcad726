/* faces.h: what the files of the faces stage share.
 *
 * The model. A face is painted flat, from back to front, into planes of colour; beside them grows a
 * plane of heights (skull, nose, lips, hair), whose slopes are lit at the end as one surface. Every
 * shape is a signed distance, so that its border is as soft as a pixel at any size.
 *
 * Face coordinates: x to the right of the image, y downwards, the middle of the head at (0, 0), the
 * top of the skull at y = -1, the chin at y = 1. A pose bends them before they meet the pixels: a
 * turned head shifts what stands out more than what lies back. Body coordinates are the same
 * without turn and tilt; image coordinates run from 0 to 1 over the image. Side -1 is the left of
 * the image, +1 the right.
 *
 * A person (person.c) is drawn from one stream of the seed, what one image shows of it (shot.c)
 * from another: an image depends on the seed, the identity and the image's number alone. */
#ifndef PN_FACES_H
#define PN_FACES_H

#include "base/error.h"
#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- chance.c: random numbers and smooth functions --------------------------------------------
 */

/* Uniform in [low, high); normal around `middle`, cut at two deviations; true with probability. */
float pn_face_between(pn_random *random, float low, float high);
float pn_face_around(pn_random *random, float middle, float deviation);
bool pn_face_chance(pn_random *random, float probability);
int pn_face_below(pn_random *random, int count);

/* Smooth noise between -1 and 1; its detail is one unit large. */
float pn_face_noise(uint32_t seed, float x, float y);

/* 0 below 0, 1 above 1, smooth between; and the same from `low` to `high`. */
float pn_face_smooth(float t);
float pn_face_ramp(float low, float high, float x);
float pn_face_mix(float a, float b, float share);
/* A bell: 1 at 0, falling off within about 1. */
float pn_face_bell(float x);

typedef struct pn_face_color {
    float c[3]; /* red, green, blue, 0 to 1 */
} pn_face_color;

pn_face_color pn_face_blend(pn_face_color a, pn_face_color b, float share);
pn_face_color pn_face_scaled(pn_face_color color, float factor);
pn_face_color pn_face_hsv(float hue, float saturation, float value); /* all 0 to 1 */

/* ---- person.c: who it is -----------------------------------------------------------------------
 */

typedef enum pn_face_hairdo {
    PN_HAIR_BALD,
    PN_HAIR_RING, /* round a bald crown */
    PN_HAIR_BUZZ,
    PN_HAIR_SHORT,
    PN_HAIR_PARTED,
    PN_HAIR_QUIFF,
    PN_HAIR_FRINGE,
    PN_HAIR_CURLS,
    PN_HAIR_AFRO,
    PN_HAIR_BOB,
    PN_HAIR_LONG,
    PN_HAIR_WAVES,
    PN_HAIR_BUN,
    PN_HAIRDOS
} pn_face_hairdo;

typedef enum pn_face_whiskers {
    PN_BEARD_NONE,
    PN_BEARD_STUBBLE,
    PN_BEARD_MOUSTACHE,
    PN_BEARD_GOATEE,
    PN_BEARD_FULL,
} pn_face_whiskers;

typedef enum pn_face_frames { PN_FRAMES_NONE, PN_FRAMES_ROUND, PN_FRAMES_BOX } pn_face_frames;

enum { PN_FACE_MOLES = 3 };

typedef struct pn_face_person {
    struct {
        float width;      /* half width at the cheekbones */
        float crown, jaw; /* exponents of the upper and lower outline: 2 round, more is squarer */
        float taper;      /* how much narrower the jaw gets downwards */
        float cheek, temple, chin;
        float depth; /* how much the front stands out */
        float neck;  /* half width */
    } head;
    struct {
        float gap;                          /* half the distance of the pupils */
        float y, half, up, low, tilt, peak; /* peak: where the upper lid is highest, -1 to 1 */
        float iris, crease, lash, bag, socket;
        pn_face_color color;
    } eye;
    struct {
        float rise, half, thick, arch, slope, density, inward;
        pn_face_color color;
    } brow;
    struct {
        float base; /* y of its lower end */
        float half, bridge, tip, hump, stand, nostril;
    } nose;
    struct {
        float y, half, upper, lower, bow, corner, philtrum;
        pn_face_color color;
    } mouth;
    struct {
        float y, size, out, lobe;
        bool ring;
        pn_face_color metal;
    } ear;
    struct {
        pn_face_hairdo style;
        float volume, line, part, peak, recede, length, curl, streak;
        pn_face_color color;
        uint32_t texture;
    } hair;
    struct {
        pn_face_whiskers style;
        float length, line, density;
        pn_face_color color;
    } beard;
    struct {
        pn_face_frames shape;
        float half, high, thick, y, tint;
        pn_face_color color;
    } glasses;
    struct {
        int moles;
        float mole_x[PN_FACE_MOLES], mole_y[PN_FACE_MOLES], mole_r[PN_FACE_MOLES];
        float freckles, lines, dimple, scar, scar_x, scar_y, scar_angle;
    } mark;
    pn_face_color skin;
    float blush, gloss;
} pn_face_person;

void pn_face_person_draw(pn_face_person *person, pn_random *random);

/* ---- shot.c: how one image shows it ------------------------------------------------------------
 */

/* pixel = middle + scale * (turned face point rotated about the neck); see canvas.c. */
typedef struct pn_face_pose {
    float x, y;         /* of the head's middle, in pixels */
    float scale;        /* pixels per face unit */
    float cosine, sine; /* of the tilt */
    float yaw, pitch;   /* sines of the turns to the side and down */
} pn_face_pose;

typedef struct pn_face_mood {
    float smile, open, lids, lift, frown, gaze_x, gaze_y;
} pn_face_mood;

typedef struct pn_face_light {
    float x, y, z; /* towards the lamp, a unit vector */
    float key, fill, rim;
    pn_face_color key_color, fill_color;
} pn_face_light;

typedef struct pn_face_camera {
    float exposure, automatic, contrast, gamma, vignette, blur, noise;
    pn_face_color balance;
} pn_face_camera;

typedef enum pn_face_cover {
    PN_COVER_NONE,
    PN_COVER_BAR,
    PN_COVER_DISC,
    PN_COVER_SHADES
} pn_face_cover;

typedef struct pn_face_shot {
    pn_face_pose pose;
    pn_face_mood mood;
    pn_face_light light;
    pn_face_camera camera;
    pn_face_cover cover;
    bool glasses; /* worn, by one who has them */
    uint64_t backdrop, clothes, grain, cover_stream;
} pn_face_shot;

/* size: of the image, in pixels. */
void pn_face_shot_draw(pn_face_shot *shot, pn_random *random, int size);

/* ---- canvas.c: the planes, and shapes painted on them -------------------------------------------
 */

enum { PN_FACE_TURNS = 256 };

typedef struct pn_face_canvas {
    int size;
    float pixel; /* face units per pixel */
    pn_face_pose pose;
    float *color[3];      /* each plane is (size, size) */
    float *height;        /* towards the camera, in face units */
    float *lit;           /* share of the person in a pixel; the rest is background */
    float *x, *y;         /* face coordinates of the pixel's middle */
    float *radius, *turn; /* the same, polar: turn 0 and PN_FACE_TURNS down, half of it up */
    float *memory;
} pn_face_canvas;

/* Planes of size x size; PN_E_MEMORY. Release with pn_face_canvas_free (safe on a zeroed struct).
 */
pn_status pn_face_canvas_new(pn_face_canvas *canvas, int size, pn_error *error);
void pn_face_canvas_free(pn_face_canvas *canvas);
/* Empties the canvas and says where the face is. */
void pn_face_canvas_begin(pn_face_canvas *canvas, const pn_face_pose *pose);

typedef struct pn_face_point {
    float x, y, radius, turn;
} pn_face_point;

typedef enum pn_face_space { PN_SPACE_FACE, PN_SPACE_BODY, PN_SPACE_IMAGE } pn_face_space;

/* One layer. distance: to the shape's border, negative inside. dye (may be NULL) changes the colour
 * at a point and returns a factor for alpha. height (may be NULL) gives the surface's height. */
typedef struct pn_face_paint {
    pn_face_space space;
    float left, top, right, bottom; /* a box round the shape */
    float (*distance)(const void *context, const pn_face_point *at);
    float (*dye)(const void *context, const pn_face_point *at, float distance, float color[3]);
    float (*height)(const void *context, const pn_face_point *at, float distance);
    const void *context;
    pn_face_color color;
    float alpha, soft; /* soft: half width of the border, beside the pixel's own */
    bool unlit;        /* true: the light does not reach it (backdrops, things before the face) */
} pn_face_paint;

void pn_face_paint_on(pn_face_canvas *canvas, const pn_face_paint *paint);

typedef struct pn_face_oval {
    float x, y, rx, ry, angle;
} pn_face_oval;

void pn_face_oval_on(pn_face_canvas *canvas, pn_face_oval oval, pn_face_color color, float alpha,
                     float soft);
/* The same in image coordinates, unlit: for backgrounds. */
void pn_face_blob_on(pn_face_canvas *canvas, pn_face_oval oval, pn_face_color color, float alpha,
                     float soft);
float pn_face_oval_distance(const pn_face_oval *oval, float x, float y);

typedef struct pn_face_knot {
    float x, y, half;
} pn_face_knot;

/* A line of changing width along count >= 2 knots. */
void pn_face_stroke_on(pn_face_canvas *canvas, const pn_face_knot *knots, int count,
                       pn_face_color color, float alpha, float soft);

/* Adds a bell of that height to the surface. */
void pn_face_bump(pn_face_canvas *canvas, pn_face_oval oval, float height);

/* A closed line round (0, 0), by turn; `lean` is the cosine between radius and normal. */
typedef struct pn_face_outline {
    float r[PN_FACE_TURNS + 1], lean[PN_FACE_TURNS + 1];
} pn_face_outline;

/* Fills `lean` from `r`, whose last item must equal its first. */
void pn_face_outline_finish(pn_face_outline *outline);
float pn_face_outline_radius(const pn_face_outline *outline, float turn);
float pn_face_outline_distance(const pn_face_outline *outline, const pn_face_point *at);
/* Direction of a turn: x to the right, y downwards. */
void pn_face_direction(float turn, float *x, float *y);

/* ---- the parts ---------------------------------------------------------------------------------
 */

typedef struct pn_face_scene {
    pn_face_canvas canvas;
    pn_face_person person;
    pn_face_shot shot;
    pn_face_outline head;
    uint64_t seed;
} pn_face_scene;

void pn_face_backdrop(pn_face_scene *scene);
void pn_face_outline_head(pn_face_scene *scene); /* fills scene->head */
void pn_face_hair_behind(pn_face_scene *scene);
void pn_face_body(pn_face_scene *scene); /* neck and clothes */
void pn_face_head(pn_face_scene *scene); /* ears and skin */
void pn_face_marks(pn_face_scene *scene);
void pn_face_beard(pn_face_scene *scene);
void pn_face_eyes(pn_face_scene *scene);
void pn_face_brows(pn_face_scene *scene);
void pn_face_nose(pn_face_scene *scene);
void pn_face_mouth(pn_face_scene *scene);
void pn_face_hair(pn_face_scene *scene);
void pn_face_glasses(pn_face_scene *scene);
void pn_face_lighting(pn_face_scene *scene); /* light.c */
void pn_face_covering(pn_face_scene *scene); /* what stands before the face */

/* Height of the bare head at a point. */
float pn_face_skull(const pn_face_scene *scene, const pn_face_point *at);
/* How far the mouth and the chin sink as the mouth opens. */
float pn_face_gape(const pn_face_scene *scene);

/* camera.c: exposes the canvas; pixels are (size, size, 3). Without color all channels are equal.
 */
void pn_face_expose(pn_face_scene *scene, bool color, uint8_t *pixels);

/* ---- image.c: one whole image ------------------------------------------------------------------
 */

typedef struct pn_face_request {
    uint64_t seed, identity, image; /* identity below 2^27, image below 2^20 */
    int size;                       /* pixels, at least 32 */
    bool color;
} pn_face_request;

/* Asks whether to stop; polled between the parts of an image. */
typedef struct pn_face_poll {
    int (*stop)(void *context);
    void *context;
} pn_face_poll;

/* Draws one image into pixels (size, size, 3). The scene is working memory with a canvas of that
 * size and may serve for one image after the other. PN_E_CANCELLED when the poll says so. */
pn_status pn_face_image_draw(const pn_face_request *request, pn_face_poll poll,
                             pn_face_scene *scene, uint8_t *pixels, pn_error *error);

#endif
