/* The camera: lens blur, exposure, white balance, tone curve, grain. */
#include "faces.h"

#include <math.h>

enum { MOST_TAPS = 24 };

/* Blurs one plane along rows and columns; `row` strides apart are the neighbours. */
static void blur_lines(const float *in, float *out, int size, const float *weight, int taps,
                       size_t step, size_t line) {
    for (int i = 0; i < size; i++)
        for (int k = 0; k < size; k++) {
            float sum = 0;
            for (int t = -taps; t <= taps; t++) {
                int at = k + t < 0 ? 0 : k + t >= size ? size - 1 : k + t;
                sum += weight[t < 0 ? -t : t] * in[(size_t)i * line + (size_t)at * step];
            }
            out[(size_t)i * line + (size_t)k * step] = sum;
        }
}

/* A Gaussian of that deviation in pixels; the heights are no longer needed and serve as memory. */
static void blur(pn_face_canvas *canvas, float deviation) {
    float weight[MOST_TAPS + 1], sum = 0;
    int taps = (int)ceilf(2.5f * deviation), size = canvas->size;
    if (deviation < 0.15f) return;
    if (taps > MOST_TAPS) taps = MOST_TAPS;
    for (int t = 0; t <= taps; t++) {
        weight[t] = expf(-0.5f * (float)(t * t) / (deviation * deviation));
        sum += t ? 2 * weight[t] : weight[t];
    }
    for (int t = 0; t <= taps; t++) weight[t] /= sum;
    for (int k = 0; k < 3; k++) {
        blur_lines(canvas->color[k], canvas->height, size, weight, taps, 1, (size_t)size);
        blur_lines(canvas->height, canvas->color[k], size, weight, taps, (size_t)size, 1);
    }
}

/* Mean 0, deviation 1: the sum of four uniform numbers is normal enough here, and fast. */
static float grain(pn_random *random) {
    uint64_t bits = pn_random_bits(random);
    int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) +
              (int)(bits >> 48);
    return ((float)sum - 131070.0f) / 37837.0f;
}

static uint8_t to_byte(float v) {
    return (uint8_t)(fmaxf(0, fminf(1, v)) * 255 + 0.5f);
}

/* The tone curve as a table: a power for each number would be half of the camera's time. */
enum { CURVE = 1024 };

static void make_curve(const pn_face_camera *camera, float curve[CURVE + 1]) {
    for (int i = 0; i <= CURVE; i++) {
        float v = 0.5f + camera->contrast * ((float)i / CURVE - 0.5f);
        curve[i] = v > 0 ? powf(v, camera->gamma) : 0;
    }
}

static float tone(const float curve[CURVE + 1], float v) {
    float place = fmaxf(0, fminf(1, v)) * CURVE;
    int i = place < CURVE ? (int)place : CURVE - 1;
    return curve[i] + (curve[i + 1] - curve[i]) * (place - (float)i);
}

/* Half automatic, as cameras are: brings the middle of the image nearer to a medium grey. */
static float exposure(const pn_face_canvas *canvas, const pn_face_camera *camera) {
    float sum = 0, weight = 1e-6f;
    int size = canvas->size;
    for (int row = size / 8; row < size - size / 8; row += 2)
        for (int column = size / 8; column < size - size / 8; column += 2) {
            size_t i = (size_t)row * (size_t)size + (size_t)column;
            sum += canvas->color[0][i] + canvas->color[1][i] + canvas->color[2][i];
            weight += 3;
        }
    return camera->exposure * powf(0.42f / fmaxf(0.02f, sum / weight), camera->automatic);
}

void pn_face_expose(pn_face_scene *scene, bool color, uint8_t *pixels) {
    pn_face_canvas *canvas = &scene->canvas;
    const pn_face_camera *camera = &scene->shot.camera;
    int size = canvas->size;
    pn_random random;
    pn_random_seed(&random, scene->shot.grain, 0);
    blur(canvas, camera->blur * (float)size);
    float exposed = exposure(canvas, camera), curve[CURVE + 1];
    make_curve(camera, curve);
    for (int row = 0; row < size; row++)
        for (int column = 0; column < size; column++) {
            size_t i = (size_t)row * (size_t)size + (size_t)column;
            float x = ((float)column + 0.5f) / (float)size - 0.5f;
            float y = ((float)row + 0.5f) / (float)size - 0.5f;
            float gain = exposed * (1 - camera->vignette * 2 * (x * x + y * y)), v[3];
            for (int k = 0; k < 3; k++)
                v[k] = tone(curve, canvas->color[k][i] * gain * camera->balance.c[k]);
            if (!color) v[0] = v[1] = v[2] = 0.299f * v[0] + 0.587f * v[1] + 0.114f * v[2];
            float noise = camera->noise * grain(&random);
            for (int k = 0; k < 3; k++) {
                if (color && k > 0) noise = camera->noise * grain(&random);
                pixels[3 * i + (size_t)k] = to_byte(v[k] + noise);
            }
        }
}
