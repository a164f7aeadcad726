#define _GNU_SOURCE
#include "stage/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
} control;

int pn_wire_send(int socket, const pn_wire_message *message, int file) {
    struct iovec piece = {.iov_base = (void *)message, .iov_len = sizeof *message};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    control control;
    memset(&control, 0, sizeof control);
    if (file >= 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(c), &file, sizeof file);
    }
    for (;;) {
        ssize_t n = sendmsg(socket, &header, MSG_NOSIGNAL);
        if (n >= 0) return 0;
        if (errno != EINTR) return -1;
    }
}

/* Takes the one descriptor that may come along. */
static void take_file(struct msghdr *header, int *file) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
            c->cmsg_len != CMSG_LEN(sizeof *file))
            continue;
        memcpy(file, CMSG_DATA(c), sizeof *file);
    }
}

int pn_wire_receive(int socket, pn_wire_message *message, int *file, int milliseconds) {
    struct pollfd p = {.fd = socket, .events = POLLIN};
    struct iovec piece = {.iov_base = message, .iov_len = sizeof *message};
    control control;
    struct msghdr header = {.msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    *file = -1;
    int ready = poll(&p, 1, milliseconds);
    if (ready < 0) return errno == EINTR ? 0 : -1;
    if (ready == 0) return 0;
    ssize_t n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0) return errno == EINTR || errno == EAGAIN ? 0 : -1;
    take_file(&header, file);
    if ((size_t)n == sizeof *message) {
        message->text[sizeof message->text - 1] = '\0';
        return 1;
    }
    if (*file >= 0) close(*file);
    *file = -1;
    return n == 0 ? -1 : -2;
}

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

pn_status pn_wire_pack(const pn_pack_part *parts, size_t count, json_t *extra, int *file,
                       pn_error *error) {
    *file = memfd_create("pneuma", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*file < 0) return pn_fail_errno(error, errno, "", "a memory file cannot be made");
    pn_status status = pn_pack_write(*file, parts, count, extra, error);
    if (status == PN_OK && fcntl(*file, F_ADD_SEALS, SEALS) != 0)
        status = pn_fail_errno(error, errno, "", "a memory file cannot be sealed");
    if (status != PN_OK) close(*file);
    return status;
}

pn_status pn_wire_unpack(int file, pn_pack **out, pn_error *error) {
    int seals = file < 0 ? -1 : fcntl(file, F_GET_SEALS);
    pn_status status = PN_OK;
    if (seals < 0 || (seals & SEALS) != SEALS)
        status = pn_fail(error, PN_E_FORMAT, "the memory file is missing or not sealed");
    if (status == PN_OK) status = pn_pack_open(file, out, error);
    if (file >= 0) close(file);
    return status;
}
