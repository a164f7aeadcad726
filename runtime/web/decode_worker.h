/* The process that decodes uploads: `pneuma decode-worker`, started by decoder.c with a socket as
 * standard input. */
#ifndef PN_WEB_DECODE_WORKER_H
#define PN_WEB_DECODE_WORKER_H

#define PN_DECODE_WORKER_COMMAND "decode-worker"

/* Shuts itself in, then serves until the other side is gone. The exit code. */
int pn_decode_worker_main(int argc, char **argv);

#endif
