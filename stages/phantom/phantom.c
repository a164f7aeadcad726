/* phantom: a folder of synthetic chest X-rays in the layout of the real set. This file is the
 * stage; phantom.h tells how an image comes about, plan.h which images there are. */
#include "phantom.h"

#include "base/file.h"
#include "image/image.h"
#include "plan.h"
#include "pneuma/stage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SYNTHETIC "SYNTHETIC: drawn by a program (Pneuma's phantom stage); no patient"

typedef struct job {
    const pn_host *host;
    pn_call *call;
    pn_phantom_plan plan;
    const char *folder;
    uint64_t seed;
    int quality;
    bool opacities;
    int *opacity_count;    /* (plan.count) */
    int64_t *opacity_area; /* (plan.count) pixels */
    atomic_llong done;
    atomic_int failed;
} job;

static int stopped(void *context) {
    job *j = context;
    return atomic_load(&j->failed) || j->host->cancelled(j->call);
}

static void path_of(const pn_phantom_entry *e, char path[PN_PATH]) {
    snprintf(path, PN_PATH, "%s/%s/%s.jpeg", pn_phantom_splits[e->split],
             pn_phantom_class(e->pneumonia), e->name);
}

static void mask_of(const pn_phantom_entry *e, char path[PN_PATH]) {
    path[0] = 0;
    if (e->pneumonia)
        snprintf(path, PN_PATH, "masks/%s/PNEUMONIA/%s.png", pn_phantom_splits[e->split], e->name);
}

static pn_status write_in(const job *j, const char *name, const pn_text *text, pn_error *error) {
    char path[PN_PATH];
    pn_status status = pn_path_join(path, j->folder, name, error);
    if (status != PN_OK) return status;
    return pn_file_write(path, text->data, text->size, error);
}

static pn_status write_image(job *j, const pn_phantom_entry *e, const pn_phantom_image *image,
                             pn_error *error) {
    char name[PN_PATH];
    pn_text file = {0};
    pn_phantom_poll poll = {stopped, j};
    path_of(e, name);
    pn_status status = pn_phantom_jpeg(image->pixels, e->height, e->width, j->quality, SYNTHETIC,
                                       poll, &file, error);
    if (status == PN_OK) status = write_in(j, name, &file, error);
    pn_text_free(&file);
    if (status != PN_OK || !e->pneumonia) return status;
    mask_of(e, name);
    status = pn_image_encode_png(image->mask, e->height, e->width, 1, &file, error);
    if (status == PN_OK) status = write_in(j, name, &file, error);
    pn_text_free(&file);
    return status;
}

static pn_status draw_entry(job *j, int64_t index, pn_error *error) {
    const pn_phantom_entry *e = &j->plan.entry[index];
    pn_phantom_request request = {.seed = j->seed,
                                  .patient = (uint64_t)e->patient,
                                  .image = (uint64_t)index,
                                  .width = e->width,
                                  .height = e->height,
                                  .pneumonia = e->pneumonia,
                                  .virus = e->virus,
                                  .opacities = j->opacities};
    pn_phantom_image image;
    pn_phantom_poll poll = {stopped, j};
    pn_status status = pn_phantom_image_draw(&request, poll, &image, NULL, error);
    if (status != PN_OK) return status;
    j->opacity_count[index] = image.opacities;
    j->opacity_area[index] = image.mask_area;
    status = write_image(j, e, &image, error);
    pn_phantom_image_free(&image);
    return status;
}

static void draw_range(void *context, int64_t begin, int64_t end) {
    job *j = context;
    for (int64_t i = begin; i < end && !stopped(j); i++) {
        pn_error error = {0};
        if (draw_entry(j, i, &error) != PN_OK) {
            if (error.status != PN_E_CANCELLED) j->host->fail(j->call, "%s", error.message);
            atomic_store(&j->failed, 1);
            return;
        }
        j->host->progress(j->call, atomic_fetch_add(&j->done, 1) + 1, j->plan.count);
    }
}

static pn_status make_folders(const job *j, pn_error *error) {
    char path[PN_PATH], name[PN_PHANTOM_NAME];
    pn_status status = PN_OK;
    for (int split = 0; split < 3; split++)
        for (int sick = 0; sick < 3 && status == PN_OK; sick++) {
            snprintf(name, sizeof name, "%s%s/%s", sick == 2 ? "masks/" : "",
                     pn_phantom_splits[split], pn_phantom_class(sick > 0));
            status = pn_path_join(path, j->folder, name, error);
            if (status == PN_OK) status = pn_folder_make(path, error);
        }
    return status;
}

