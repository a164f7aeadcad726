#include "nn/explain/cam_score.h"

#include "base/memory.h"
#include "kernels/resize.h"

/* Whether a marked pixel lies within the tolerance of (row, column). */
static bool is_near(const uint8_t *mask, int64_t rows, int64_t columns, int64_t row, int64_t column,
                    double tolerance) {
    int64_t reach = (int64_t)tolerance;
    for (int64_t i = row - reach; i <= row + reach; i++)
        for (int64_t j = column - reach; j <= column + reach; j++) {
            double y = (double)(i - row), x = (double)(j - column);
            if (i >= 0 && i < rows && j >= 0 && j < columns && mask[i * columns + j] &&
                y * y + x * x <= tolerance * tolerance)
                return true;
        }
    return false;
}

static void score_resized(const float *map, const uint8_t *mask, int64_t rows, int64_t columns,
                          double tolerance, pn_cam_score *score) {
    int64_t peak = 0, marked = 0, near = 0;
    double sum = 0, inside = 0;
    for (int64_t i = 0; i < rows * columns; i++) {
        if (map[i] > map[peak]) peak = i;
        double value = map[i] > 0 ? map[i] : 0;
        sum += value;
        if (!mask[i]) continue;
        inside += value;
        marked++;
    }
    near = marked;
    if (tolerance > 0) {
        near = 0;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++)
                near += is_near(mask, rows, columns, i, j, tolerance);
    }
    *score = (pn_cam_score){.empty = !(sum > 0),
                            .chance = (double)near / (double)(rows * columns),
                            .energy = sum > 0 ? inside / sum : 0,
                            .inside = (double)marked / (double)(rows * columns)};
    score->hit =
        !score->empty && is_near(mask, rows, columns, peak / columns, peak % columns, tolerance);
}

pn_status pn_cam_score_map(const float *map, int64_t height, int64_t width, const uint8_t *mask,
                           int64_t rows, int64_t columns, double tolerance, pn_cam_score *score,
                           pn_error *error) {
    const pn_resize_shape shape = {height, width, rows, columns, 1};
    size_t scratch_bytes = pn_resize_scratch(&shape);
    size_t count = rows > 0 && columns > 0 ? (size_t)rows * (size_t)columns : 0;
    float *resized = pn_alloc(count * sizeof *resized);
    void *scratch = pn_alloc(scratch_bytes);
    pn_status status = resized && scratch
                           ? pn_resize_f32(PN_BILINEAR, &shape, map, scratch, resized, error)
                           : pn_fail_memory(error, count * sizeof *resized);
    if (status == PN_OK) score_resized(resized, mask, rows, columns, tolerance, score);
    pn_free(resized);
    pn_free(scratch);
    return status;
}
