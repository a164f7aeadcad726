#define _GNU_SOURCE
#include "notebook/channel.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

typedef struct header {
    uint32_t type, unused;
    uint64_t size;
} header;

enum { READ_SIZE = 1 << 16 };

static int send_all(int fd, const char *bytes, size_t size, int more) {
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL | more);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

int pn_channel_send(int fd, pn_message type, const pn_text *payload) {
    if (payload && payload->failed) return errno = ENOMEM, -1;
    header head = {.type = (uint32_t)type, .size = payload ? payload->size : 0};
    if (send_all(fd, (const char *)&head, sizeof head, head.size ? MSG_MORE : 0) != 0) return -1;
    return head.size ? send_all(fd, payload->data, payload->size, 0) : 0;
}

/* Moves what is left to the front once everything before it has been taken. */
static void compact(pn_inbox *in) {
    if (in->used == 0) return;
    size_t left = in->bytes.size - in->used;
    memmove(in->bytes.data, in->bytes.data + in->used, left);
    in->bytes.size = left;
    in->used = 0;
}

int pn_channel_receive(int fd, pn_inbox *in) {
    char chunk[READ_SIZE];
    ssize_t n;
    do n = recv(fd, chunk, sizeof chunk, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0) return errno == ECONNRESET ? 0 : -1;
    if (n == 0) return 0;
    compact(in);
    pn_text_add(&in->bytes, chunk, (size_t)n);
    return in->bytes.failed ? (errno = ENOMEM, -1) : 1;
}

int pn_channel_next(pn_inbox *in, pn_message *type, const char **payload, size_t *size) {
    header head;
    size_t left = in->bytes.size - in->used;
    if (left < sizeof head) return 0;
    memcpy(&head, in->bytes.data + in->used, sizeof head);
    if (left - sizeof head < head.size) return 0;
    *type = (pn_message)head.type;
    *payload = in->bytes.data + in->used + sizeof head;
    *size = head.size;
    in->used += sizeof head + head.size;
    return 1;
}