static pn_status write_labels(const job *j, pn_error *error) {
    pn_text text = {0};
    pn_text_adds(&text, "path,split,class,patient,width,height,kind,opacities,opacity_pixels,"
                        "opacity_share,mask,origin\n");
    for (int64_t i = 0; i < j->plan.count; i++) {
        const pn_phantom_entry *e = &j->plan.entry[i];
        char path[PN_PATH], mask[PN_PATH];
        path_of(e, path);
        mask_of(e, mask);
        double share = (double)j->opacity_area[i] / ((double)e->width * e->height);
        pn_text_addf(&text, "%s,%s,%s,%s,%d,%d,%s,%d,%lld,%.5f,%s,SYNTHETIC\n", path,
                     pn_phantom_splits[e->split], pn_phantom_class(e->pneumonia), e->who, e->width,
                     e->height,
                     !e->pneumonia ? ""
                     : e->virus    ? "virus"
                                   : "bacteria",
                     j->opacity_count[i], (long long)j->opacity_area[i], share, mask);
    }
    pn_status status =
        text.failed ? pn_fail_memory(error, text.size) : write_in(j, "labels.csv", &text, error);
    pn_text_free(&text);
    return status;
}

static pn_status write_readme(const job *j, pn_error *error) {
    pn_text text = {0};
    pn_text_adds(
        &text, "SYNTHETIC IMAGES\n\n"
               "Every image in this folder is synthetic: drawn by a program, the phantom stage of\n"
               "Pneuma, from random numbers. No patient was X-rayed, and nothing here may serve\n"
               "for medical purposes. The letters, times and names only imitate those of real\n"
               "data. Each JPEG says so too, in its comment.\n\n"
               "train, val, test / NORMAL, PNEUMONIA: the images. Images with the same personN or\n"
               "(NORMAL2-)IM-NNNN show the same made-up patient, who stands in one split only.\n"
               "masks / split / PNEUMONIA: where the opacities are (255) and are not (0).\n"
               "labels.csv: what each image shows.\n");
    if (!j->opacities)
        pn_text_adds(&text, "\nA control experiment: the opacities were left out. Labels and masks "
                            "say where they\nwould have been; the images do not show them.\n");
    pn_text_addf(&text, "\nSeed %llu, %lld images.\n", (unsigned long long)j->seed,
                 (long long)j->plan.count);
    pn_status status =
        text.failed ? pn_fail_memory(error, text.size) : write_in(j, "README.txt", &text, error);
    pn_text_free(&text);
    return status;
}

/* The mask is "" for a normal image; paths are those of the written files. */
static int add_results(const job *j) {
    const pn_host *host = j->host;
    pn_array width = {.dtype = PN_I32, .rank = 1, .shape = {j->plan.count}}, height = width;
    if (host->add_array(j->call, "width", &width) || host->add_array(j->call, "height", &height) ||
        host->add_string(j->call, "folder", j->folder, strlen(j->folder)))
        return -1;
    for (int64_t i = 0; i < j->plan.count; i++) {
        const pn_phantom_entry *e = &j->plan.entry[i];
        char name[PN_PATH], path[PN_PATH], mask[PN_PATH] = "";
        pn_error error;
        path_of(e, name);
        if (pn_path_join(path, j->folder, name, &error)) goto failed;
        mask_of(e, name);
        if (name[0] && pn_path_join(mask, j->folder, name, &error)) goto failed;
        const char *split = pn_phantom_splits[e->split], *class = pn_phantom_class(e->pneumonia);
        if (host->add_string(j->call, "path", path, strlen(path)) ||
            host->add_string(j->call, "split", split, strlen(split)) ||
            host->add_string(j->call, "class", class, strlen(class)) ||
            host->add_string(j->call, "mask", mask, strlen(mask)))
            return -1;
        ((int32_t *)width.data)[i] = e->width;
        ((int32_t *)height.data)[i] = e->height;
        continue;
    failed:
        return host->fail(j->call, "%s", error.message);
    }
    return 0;
}

static int draw_all(job *j) {
    const pn_host *host = j->host;
    pn_error error = {0};
    size_t count = (size_t)j->plan.count;
    j->opacity_count = host->alloc(j->call, count * sizeof *j->opacity_count);
    j->opacity_area = host->alloc(j->call, count * sizeof *j->opacity_area);
    j->folder = host->output_folder(j->call);
    if (!j->opacity_count || !j->opacity_area || !j->folder) return -1;
    if (make_folders(j, &error) != PN_OK) return host->fail(j->call, "%s", error.message);
    host->progress(j->call, 0, j->plan.count);
    host->parallel_for(j->call, j->plan.count, draw_range, j);
    if (stopped(j)) return -1;
    if (write_labels(j, &error) != PN_OK || write_readme(j, &error) != PN_OK)
        return host->fail(j->call, "%s", error.message);
    host->note(j->call, "All %lld images are SYNTHETIC: drawn by a program, no patient%s.",
               (long long)j->plan.count, j->opacities ? "" : "; the opacities were left out");
    return add_results(j);
}

