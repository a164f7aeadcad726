/* What data_flow.lua needs from C: generators and sources of batches. */
#define _GNU_SOURCE
#include "lua/data_flow.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/sampling.h"
#include "data/source_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- JSON ---- */

static void free_json(void *json) {
    json_decref(json);
}

static json_t *string_json(lua_State *L, int index) {
    size_t size;
    const char *bytes = lua_tolstring(L, index, &size);
    pn_text text = {0};
    pn_text_add_utf8(&text, bytes, size);
    json_t *json = text.failed ? NULL : json_stringn(pn_text_string(&text), text.size);
    pn_text_free(&text);
    return json;
}

static json_t *value_json(lua_State *L, int index, int depth);

static json_t *list_json(lua_State *L, int index, int depth) {
    json_t *list = json_array();
    for (lua_Integer i = 1, count = (lua_Integer)lua_rawlen(L, index); list && i <= count; i++) {
        lua_rawgeti(L, index, i);
        int bad = json_array_append_new(list, value_json(L, -1, depth + 1));
        lua_pop(L, 1);
        if (bad) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *object_json(lua_State *L, int index, int depth) {
    json_t *object = json_object();
    lua_pushnil(L);
    while (object && lua_next(L, index)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        int bad = !key || json_object_set_new(object, key, value_json(L, -1, depth + 1));
        lua_pop(L, 1);
        if (bad) {
            lua_pop(L, 1);
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

/* NULL when the value has no place in JSON. A table with an array part is a list. Raises nothing,
 * so that nothing leaks. */
static json_t *value_json(lua_State *L, int index, int depth) {
    double number;
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TSTRING:
        return string_json(L, index);
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) return json_integer(lua_tointeger(L, index));
        number = lua_tonumber(L, index);
        return isfinite(number) ? json_real(number) : NULL;
    case LUA_TTABLE:
        if (depth > 4 || !lua_checkstack(L, 8)) return NULL;
        return lua_rawlen(L, index) ? list_json(L, index, depth) : object_json(L, index, depth);
    default:
        return NULL;
    }
}

/* Pushes the text of json, which the scratch at `owner` owns. */
static int push_text(lua_State *L, json_t *json) {
    char **slot = (char **)pn_lua_scratch(L, free);
    *slot = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    if (!*slot) return pn_lua_fail(L, PN_E_MEMORY, "out of memory");
    lua_pushstring(L, *slot);
    return 1;
}

/* ---- generators ---- */

static void read_generator(lua_State *L, json_t *json, pn_generator *generator) {
    pn_error error;
    pn_lua_check(L, pn_generator_read(json, generator, &error), &error);
}

static void check_generator(lua_State *L, int index, pn_generator *generator) {
    json_t **slot = (json_t **)pn_lua_scratch(L, free_json);
    *slot = json_loads(luaL_checkstring(L, index), 0, NULL);
    read_generator(L, *slot, generator);
    lua_pop(L, 1);
}

static int push_generator(lua_State *L, const pn_generator *generator) {
    json_t **slot = (json_t **)pn_lua_scratch(L, free_json);
    *slot = pn_generator_json(generator);
    if (!*slot) return pn_lua_fail(L, PN_E_MEMORY, "out of memory");
    return push_text(L, *slot);
}

/* generator(options): all options of a generator as JSON text. */
static int core_generator(lua_State *L) {
    pn_generator generator;
    if (!lua_istable(L, 1))
        return pn_lua_fail(L, PN_E_ARGUMENT,
                           "data.ImageDataGenerator takes one table: "
                           "data.ImageDataGenerator{rescale = 1/255}, not %s",
                           luaL_typename(L, 1));
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        json_t *json = lua_type(L, -2) == LUA_TSTRING ? value_json(L, -1, 0) : NULL;
        if (!json)
            return pn_lua_fail(L, PN_E_ARGUMENT,
                               "ImageDataGenerator: option '%s' cannot be a %s like this",
                               luaL_tolstring(L, -2, NULL), luaL_typename(L, -1));
        json_decref(json);
        lua_pop(L, 1);
    }
    json_t **slot = (json_t **)pn_lua_scratch(L, free_json);
    *slot = object_json(L, 1, 0);
    read_generator(L, *slot, &generator);
    return push_generator(L, &generator);
}

/* The float32, dense form of a tensor, pushed. */
static pn_tensor *push_floats(lua_State *L, pn_tensor *tensor) {
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_cast(tensor, PN_F32, slot, &error), &error);
    return *slot;
}

/* fit(text, images): the generator with the images' mean and deviation. */
static int core_fit(lua_State *L) {
    pn_generator generator;
    check_generator(L, 1, &generator);
    pn_tensor *images = pn_lua_check_tensor(L, 2, "gen:fit: x");
    char text[PN_SHAPE_TEXT];
    const int64_t *shape = images->shape;
    if (images->rank != 4 || pn_tensor_count(images) == 0 || shape[3] > PN_GENERATOR_CHANNELS)
        return pn_lua_fail(
            L, PN_E_SHAPE, "gen:fit takes images (N, H, W, C) with up to %d channels, not %s",
            PN_GENERATOR_CHANNELS, pn_shape_text(images->rank, shape, text, sizeof text));
    pn_tensor *x = push_floats(L, images);
    pn_generator_fit(&generator, x->data, shape[0], shape[1] * shape[2], (int)shape[3]);
    return push_generator(L, &generator);
}

/* transform(text, image, seed, number): a random change of an image, float32 and of its shape. */
static int core_transform(lua_State *L) {
    pn_generator generator;
    check_generator(L, 1, &generator);
    pn_tensor *image = pn_lua_check_tensor(L, 2, "gen:random_transform: the image");
    char text[PN_SHAPE_TEXT];
    if (image->rank < 2 || image->rank > 3 || pn_tensor_count(image) == 0)
        return pn_lua_fail(L, PN_E_SHAPE,
                           "gen:random_transform takes an image (H, W) or (H, W, C), not %s",
                           pn_shape_text(image->rank, image->shape, text, sizeof text));
    int64_t height = image->shape[0], width = image->shape[1];
    int64_t channels = image->rank == 3 ? image->shape[2] : 1;
    pn_error error;
    generator.featurewise_center = generator.featurewise_std_normalization = false;
    pn_lua_check(L, pn_generator_check(&generator, height, width, channels, &error), &error);
    pn_tensor *x = push_floats(L, image);
    pn_draw draw = {(uint64_t)luaL_checkinteger(L, 3), 0, luaL_checkinteger(L, 4)};
    /* What every image gets belongs to the batch, not to the random change. */
    generator.rescale = 0;
    generator.samplewise_center = generator.samplewise_std_normalization = false;
    pn_lua_check(L,
                 pn_sampling_finish(&generator, &draw, height, width, (int)channels, (int)channels,
                                    x->data, &error),
                 &error);
    pn_lua_settle(L);
    return 1;
}

/* ---- sources ---- */

/* config(fields, generator): the JSON text of a source's description; generator: text or nil. */
static int core_config(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    json_t **slot = (json_t **)pn_lua_scratch(L, free_json);
    *slot = object_json(L, 1, 0);
    if (!*slot) return pn_lua_fail(L, PN_E_INTERNAL, "no JSON for the description of a source");
    if (!lua_isnil(L, 2))
        json_object_set_new(*slot, "generator", json_loads(luaL_checkstring(L, 2), 0, NULL));
    return push_text(L, *slot);
}

static void release_source(void *source) {
    ((pn_source *)source)->release(source);
}

static const char **check_paths(lua_State *L, int index, int64_t *count) {
    *count = luaL_len(L, index);
    const char **paths = lua_newuserdatauv(L, ((size_t)*count + 1) * sizeof *paths, 0);
    for (lua_Integer i = 0; i < *count; i++) {
        lua_geti(L, index, i + 1);
        paths[i] = luaL_checkstring(L, -1); /* kept alive by the table */
        lua_pop(L, 1);
    }
    return paths;
}

/* source(config, paths, x, y): paths or x may be nil, and y. The tensors must be dense and stay
 * alive as long as the source. */
static int core_source(lua_State *L) {
    pn_error error;
    pn_array x, y;
    pn_source_spec spec = {.config = luaL_checkstring(L, 1)};
    lua_settop(L, 4);
    if (!lua_isnil(L, 2)) spec.paths = check_paths(L, 2, &spec.path_count);
    if (!lua_isnil(L, 3)) {
        x = pn_tensor_array(pn_lua_check_tensor(L, 3, "x"));
        spec.x = &x;
    }
    if (!lua_isnil(L, 4)) {
        y = pn_tensor_array(pn_lua_check_tensor(L, 4, "y"));
        spec.y = &y;
    }
    pn_source *source = NULL;
    void **slot = pn_lua_scratch(L, release_source);
    pn_lua_check(L, pn_data_source_new(&spec, &source, &error), &error);
    *slot = source;
    return 1;
}

static pn_source *check_source(lua_State *L) {
    luaL_checktype(L, 1, LUA_TUSERDATA);
    return *(pn_source **)lua_touserdata(L, 1);
}

/* The first `count` samples of the tensor on top of the stack, in its place. */
static void keep_first(lua_State *L, int64_t count) {
    pn_error error;
    pn_tensor *whole = pn_lua_check_tensor(L, -1, "the batch");
    if (whole->shape[0] == count) return;
    int64_t shape[PN_MAX_RANK];
    memcpy(shape, whole->shape, sizeof shape);
    shape[0] = count;
    pn_tensor **part = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_view(whole, whole->rank, shape, whole->stride, 0, part, &error),
                 &error);
    lua_replace(L, -2);
}

