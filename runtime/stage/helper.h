/* The helper's side: a process that holds one plugin and runs its isolated stages. */
#ifndef PN_STAGE_HELPER_H
#define PN_STAGE_HELPER_H

/* Loads the plugin, describes it and runs its stages on demand, over the socket, until the process
 * `parent` is gone or lets go of the socket. Returns the program's exit code. */
int pn_helper_serve(int socket, long parent, const char *plugin);

#endif
