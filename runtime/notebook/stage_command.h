/* `pneuma stage list|info NAME`, and the hidden command that isolated plugins run under. */
#ifndef PN_NOTEBOOK_STAGE_COMMAND_H
#define PN_NOTEBOOK_STAGE_COMMAND_H

/* The first argument that makes the program a helper process: `pneuma stage-helper ...`. It is no
 * command for people and appears in no help text. */
#define PN_STAGE_HELPER_COMMAND "stage-helper"

/* `pneuma stage ...`: argv holds what stands after "stage". Prints to standard output, complaints
 * to standard error. Returns the program's exit code: 0, 1 (no such stage), 2 (wrong usage). */
int pn_stage_command(int argc, char **argv);

/* `pneuma stage-helper ...`: argv holds what stands after the word. Serves one plugin until the
 * process that started it goes away. Returns the exit code. */
int pn_stage_helper(int argc, char **argv);

#endif
