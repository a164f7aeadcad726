/* The stage `dataset`: what is in a folder of labelled images, without decoding one. */
#include "base/file.h"
#include "image/image.h"
#include "pneuma/stage.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* One class of one split. */
typedef struct folder {
    const char *path, *split, *class_name;
    const char *const *names; /* as list_folder gives them */
    size_t count;
} folder;

/* One file that has an image's name. */
typedef struct file {
    const folder *in;
    const char *name, *path;
    pn_image_info info;
    int64_t bytes;
    const char *reason; /* why it cannot be read, or NULL */
} file;

typedef struct scan {
    const pn_host *host;
    pn_call *call;
    const char *dir;
    int verify;
    folder *folders;
    size_t folder_count, folder_capacity;
    const char **splits, **classes;
    size_t split_count, class_count;
    file *files;
    size_t file_count;
} scan;

/* ---- names ---- */

static char *copy_text(scan *s, const char *text, size_t size) {
    char *copy = s->host->alloc(s->call, size + 1);
    if (!copy) return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static const char *join(scan *s, const char *folder_path, const char *name) {
    size_t a = strlen(folder_path), b = strlen(name);
    char *path = s->host->alloc(s->call, a + b + 2);
    if (!path) return NULL;
    memcpy(path, folder_path, a);
    path[a] = '/';
    memcpy(path + a + 1, name, b + 1);
    if (b && name[b - 1] == '/') path[a + b] = '\0';
    return path;
}

static int is_folder(const char *name) {
    size_t size = strlen(name);
    return size && name[size - 1] == '/' && name[0] != '.' && strcmp(name, "__MACOSX/") != 0;
}

/* The length of a name without the '/' of a folder. */
static size_t plain_length(const char *name) {
    size_t size = strlen(name);
    return size && name[size - 1] == '/' ? size - 1 : size;
}

static int is_image_name(const char *name) {
    static const char *const endings[] = {".jpeg", ".jpg", ".png", ".bmp", ".pgm", ".ppm"};
    size_t size = plain_length(name);
    if (name[0] == '.') return 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (size > n && strncasecmp(name + size - n, endings[i], n) == 0) return 1;
    }
    return 0;
}

/* The length of the part of a file name that names the patient: personN of personN_virus_M.jpeg,
 * (NORMAL2-)IM-NNNN of (NORMAL2-)IM-NNNN-MMMM.jpeg, else all before the ending. */
static size_t patient_length(const char *name) {
    const char *p = name;
    if (strncmp(p, "person", 6) == 0 && isdigit((unsigned char)p[6])) {
        for (p += 6; isdigit((unsigned char)*p); p++) {
        }
        if (*p == '_') return (size_t)(p - name);
    }
    p = strncmp(name, "NORMAL2-", 8) == 0 ? name + 8 : name;
    if (strncmp(p, "IM-", 3) == 0 && isdigit((unsigned char)p[3])) {
        for (p += 3; isdigit((unsigned char)*p); p++) {
        }
        if (*p == '-' || *p == '.') return (size_t)(p - name);
    }
    return (size_t)(pn_path_ending(name) - name);
}

/* ---- folders ---- */

static int list(scan *s, const char *path, const char *const **names, size_t *count) {
    const char *reason;
    if (s->host->list_folder(s->call, path, names, count, &reason) == 0) return 0;
    return s->host->fail(s->call, "%s", reason);
}

/* Adds a word to a sorted set of them; returns its copy. */
static const char *add_word(scan *s, const char **words, size_t *count, const char *word,
                            size_t size) {
    size_t at = 0;
    for (; at < *count; at++) {
        int order = strncmp(words[at], word, size);
        if (order == 0 && words[at][size] == '\0') return words[at];
        if (order > 0 || order == 0) break;
    }
    char *copy = copy_text(s, word, size);
    if (!copy) return NULL;
    memmove(words + at + 1, words + at, (*count - at) * sizeof *words);
    (*count)++;
    return words[at] = copy;
}

static int grow_folders(scan *s, size_t more) {
    size_t need = s->folder_count + more;
    if (need <= s->folder_capacity) return 0;
    size_t capacity = need * 2;
    folder *folders = s->host->alloc(s->call, capacity * sizeof *folders);
    const char **classes = s->host->alloc(s->call, (capacity + 1) * sizeof *classes);
    if (!folders || !classes) return -1;
    if (s->folder_count) {
        memcpy(folders, s->folders, s->folder_count * sizeof *folders);
        memcpy(classes, s->classes, s->class_count * sizeof *classes);
    }
    s->folders = folders;
    s->classes = classes;
    s->folder_capacity = capacity;
    return 0;
}