static pn_tensor *push_tensor(lua_State *L, pn_dtype dtype, int rank, const int64_t *shape) {
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_new(dtype, rank, shape, slot, &error), &error);
    return *slot;
}

/* batch(source, epoch, number, shape): x and y (nil without targets) of a batch; both numbers from
 * 0. shape: the sizes of one target. */
static int core_batch(lua_State *L) {
    pn_error error;
    pn_source *s = check_source(L);
    int64_t n = s->batch_size, shape[PN_MAX_RANK] = {n};
    int rank = (int)luaL_len(L, 4) + 1;
    luaL_argcheck(L, rank <= PN_MAX_RANK, 4, "too many axes");
    for (int i = 1; i < rank; i++) {
        lua_geti(L, 4, i);
        shape[i] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    int64_t x_shape[PN_MAX_RANK] = {n};
    for (int i = 0; i < s->x.rank; i++) x_shape[i + 1] = s->x.size[i];
    pn_batch b = {.label = lua_newuserdatauv(L, (size_t)n * sizeof *b.label, 0),
                  .index = lua_newuserdatauv(L, (size_t)n * sizeof *b.index, 0)};
    b.x = push_tensor(L, PN_F32, s->x.rank + 1, x_shape)->data;
    if (s->y_size)
        b.y = push_tensor(L, PN_F32, rank, shape)->data;
    else
        lua_pushnil(L);
    pn_lua_check(L, s->fill(s, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), &b, &error),
                 &error);
    if (s->y_size) keep_first(L, b.count);
    lua_rotate(L, -2, 1); /* y below x */
    keep_first(L, b.count);
    lua_rotate(L, -2, 1);
    pn_lua_settle(L);
    return 2;
}

