/* `pneuma run`: runs notebooks one after the other and writes their reports. */
#ifndef PN_NOTEBOOK_RUN_H
#define PN_NOTEBOOK_RUN_H

/* argv holds what stands after "run". Returns the program's exit code, the worst of the notebooks'.
 * The paths of the reports go to standard output, everything else to standard error. */
int pn_run_command(int argc, char **argv);

#endif
