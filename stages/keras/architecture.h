/* architecture.h: what is asked of a model's JSON, {class_name, config: {name, layers: [...]}}. */
#ifndef PN_KERAS_ARCHITECTURE_H
#define PN_KERAS_ARCHITECTURE_H

#include <jansson.h>

/* The list of a model's layers, or NULL when `model` is no model of layers. Borrowed, as are all
 * results here. */
json_t *pn_keras_layers(json_t *model);

/* The name of an entry in such a list, or NULL. */
const char *pn_keras_layer_name(json_t *layer);

/* A model's own layer of that name, or NULL. */
json_t *pn_keras_find_layer(json_t *model, const char *name);

/* 1 for an input: a layer of a functional model, but of no sequential one. */
int pn_keras_is_input(json_t *layer);

/* A model's own layers without inputs. */
size_t pn_keras_count_layers(json_t *model);

/* Fills `map` with all layers of a model, those of nested models too: name to [position, path], the
 * positions in order, the path from the model's own layer down ("block/conv2d"). Of two layers with
 * one name the first counts. 0, or -1 when memory is out. */
int pn_keras_map_layers(json_t *model, json_t *map);

/* The layer of that name anywhere in the model, nested ones included, or NULL. */
json_t *pn_keras_find_deep(json_t *model, const char *name);

#endif
