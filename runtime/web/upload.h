/* The body of a request: the raw bytes of one image, or a form (multipart/form-data) with one in
 * its field `file`. */
#ifndef PN_WEB_UPLOAD_H
#define PN_WEB_UPLOAD_H

#include "base/text.h"
#include "web/reply.h"

#include <microhttpd.h>
#include <stdbool.h>

typedef struct pn_upload {
    pn_text bytes;
    char name[256]; /* of the file; "" where it has none */
    size_t most;    /* bytes of the image */
    size_t received;
    int files;
    bool large, broken;
    struct MHD_PostProcessor *form; /* NULL: the body is raw */
} pn_upload;

/* Looks at the headers. False: the reply says why the body is not wanted (411, 413, 415). */
bool pn_upload_begin(pn_upload *upload, struct MHD_Connection *connection, size_t most,
                     pn_reply *reply);

/* Takes a part of the body. False when so much came that the connection is to be cut. */
bool pn_upload_take(pn_upload *upload, const char *data, size_t size);

/* All has come. False: the reply says what is wrong with it (400, 413). */
bool pn_upload_end(pn_upload *upload, pn_reply *reply);

void pn_upload_free(pn_upload *upload);

#endif
