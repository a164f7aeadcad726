#define _GNU_SOURCE
#include "notebook/journal.h"

#include "base/hash.h"
#include "notebook/journal_format.h"
#include "notebook/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening and closing ---- */

/* Whether the locked file is still the one at `path`: the run that held it before may have removed
 * it between our open and our lock. */
static int still_there(int fd, const char *path) {
    struct stat mine, now;
    return fstat(fd, &mine) == 0 && stat(path, &now) == 0 && mine.st_ino == now.st_ino &&
           mine.st_dev == now.st_dev;
}

pn_status pn_journal_open(pn_journal *journal, const char *path, pn_error *error) {
    *journal = (pn_journal){.fd = -1};
    pn_status status = pn_path_join(journal->path, "", path, error);
    while (status == PN_OK) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0) return pn_fail_errno(error, errno, path, "cannot write '%s'", path);
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int code = errno;
            close(fd);
            if (code != EWOULDBLOCK)
                return pn_fail_errno(error, code, path, "cannot lock '%s'", path);
            return pn_fail_path(error, PN_E_UNSUPPORTED, path, "'%s' is in use", path);
        }
        if (still_there(fd, path)) {
            journal->fd = fd;
            return PN_OK;
        }
        close(fd);
    }
    return status;
}

void pn_journal_close(pn_journal *journal, int remove) {
    if (journal->fd < 0) return;
    if (remove) unlink(journal->path);
    close(journal->fd);
    journal->fd = -1;
}

/* ---- writing ---- */

static void keep_error(pn_journal *journal, int code) {
    pn_fail_errno(&journal->error, code, journal->path, "cannot write '%s'", journal->path);
}

static void write_all(pn_journal *journal, const char *bytes, size_t size) {
    while (size) {
        ssize_t n = write(journal->fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            keep_error(journal, errno);
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

/* Starts a record: space for the header, to be filled by finish(). */
static pn_text record(pn_journal_type type) {
    pn_text text = {0};
    pn_journal_header head = {.type = type};
    pn_text_add(&text, &head, sizeof head);
    return text;
}

/* Writes the record in one piece, so that a kill leaves at most one torn record at the end. */
static void finish(pn_journal *journal, pn_text *text) {
    size_t payload = text->size - sizeof(pn_journal_header);
    if (text->failed || payload > UINT32_MAX) {
        if (journal->error.status == PN_OK) keep_error(journal, text->failed ? ENOMEM : EFBIG);
    } else if (journal->error.status == PN_OK) {
        pn_journal_header head;
        memcpy(&head, text->data, sizeof head);
        head.size = (uint32_t)payload;
        memcpy(text->data, &head, sizeof head);
        head.check =
            pn_hash_bytes(text->data + sizeof head.check, text->size - sizeof head.check).low;
        memcpy(text->data, &head, sizeof head);
        write_all(journal, text->data, text->size);
    }
    pn_text_free(text);
}

void pn_journal_begin(pn_journal *journal, const pn_journal_start *start) {
    journal->error.status = PN_OK;
    if (ftruncate(journal->fd, 0) != 0 || lseek(journal->fd, 0, SEEK_SET) != 0) {
        keep_error(journal, errno);
        return;
    }
    write_all(journal, PN_JOURNAL_MAGIC, PN_JOURNAL_MAGIC_SIZE);
    pn_text text = record(PN_JOURNAL_START);
    pn_record_put_string(&text, start->version);
    pn_record_put_string(&text, start->started);
    pn_record_put_string(&text, start->cpu);
    pn_record_put_int(&text, (int64_t)start->seed);
    pn_record_put_int(&text, start->threads);
    pn_record_put_int(&text, start->cell_count);
    pn_record_put_string(&text, start->path);
    pn_record_put_bytes(&text, start->source, start->source_size);
    finish(journal, &text);
}

void pn_journal_cell(pn_journal *journal, int number) {
    pn_text text = record(PN_JOURNAL_CELL);
    pn_record_put_int(&text, number);
    finish(journal, &text);
}

void pn_journal_cell_end(pn_journal *journal, pn_cell_state state, double seconds,
                         double peak_megabytes) {
    pn_text text = record(PN_JOURNAL_CELL_END);
    pn_record_put_int(&text, state);
    pn_record_put_real(&text, seconds);
    pn_record_put_real(&text, peak_megabytes);
    finish(journal, &text);
}

static void append_text(pn_journal *journal, pn_journal_type type, const char *name,
                        const void *bytes, size_t size) {
    pn_text text = record(type);
    pn_record_put_string(&text, name);
    pn_record_put_bytes(&text, bytes, size);
    finish(journal, &text);
}

void pn_journal_stream(pn_journal *journal, const char *name, const void *bytes, size_t size) {
    append_text(journal, PN_JOURNAL_STREAM, name, bytes, size);
}

void pn_journal_tail(pn_journal *journal, const char *name, const void *bytes, size_t size) {
    append_text(journal, PN_JOURNAL_TAIL, name, bytes, size);
}

void pn_journal_spill(pn_journal *journal, const char *name, const char *path, size_t bytes) {
    pn_text text = record(PN_JOURNAL_SPILL);
    pn_record_put_string(&text, name);
    pn_record_put_string(&text, path);
    pn_record_put_int(&text, (int64_t)bytes);
    finish(journal, &text);
}

void pn_journal_shown(pn_journal *journal, int count, const char *const *mime,
                      const char *const *data, const size_t *size, const char *spilled,
                      size_t spilled_bytes) {
    pn_text text = record(PN_JOURNAL_SHOWN);
    pn_record_put_int(&text, count);
    for (int i = 0; i < count; i++) {
        pn_record_put_string(&text, mime[i]);
        pn_record_put_bytes(&text, data[i], size[i]);
    }
    pn_record_put_string(&text, spilled);
    pn_record_put_int(&text, (int64_t)spilled_bytes);
    finish(journal, &text);
}

void pn_journal_remark(pn_journal *journal, const char *kind, const char *bytes, size_t size) {
    append_text(journal, PN_JOURNAL_REMARK, kind, bytes, size);
}

void pn_journal_error(pn_journal *journal, const char *message, const char *traceback, int line) {
    pn_text text = record(PN_JOURNAL_ERROR);
    pn_record_put_string(&text, message);
    pn_record_put_string(&text, traceback);
    pn_record_put_int(&text, line);
    finish(journal, &text);
}

void pn_journal_parameters(pn_journal *journal, char *const *lines, size_t count) {
    pn_text text = record(PN_JOURNAL_PARAMETERS);
    pn_record_put_int(&text, (int64_t)count);
    for (size_t i = 0; i < count; i++) pn_record_put_string(&text, lines[i]);
    finish(journal, &text);
}

void pn_journal_end(pn_journal *journal, pn_run_end end, int signal, const char *message,
                    double seconds) {
    pn_text text = record(PN_JOURNAL_END);
    pn_record_put_int(&text, end);
    pn_record_put_int(&text, signal);
    pn_record_put_string(&text, message);
    pn_record_put_real(&text, seconds);
    finish(journal, &text);
}
