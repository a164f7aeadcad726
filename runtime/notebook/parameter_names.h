/* The names that -p gives, against the variables of the parameters cell. */
#ifndef PN_NOTEBOOK_PARAMETER_NAMES_H
#define PN_NOTEBOOK_PARAMETER_NAMES_H

#include "notebook/command_line.h"
#include "notebook/document.h"

/* 0 when the cell declares every name that -p gives; else 2, after a line on standard error with
 * the nearest name. Asked before anything runs, so that a misspelt name costs no report. A cell
 * that is no Lua passes: running it says more. `path` names the notebook. */
int pn_check_parameter_names(const pn_run_options *options, const pn_block *cell, const char *path);

#endif
