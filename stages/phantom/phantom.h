/* phantom.h: what the files of the phantom stage share.
 *
 * The model. A radiograph shows, at every point, how much of the beam was absorbed on its way:
 * the sum over all tissues of path length times attenuation. The stage therefore adds up one map
 * of attenuation (soft tissue, minus the air in the lungs, plus bones, vessels, opacities,
 * devices), blurs it as the focal spot and scatter do, and lets the film turn it into grey values
 * with a response curve, grain, collimation and letter marks.
 *
 * Body coordinates: x to the right of the image (the patient's left), y downwards; the unit is half
 * the inner width of the rib cage. The lungs reach from about y = -1.1 to 0.5. Side 0 is the left
 * of the image (x < 0), side 1 the right. Attenuation has no unit: 1 is about the middle of the
 * chest. Everything random comes from streams of the call's seed, so that an image depends on the
 * seed and its place in the plan alone, not on threads. */
#ifndef PN_PHANTOM_H
#define PN_PHANTOM_H

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- maps.c: fields of floats over the image at working resolution ---------------------- */

typedef struct pn_phantom_map {
    int width, height;
    float *v; /* (height, width) */
} pn_phantom_map;

/* A map of zeros; PN_E_MEMORY. Release with pn_phantom_map_free (safe on a zeroed struct). */
pn_status pn_phantom_map_new(pn_phantom_map *map, int width, int height, pn_error *error);
void pn_phantom_map_free(pn_phantom_map *map);
/* Blurs in place: `passes` times with a box of 2 * radius + 1 pixels along both axes (three passes
 * are close to a Gaussian of deviation radius + 0.5). Edges repeat. */
pn_status pn_phantom_map_blur(pn_phantom_map *map, int radius, int passes, pn_error *error);
/* Adds smooth noise of mean 0 and deviation about `amplitude`, its detail as large as the cells (in
 * pixels, at least 1). With `ridged`, noise of thin bright lines instead, between 0 and 3. */
pn_status pn_phantom_map_noise(pn_phantom_map *map, pn_random *random, float cell_x, float cell_y,
                               float amplitude, bool ridged, pn_error *error);

/* Weights of the four samples around a place for cubic B-spline (smooth) or Catmull-Rom (sharp)
 * interpolation; 0 <= t < 1 from the second sample to the third. */
void pn_phantom_cubic(float t, bool sharp, float weight[4]);

/* ---- draw.c: shapes added to a map ------------------------------------------------------ */

/* How the body lies in the image: pixel = centre + scale * rotation * (body point - (x, y)). */
typedef struct pn_phantom_view {
    float x, y;         /* body point in the middle of the image */
    float scale;        /* pixels per body unit */
    float cosine, sine; /* of the patient's tilt */
    int width, height;
} pn_phantom_view;

void pn_phantom_to_pixel(const pn_phantom_view *view, float x, float y, float *px, float *py);
void pn_phantom_to_body(const pn_phantom_view *view, float px, float py, float *x, float *y);

typedef enum pn_phantom_profile {
    PN_TUBE,  /* a full cylinder: vessels, wires */
    PN_BONE,  /* a hollow cylinder: its borders are brighter than its middle */
    PN_PLATE, /* flat, with soft borders */
} pn_phantom_profile;

/* A point of a strip's middle line: place, half width and attenuation there. */
typedef struct pn_phantom_knot {
    float x, y, half, gain;
} pn_phantom_knot;

/* Adds a strip of changing width along count >= 2 knots; where it crosses itself it adds up, as
 * things behind each other do. */
void pn_phantom_strip(pn_phantom_map *map, const pn_phantom_view *view,
                      const pn_phantom_knot *knots, int count, pn_phantom_profile profile);

/* Adds an ellipse (corner 1) or a box with rounded corners (corner between 0 and 1): `fill` inside,
 * `rim` along the border, `soft` the width of the border, all lengths in body units. */
typedef struct pn_phantom_disc {
    float x, y, rx, ry, angle, corner;
    float fill, rim, soft;
} pn_phantom_disc;
void pn_phantom_disc_add(pn_phantom_map *map, const pn_phantom_view *view,
                         const pn_phantom_disc *disc);

/* Smooth curve through count points (x rising), flat beyond the ends. */
float pn_phantom_curve(const float (*points)[2], int count, float x);

/* ---- anatomy.c: what a patient is, and how an image was taken ----------------------------- */

typedef struct pn_phantom_anatomy {
    float apex, dome[2], dome_fall[2]; /* y of the lungs' tops and of the diaphragm's domes */
    float wall[2];                     /* the rib cage's half widths, about 1 */
    float wall_shape;
    float heart_x, heart_y, heart_long, heart_wide, heart_angle;
    float vessel_half, knob; /* half width of the upper mediastinum, of the aortic knob */
    float fat, depth;        /* of the soft tissue around and along the beam */
    float rib_first, rib_gap, rib_drop, rib_half, rib_thick, rib_reach;
    float bone; /* mineral: a factor for all bones, about 1 */
    float spine_half, spine_bend;
    float clavicle_rise, clavicle_half;
    float head_x, head_y;
    float vessels;    /* how marked the lungs' vessels are, about 1 */
    uint64_t texture; /* stream of the patient's own fine structure */
} pn_phantom_anatomy;

typedef struct pn_phantom_pose {
    pn_phantom_view view;
    float arm_angle[2]; /* of the upper arms: 0 hanging, pi raised */
    float arm_out[2];
    float air;    /* attenuation that a full depth of lung takes away from the chest's */
    float breath; /* how much lower the diaphragm stands */
    float turn;   /* rotation about the long axis: shifts heart and spine against the ribs */
    float bubble; /* gas in the stomach, 0 to 1 */
    int loops;    /* of bowel with gas */
} pn_phantom_pose;