/* Takes the subfolders of `path` as the classes of a split. */
static int add_split(scan *s, const char *split, const char *path, const char *const *names,
                     size_t count) {
    if (grow_folders(s, count) != 0) return -1;
    for (size_t i = 0; i < count; i++) {
        if (!is_folder(names[i])) continue;
        folder *f = &s->folders[s->folder_count];
        f->split = split;
        f->class_name = add_word(s, s->classes, &s->class_count, names[i], plain_length(names[i]));
        f->path = join(s, path, names[i]);
        if (!f->class_name || !f->path) return -1;
        if (list(s, f->path, &f->names, &f->count) != 0) return -1;
        s->folder_count++;
    }
    return 0;
}

static int has_folder(const char *const *names, size_t count, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < count; i++)
        if (is_folder(names[i]) && plain_length(names[i]) == size &&
            strncmp(names[i], name, size) == 0)
            return 1;
    return 0;
}

static int fail_layout(scan *s) {
    return s->host->fail(s->call,
                         "no folders of images in '%s': expected train, val and test (or some of "
                         "them) with a folder for each class, such as '%s/train/NORMAL', or a "
                         "folder for each class alone",
                         s->dir, s->dir);
}

static int find_folders(scan *s) {
    static const char *const known[] = {"train", "val", "test", NULL};
    const char *const *names, *const *inner;
    size_t count, inner_count;
    if (list(s, s->dir, &names, &count) != 0) return -1;
    s->splits = s->host->alloc(s->call, 4 * sizeof *s->splits);
    if (!s->splits) return -1;
    for (int i = 0; known[i]; i++) {
        if (!has_folder(names, count, known[i])) continue;
        const char *path = join(s, s->dir, known[i]);
        s->splits[s->split_count++] = known[i];
        if (!path || list(s, path, &inner, &inner_count) != 0) return -1;
        if (add_split(s, known[i], path, inner, inner_count) != 0) return -1;
    }
    if (s->split_count == 0) {
        s->splits[s->split_count++] = "all";
        if (add_split(s, "all", s->dir, names, count) != 0) return -1;
    }
    return s->folder_count ? 0 : fail_layout(s);
}

/* ---- files ---- */

static int collect_files(scan *s) {
    size_t count = 0;
    for (size_t i = 0; i < s->folder_count; i++) count += s->folders[i].count;
    s->files = s->host->alloc(s->call, (count + 1) * sizeof *s->files);
    if (!s->files) return -1;
    for (size_t i = 0; i < s->folder_count; i++) {
        const folder *in = &s->folders[i];
        for (size_t k = 0; k < in->count; k++) {
            if (!is_image_name(in->names[k])) continue;
            file *f = &s->files[s->file_count++];
            *f = (file){.in = in, .name = in->names[k], .path = join(s, in->path, in->names[k])};
            if (!f->path) return -1;
        }
    }
    return 0;
}

static void keep_reason(scan *s, file *f, const char *reason) {
    f->reason = copy_text(s, reason, strlen(reason));
    if (!f->reason) f->reason = "out of memory";
}

/* Reads as much of a file as its header takes: nearly always the first 8 KiB, more where an EXIF
 * block or a colour profile comes first. All of it when its end is to be checked too. */
static void read_header(scan *s, file *f) {
    pn_error error;
    for (size_t limit = s->verify ? 0 : 1 << 13;; limit = limit < 1 << 18 ? limit << 5 : 0) {
        void *data;
        size_t size;
        int more = 0;
        const char *reason;
        if (s->host->read_file(s->call, f->path, limit, &data, &size, &reason) != 0) {
            keep_reason(s, f, reason);
            return;
        }
        int whole = limit == 0 || size < limit;
        pn_status status =
            s->verify ? pn_image_check(data, size, NULL, &f->info, &error)
                      : pn_image_probe(data, size, NULL, whole ? NULL : &more, &f->info, &error);
        s->host->free(s->call, data);
        if (more) continue;
        if (status != PN_OK) keep_reason(s, f, error.message);
        f->bytes = (int64_t)size;
        if (whole) return;
        /* read_file has made the host remember how the file was, its size included. */
        pn_stamp stamp;
        if (pn_file_stamp(f->path, &stamp, &error) == PN_OK) f->bytes = stamp.size;
        return;
    }
}

static void read_headers(void *context, int64_t begin, int64_t end) {
    scan *s = context;
    for (int64_t i = begin; i < end && !s->host->cancelled(s->call); i++) {
        file *f = &s->files[i];
        if (is_folder(f->name))
            f->reason = "it is a folder, not a file";
        else
            read_header(s, f);
    }
}