static int run(const pn_host *host, pn_call *call) {
    pn_phantom_wish wish = {.seed = host->seed(call),
                            .count = host->param_int(call, "count"),
                            .val_share = host->param_float(call, "val_share"),
                            .test_share = host->param_float(call, "test_share"),
                            .pneumonia_share = host->param_float(call, "pneumonia"),
                            .size = host->param_int(call, "size"),
                            .min_width = host->param_int(call, "min_width"),
                            .max_width = host->param_int(call, "max_width"),
                            .per_patient = host->param_int(call, "per_patient")};
    job j = {.host = host,
             .call = call,
             .seed = wish.seed,
             .quality = (int)host->param_int(call, "quality"),
             .opacities = host->param_bool(call, "opacities") != 0};
    pn_error error = {0};
    if (pn_phantom_plan_make(&wish, &j.plan, &error) != PN_OK)
        return host->fail(call, "%s", error.message);
    int result = draw_all(&j);
    pn_phantom_plan_free(&j.plan);
    return result;
}

static const pn_param params[] = {
    {.name = "count",
     .type = PN_PARAM_INT,
     .preset = "240",
     .minimum = 1,
     .maximum = 100000,
     .help = "images in total"},
    {.name = "val_share",
     .type = PN_PARAM_FLOAT,
     .preset = "0.1",
     .minimum = 0,
     .maximum = 1,
     .help = "share of each class in val (at least one image where there are three)"},
    {.name = "test_share",
     .type = PN_PARAM_FLOAT,
     .preset = "0.2",
     .minimum = 0,
     .maximum = 1,
     .help = "share of each class in test; the rest is train"},
    {.name = "pneumonia",
     .type = PN_PARAM_FLOAT,
     .preset = "0.5",
     .minimum = 0,
     .maximum = 1,
     .help = "share of PNEUMONIA (0.74 in the real set)"},
    {.name = "size",
     .type = PN_PARAM_INT,
     .preset = "0",
     .minimum = 0,
     .maximum = 4096,
     .help =
         "0: sizes vary as in the real set; N (64 or more): all are N pixels wide, heights vary"},
    {.name = "min_width",
     .type = PN_PARAM_INT,
     .preset = "400",
     .minimum = 64,
     .maximum = 4096,
     .help = "least width while sizes vary, pixels"},
    {.name = "max_width",
     .type = PN_PARAM_INT,
     .preset = "2900",
     .minimum = 64,
     .maximum = 4096,
     .help = "greatest width while sizes vary, pixels"},
    {.name = "per_patient",
     .type = PN_PARAM_INT,
     .preset = "3",
     .minimum = 1,
     .maximum = 50,
     .help = "each patient has 1 to this many images, all in one split"},
    {.name = "quality",
     .type = PN_PARAM_INT,
     .preset = "85",
     .minimum = 1,
     .maximum = 100,
     .help = "of the JPEG files"},
    {.name = "opacities",
     .type = PN_PARAM_BOOL,
     .preset = "true",
     .help = "false: labels, masks and all else the same, but no opacity is drawn (a control)"},
};

static const pn_port results[] = {
    {.name = "folder", .kind = PN_KIND_STRINGS, .help = "where the set is (one string)"},
    {.name = "path", .kind = PN_KIND_STRINGS, .help = "the images, by split, class and patient"},
    {.name = "split", .kind = PN_KIND_STRINGS, .help = "train, val or test"},
    {.name = "class", .kind = PN_KIND_STRINGS, .help = "NORMAL or PNEUMONIA"},
    {.name = "mask", .kind = PN_KIND_STRINGS, .help = "the opacities' mask, \"\" when normal"},
    {.name = "width",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_I32,
     .min_rank = 1,
     .max_rank = 1,
     .help = "pixels"},
    {.name = "height",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_I32,
     .min_rank = 1,
     .max_rank = 1,
     .help = "pixels"},
};

static const pn_stage stages[] = {{
    .name = "phantom",
    .version = "1",
    .help = "draws synthetic chest X-rays, normal and with pneumonia, with masks and labels",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .flags = PN_STAGE_SEED,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
