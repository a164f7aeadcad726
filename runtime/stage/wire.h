/* Messages between a process and the helper that runs a plugin for it, over a SOCK_SEQPACKET
 * pair: small fixed messages, and a sealed memory file beside one where there is more to say. */
#ifndef PN_STAGE_WIRE_H
#define PN_STAGE_WIRE_H

#include "base/error.h"
#include "stage/pack.h"

#include <stdint.h>

typedef enum pn_wire_kind {
    PN_WIRE_RUN = 1,   /* to the helper: a request (file: inputs and what goes with them) */
    PN_WIRE_CANCEL,    /* to the helper: the run is to stop; a = pn_cancel_reason */
    PN_WIRE_DESCRIBED, /* from it, first of all: the plugin's stages (file: extra) */
    PN_WIRE_REFUSED,   /* from it, first of all: why the plugin cannot be used (text) */
    PN_WIRE_PROGRESS,  /* a of b */
    PN_WIRE_EVENT,     /* a step of the work (file: extra, the text) */
    PN_WIRE_DONE,      /* the run's results, notes and readings (file) */
    PN_WIRE_FAILED,    /* the run's pn_status a and message; notes (file) */
} pn_wire_kind;

typedef struct pn_wire_message {
    uint32_t kind, unused;
    int64_t a, b;
    char text[PN_ERROR_TEXT];
} pn_wire_message;

/* Sends; `file` is a descriptor to go along, or -1; it stays open here. 0, or -1: the other side is
 * gone. */
int pn_wire_send(int socket, const pn_wire_message *message, int file);

/* Receives within `milliseconds` (-1: for ever). 1; 0 when nothing came; -1 when the other side is
 * gone, -2 when it sent what is no message. *file is a new descriptor, or -1. */
int pn_wire_receive(int socket, pn_wire_message *message, int *file, int milliseconds);

/* Packs parts and extra into a new memory file that nobody can change any more. */
pn_status pn_wire_pack(const pn_pack_part *parts, size_t count, json_t *extra, int *file,
                       pn_error *error);

/* Opens such a file after checking that nobody can change it any more; closes the descriptor in
 * every case. */
pn_status pn_wire_unpack(int file, pn_pack **out, pn_error *error);

#endif