void pn_phantom_anatomy_draw(pn_phantom_anatomy *anatomy, pn_random *random);
void pn_phantom_pose_draw(pn_phantom_pose *pose, pn_random *random, int width, int height);

/* Uniform in [low, high); normal around `middle`, cut at two deviations. */
float pn_phantom_between(pn_random *random, float low, float high);
float pn_phantom_around(pn_random *random, float middle, float deviation);

/* ---- the parts of the body ---------------------------------------------------------------- */

/* Working data of one image. All maps have the size of pose.view. */
typedef struct pn_phantom_scene {
    pn_phantom_anatomy anatomy;
    pn_phantom_pose pose;
    pn_phantom_map sum;     /* attenuation of everything but the vessels and opacities */
    pn_phantom_map lung;    /* air along the beam: 0 outside the lungs, about 1 in their middle */
    pn_phantom_map vessels; /* attenuation inside the lungs */
    pn_phantom_map opacity; /* share of the air that is filled, 0 to 1 */
    int opacities;          /* how many there are */
} pn_phantom_scene;

void pn_phantom_torso(pn_phantom_scene *scene);                    /* torso.c: sum, lung */
void pn_phantom_cage(pn_phantom_scene *scene, pn_random *random);  /* ribs.c */
void pn_phantom_bones(pn_phantom_scene *scene, pn_random *random); /* bones.c: the other bones */
pn_status pn_phantom_abdomen(pn_phantom_scene *scene, pn_random *random, pn_error *error);
void pn_phantom_devices(pn_phantom_scene *scene, pn_random *random); /* devices.c: wires, tubes */
pn_status pn_phantom_tissue(pn_phantom_scene *scene, pn_random *random, pn_error *error);
pn_status pn_phantom_vessels(pn_phantom_scene *scene, pn_random *random, pn_error *error);

/* Half the inner width of the rib cage at height y on a side. */
float pn_phantom_wall(const pn_phantom_anatomy *anatomy, int side, float y);

/* ---- opacity.c ----------------------------------------------------------------------------- */

/* Fills scene->opacity with one or more opacities inside the lungs. */
pn_status pn_phantom_opacity(pn_phantom_scene *scene, bool virus, float strength, pn_random *random,
                             pn_error *error);
/* Where an opacity counts for the mask: its filled share is at least this. */
#define PN_PHANTOM_MASK_SHARE 0.08f

/* ---- film.c, marks.c ------------------------------------------------------------------------ */

typedef struct pn_phantom_film {
    float mean;      /* grey level aimed at inside the body, 0 to 255 */
    float gain;      /* contrast: steepness of the response */
    float detail;    /* share of edge enhancement, as digital systems add */
    float grain;     /* deviation of the noise in grey levels */
    float gamma;     /* of the grey values */
    float fog, top;  /* grey levels of air and of the densest parts */
    int blur;        /* passes of a 3x3 blur at working resolution */
    float border[4]; /* collimation: left, top, right, bottom in shares of the size; 0 none */
    float border_tilt;
    uint64_t stream; /* of the grain */
} pn_phantom_film;

void pn_phantom_film_draw(pn_phantom_film *film, pn_random *random);

/* Asks whether to stop; polled between parts and rows. */
typedef struct pn_phantom_poll {
    int (*stop)(void *context);
    void *context;
} pn_phantom_poll;

/* Exposes the scene on film: fills pixels (height, width), 8-bit grey. With opacities the curve is
 * bent so that the grey values are distributed as those of the same chest without them: neither
 * mean nor any other statistic over the whole image may tell the classes apart. PN_E_CANCELLED when
 * the poll says so. */
pn_status pn_phantom_expose(const pn_phantom_scene *scene, const pn_phantom_film *film,
                            uint64_t seed, uint8_t *pixels, int height, int width,
                            pn_phantom_poll poll, pn_error *error);

/* Writes letter marks and labels (R, L, times, exposure values) on the finished image. */
void pn_phantom_marks(uint8_t *pixels, int height, int width, pn_random *random);

/* ---- image.c: one whole image ------------------------------------------------------------------
 */

typedef struct pn_phantom_request {
    uint64_t seed;
    uint64_t patient, image; /* streams: images of one patient share the anatomy */
    int width, height;
    bool pneumonia, virus;
    bool opacities; /* false: leave the opacities out, but make the mask */
} pn_phantom_request;

typedef struct pn_phantom_image {
    uint8_t *pixels; /* (height, width) */
    uint8_t *mask;   /* (height, width), 0 or 255; NULL without pneumonia */
    int opacities;
    int64_t mask_area; /* pixels */
} pn_phantom_image;

/* Draws one image. Release with pn_phantom_image_free. `lung` (may be NULL) receives a copy of the
 * lung map at working resolution, for tests. */
pn_status pn_phantom_image_draw(const pn_phantom_request *request, pn_phantom_poll poll,
                                pn_phantom_image *out, pn_phantom_map *lung, pn_error *error);
void pn_phantom_image_free(pn_phantom_image *image);

/* ---- jpeg.c -------------------------------------------------------------------------------------
 */

/* Appends a baseline grey JPEG file of pixels (height, width) with a comment; quality 1 to 100.
 * One component, as in the real set, and cancellable: a large image takes a while.
 * Source of the tables: ITU-T T.81, annex K. */
pn_status pn_phantom_jpeg(const uint8_t *pixels, int height, int width, int quality,
                          const char *comment, pn_phantom_poll poll, pn_text *out, pn_error *error);

#endif
