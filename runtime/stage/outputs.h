/* The files a stage wrote into its output folder. */
#ifndef PN_STAGE_OUTPUTS_H
#define PN_STAGE_OUTPUTS_H

#include <jansson.h>
#include <stdint.h>

/* All files below folder/files with their sizes and times, as JSON; NULL when that fails. New
 * reference. */
json_t *pn_outputs_list(const char *folder);

/* 1 when all of them are there and unchanged; else 0, and why[PN_STAGE_WHY] names one. */
int pn_outputs_verify(const char *folder, json_t *outputs, char *why);

/* Bytes of all files below a folder. */
uint64_t pn_tree_bytes(const char *folder);

#endif
