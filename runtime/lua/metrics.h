/* The native part of the Lua module `metrics`, which plots need too. */
#ifndef PN_LUA_METRICS_H
#define PN_LUA_METRICS_H

#include "lua/edge.h"

/* Sets these functions in the table on top of the stack:
 *   cuts(labels, scores)   the different scores, falling, and of the items of at least each score
 *                          how many are 1 and how many are 0: three arrays
 *   measure(name, parameter, labels, scores)   pn_measure_of all items
 *   resamples(name, parameter, labels, scores, units, from, to)   an array of the measure of the
 *                          resamples number `from` to `to`, and how many were drawn again
 *   draw(labels, units, number)   that resample as an array of places, and how often it was drawn
 *                          again
 *   upper(tail)            the standard normal quantile of 1 - tail
 *   run_seed()             the seed of the run
 * Labels and scores are arrays of equal length; labels are whole numbers from 0 (0 and 1 where
 * there are scores). `units` is a table of pn_units' arrays `first`, `item` and `stratum`, and
 * `seed`. A resample that lacks a class that the sample has is drawn again. */
void pn_lua_add_metrics(lua_State *L);

/* Sets cam_score(map, mask, tolerance): empty, hit, chance, energy and inside of pn_cam_score. */
void pn_lua_add_cam_score(lua_State *L);

#endif
