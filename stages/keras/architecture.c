#include "architecture.h"

#include "base/text.h"

#include <string.h>

/* Before Keras 2.2.3 the config of a Sequential was the list itself. */
json_t *pn_keras_layers(json_t *model) {
    json_t *config = json_object_get(model, "config");
    json_t *layers = json_is_array(config) ? config : json_object_get(config, "layers");
    return json_is_array(layers) ? layers : NULL;
}

const char *pn_keras_layer_name(json_t *layer) {
    json_t *name = json_object_get(json_object_get(layer, "config"), "name");
    return json_string_value(name ? name : json_object_get(layer, "name"));
}

json_t *pn_keras_find_layer(json_t *model, const char *name) {
    size_t i;
    json_t *layer;
    json_array_foreach(pn_keras_layers(model), i, layer) {
        const char *own = pn_keras_layer_name(layer);
        if (own && strcmp(own, name) == 0) return layer;
    }
    return NULL;
}

int pn_keras_is_input(json_t *layer) {
    const char *class_name = json_string_value(json_object_get(layer, "class_name"));
    return class_name && strcmp(class_name, "InputLayer") == 0;
}

size_t pn_keras_count_layers(json_t *model) {
    size_t count = 0, i;
    json_t *layer;
    json_array_foreach(pn_keras_layers(model), i, layer) {
        count += !pn_keras_is_input(layer);
    }
    return count;
}

static int map_layer(json_t *layer, const char *above, json_t *map);

static int map_below(json_t *model, const char *above, json_t *map) {
    size_t i;
    json_t *layer;
    json_array_foreach(pn_keras_layers(model), i, layer) {
        if (map_layer(layer, above, map) != 0) return -1;
    }
    return 0;
}

/* `above` ends with a slash, or is empty. */
static int map_layer(json_t *layer, const char *above, json_t *map) {
    const char *name = pn_keras_layer_name(layer);
    if (!name) return 0;
    pn_text path = {0};
    pn_text_addf(&path, "%s%s", above, name);
    int failed = path.failed;
    if (!failed && !json_object_get(map, name))
        failed = json_object_set_new(map, name,
                                     json_pack("[I, s]", (json_int_t)json_object_size(map),
                                               pn_text_string(&path))) != 0;
    pn_text_addc(&path, '/');
    failed = failed || path.failed || map_below(layer, pn_text_string(&path), map) != 0;
    pn_text_free(&path);
    return failed ? -1 : 0;
}

int pn_keras_map_layers(json_t *model, json_t *map) {
    return map_below(model, "", map);
}

json_t *pn_keras_find_deep(json_t *model, const char *name) {
    size_t i;
    json_t *layer, *found = pn_keras_find_layer(model, name);
    json_array_foreach(pn_keras_layers(model), i, layer) {
        if (found) break;
        if (pn_keras_layers(layer)) found = pn_keras_find_deep(layer, name);
    }
    return found;
}
