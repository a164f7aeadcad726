/* What -p gives, against the variables of the parameters cell. */
#ifndef PN_NOTEBOOK_PARAMETER_NAMES_H
#define PN_NOTEBOOK_PARAMETER_NAMES_H

#include "base/text.h"
#include "notebook/command_line.h"
#include "notebook/document.h"

/* 0 when the cell declares every name that -p gives; else 2, after a line on standard error with
 * the nearest name. Asked before anything runs, so that a misspelt name costs no report. A cell
 * that is no Lua passes: running it says more. `path` names the notebook. */
int pn_check_parameter_names(const pn_run_options *options, const pn_block *cell, const char *path);

/* Appends the variables that -p gives to text, "epochs = 3 (from -p), big = true (from -p)";
 * nothing where there are none. `lines` are the count variables in force, each as "name = value".
 */
void pn_list_overridden(const pn_run_options *options, char *const *lines, size_t count,
                        pn_text *text);

#endif
