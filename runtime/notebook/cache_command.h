/* `pneuma cache [--clear]`: where the cache is, how much is in it. */
#ifndef PN_NOTEBOOK_CACHE_COMMAND_H
#define PN_NOTEBOOK_CACHE_COMMAND_H

/* argv holds what stands after "cache". Returns the program's exit code: 0, 1 (the cache cannot be
 * read or cleared), 2 (wrong usage). */
int pn_cache_command(int argc, char **argv);

#endif