/* ---- results ---- */

static int give(scan *s, const char *result, const char *text, size_t size) {
    return s->host->add_string(s->call, result, text, size);
}

static int give_text(scan *s, const char *result, const char *text) {
    return give(s, result, text, strlen(text));
}

static int give_file(scan *s, const file *f) {
    if (f->reason)
        return give_text(s, "unreadable_path", f->path) ||
               give_text(s, "unreadable_reason", f->reason) ||
               give_text(s, "unreadable_split", f->in->split) ||
               give_text(s, "unreadable_class", f->in->class_name);
    return give_text(s, "path", f->path) || give_text(s, "split", f->in->split) ||
           give_text(s, "class", f->in->class_name) ||
           give(s, "patient", f->name, patient_length(f->name));
}

static int give_numbers(scan *s) {
    static const char *const names[] = {"width", "height", "channels", "bytes"};
    pn_array arrays[4] = {0};
    int64_t count = 0, at = 0;
    for (size_t i = 0; i < s->file_count; i++) count += !s->files[i].reason;
    for (int k = 0; k < 4; k++) {
        arrays[k] = (pn_array){.dtype = PN_I32, .rank = 1, .shape = {count}};
        if (s->host->add_array(s->call, names[k], &arrays[k]) != 0) return -1;
    }
    for (size_t i = 0; i < s->file_count; i++) {
        const file *f = &s->files[i];
        if (f->reason) continue;
        ((int32_t *)arrays[0].data)[at] = (int32_t)f->info.width;
        ((int32_t *)arrays[1].data)[at] = (int32_t)f->info.height;
        ((int32_t *)arrays[2].data)[at] = f->info.channels;
        ((int32_t *)arrays[3].data)[at] = (int32_t)f->bytes;
        at++;
    }
    return 0;
}

static int give_results(scan *s) {
    for (size_t i = 0; i < s->file_count; i++)
        if (give_file(s, &s->files[i]) != 0) return -1;
    for (size_t i = 0; i < s->class_count; i++)
        if (give_text(s, "classes", s->classes[i]) != 0) return -1;
    for (size_t i = 0; i < s->split_count; i++)
        if (give_text(s, "splits", s->splits[i]) != 0) return -1;
    return give_numbers(s);
}

static int run(const pn_host *host, pn_call *call) {
    scan s = {.host = host,
              .call = call,
              .dir = host->param_string(call, "dir"),
              .verify = host->param_bool(call, "verify")};
    if (find_folders(&s) != 0 || collect_files(&s) != 0) return -1;
    host->parallel_for(call, (int64_t)s.file_count, read_headers, &s);
    if (host->cancelled(call)) return -1;
    return give_results(&s);
}

/* ---- the table ---- */

static const pn_param params[] = {
    {.name = "dir", .type = PN_PARAM_PATH, .help = "the folder, with a subfolder for each split"},
    {.name = "verify",
     .type = PN_PARAM_BOOL,
     .preset = "false",
     .help = "also read every file to its end, to find truncated ones"},
};

static const pn_port results[] = {
    {.name = "path", .kind = PN_KIND_STRINGS, .help = "the readable images: by split, class, name"},
    {.name = "split", .kind = PN_KIND_STRINGS, .help = "train, val, test, or all without splits"},
    {.name = "class", .kind = PN_KIND_STRINGS, .help = "the name of the folder"},
    {.name = "patient", .kind = PN_KIND_STRINGS, .help = "from the name: personN, IM-NNNN"},
    {"width", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "in pixels, (images,)"},
    {"height", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "in pixels, (images,)"},
    {"channels", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "1 or 3, (images,)"},
    {"bytes", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "of the file, (images,)"},
    {.name = "unreadable_path", .kind = PN_KIND_STRINGS, .help = "what has an image's name only"},
    {.name = "unreadable_reason", .kind = PN_KIND_STRINGS, .help = "what is wrong with it"},
    {.name = "unreadable_split", .kind = PN_KIND_STRINGS, .help = "its split"},
    {.name = "unreadable_class", .kind = PN_KIND_STRINGS, .help = "its class"},
    {.name = "classes", .kind = PN_KIND_STRINGS, .help = "the classes, also empty ones, sorted"},
    {.name = "splits", .kind = PN_KIND_STRINGS, .help = "the splits there are"},
};

static const pn_stage stages[] = {{
    .name = "dataset",
    .version = "1",
    .help = "lists a folder of labelled images: sizes, classes, patients, unreadable files",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
