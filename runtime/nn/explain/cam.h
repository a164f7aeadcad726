/* Class activation maps: where in the image a network saw what speaks for a class. From the
 * activations A (height, width, channels) of a layer and the gradient G of the class's score by
 * them. All are cut off below 0. */
#ifndef PN_NN_EXPLAIN_CAM_H
#define PN_NN_EXPLAIN_CAM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum pn_cam_method {
    /* Sum over channels of A times the channel's mean G (Selvaraju et al., 2017). */
    PN_CAM_GRAD = 0,
    /* The mean weighs positive G by G^2 / (2 G^2 + G^3 * sum A) (Chattopadhay et al., 2018). */
    PN_CAM_GRAD_PLUS_PLUS,
    /* Sum over channels of A * G, place by place (Draelos and Carin, 2020). */
    PN_CAM_HIRES,
    /* The same with negative G left out (Jiang et al., 2021). */
    PN_CAM_LAYER,
    /* Channels weigh sum(A * G) / sum(A) (Fu et al., 2020). */
    PN_CAM_XGRAD,
} pn_cam_method;

/* "gradcam", "gradcam++", "hirescam", "layercam", "xgradcam", in that order; NULL-ended. */
extern const char *const pn_cam_methods[];

/* map (height, width) of one image. With `normalize` it is divided by its maximum, so that it runs
 * to 1; a map of zeros stays one. Never NaN where A and G are finite. scratch: `channels`
 * doubles. */
void pn_cam_map(pn_cam_method method, const float *a, const float *g, int64_t height, int64_t width,
                int64_t channels, bool normalize, double *scratch, float *map);

/* The same from what each channel weighs (for Grad-CAM: its mean G). */
void pn_cam_map_weighted(const float *a, const double *weight, int64_t height, int64_t width,
                         int64_t channels, bool normalize, float *map);

#endif