/* failures(source): the paths and the reasons of the files that failed so far. */
static int core_failures(lua_State *L) {
    pn_source *s = check_source(L);
    pn_source_failure failure;
    int64_t count = pn_source_failures(s, 0, NULL, 0);
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0);
    for (int64_t i = 0; i < count; i++) {
        pn_source_failures(s, i, &failure, 1);
        lua_pushstring(L, failure.path);
        lua_seti(L, -3, i + 1);
        lua_pushstring(L, failure.reason);
        lua_seti(L, -2, i + 1);
    }
    return 2;
}

/* ---- small things ---- */

/* dense(tensor): the tensor itself, or a dense copy. */
static int core_dense(lua_State *L) {
    pn_error error;
    pn_tensor *tensor = pn_lua_check_tensor(L, 1, "the tensor");
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_dense(tensor, slot, &error), &error);
    return 1;
}

/* labels(list): an int32 tensor of whole numbers. */
static int core_labels(lua_State *L) {
    int64_t count = luaL_len(L, 1);
    int32_t *label = push_tensor(L, PN_I32, 1, &count)->data;
    for (int64_t i = 0; i < count; i++) {
        lua_geti(L, 1, i + 1);
        label[i] = (int32_t)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return 1;
}

static void free_names(void *names) {
    pn_names_free(names);
    pn_free(names);
}

static bool is_image_name(const char *name) {
    static const char *const endings[] = {".jpeg", ".jpg", ".png", ".bmp", ".pgm", ".ppm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(pn_path_ending(name), endings[i]) == 0) return true;
    return false;
}

static bool is_folder(const char *folder, const char *name) {
    char path[PN_PATH];
    pn_stamp stamp;
    return pn_path_join(path, folder, name, NULL) == PN_OK &&
           pn_file_stamp(path, &stamp, NULL) == PN_OK && stamp.is_folder == 1;
}

/* list(folder): the names of the folders and of the images in it, sorted, without hidden ones. A
 * name with an image's ending is taken for a file unseen: asking the system for each takes long. */
static int core_list(lua_State *L) {
    const char *folder = luaL_checkstring(L, 1);
    pn_error error;
    void **slot = pn_lua_scratch(L, free_names);
    pn_names *names = *slot = pn_calloc(1, sizeof *names);
    if (!names) return pn_lua_fail(L, PN_E_MEMORY, "out of memory");
    pn_lua_check(L, pn_folder_list(folder, names, &error), &error);
    lua_newtable(L);
    lua_newtable(L);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->name[i];
        bool image = is_image_name(name);
        if (*name == '.' || strcmp(name, "__MACOSX") == 0) continue;
        if (!image && !is_folder(folder, name)) continue;
        lua_pushstring(L, name);
        lua_seti(L, image ? -2 : -3, luaL_len(L, image ? -2 : -3) + 1);
    }
    return 2;
}

/* seed(): that of the run. */
static int core_seed(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)pn_run_seed());
    return 1;
}

void pn_lua_add_flow(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"generator", core_generator}, {"fit", core_fit},       {"transform", core_transform},
        {"config", core_config},       {"source", core_source}, {"batch", core_batch},
        {"failures", core_failures},   {"dense", core_dense},   {"labels", core_labels},
        {"list", core_list},           {"seed", core_seed},     {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
