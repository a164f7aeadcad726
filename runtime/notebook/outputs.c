#define _GNU_SOURCE
#include "notebook/outputs.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- files beside the page ---- */

/* Only files with our own kind of name go: the folder may hold what people put there. */
static void remove_old_files(const char *folder) {
    pn_names names;
    char path[PN_PATH];
    if (pn_folder_list(folder, &names, NULL) != PN_OK) return;
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.name[i], "cell-", 5) == 0 &&
            pn_path_join(path, folder, names.name[i], NULL) == PN_OK)
            unlink(path);
    pn_names_free(&names);
    rmdir(folder);
}

pn_status pn_outputs_open(pn_outputs *outputs, pn_journal *journal, const char *folder,
                          pn_error *error) {
    *outputs =
        (pn_outputs){.journal = journal, .page_left = PN_PAGE_LIMIT, .spill_left = PN_SPILL_LIMIT};
    outputs->stream[0] = (pn_stream){.name = "stdout", .fd = -1};
    outputs->stream[1] = (pn_stream){.name = "stderr", .fd = -1};
    pn_status status = pn_path_join(outputs->folder, "", folder, error);
    if (status == PN_OK) remove_old_files(folder);
    return status;
}

/* Makes folder/name; -1 when that cannot be, and then nothing more is spilled. */
static int open_file(pn_outputs *outputs, const char *name) {
    char path[PN_PATH];
    int fd = -1;
    if (outputs->spill_left && pn_folder_make(outputs->folder, NULL) == PN_OK &&
        pn_path_join(path, outputs->folder, name, NULL) == PN_OK)
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) outputs->spill_left = 0;
    return fd;
}

/* Writes what the limit allows; returns how much that was. */
static size_t write_file(pn_outputs *outputs, int fd, const char *bytes, size_t size) {
    size_t done = 0, want = size < outputs->spill_left ? size : outputs->spill_left;
    while (done < want) {
        ssize_t n = write(fd, bytes + done, want - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            outputs->spill_left = done; /* the disk is full: no more from here on */
            break;
        }
        done += (size_t)n;
    }
    outputs->spill_left -= done;
    return done;
}

/* "NAME.files/file", as the page names it. */
static void page_path(const pn_outputs *outputs, const char *name, char out[PN_PATH]) {
    if (pn_path_join(out, pn_path_name(outputs->folder), name, NULL) != PN_OK) out[0] = '\0';
}

/* ---- streams ---- */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* How much of bytes[size] ends with a whole UTF-8 character. */
static size_t whole_characters(const char *bytes, size_t size) {
    size_t back = 0;
    while (back < 3 && back < size && ((unsigned char)bytes[size - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == size || (unsigned char)bytes[size - 1 - back] < 0xc0) return size;
    return pn_utf8_length(bytes + size - 1 - back, back + 1) ? size : size - 1 - back;
}

static void stream_file(const pn_outputs *outputs, const pn_stream *stream, char name[64]) {
    snprintf(name, 64, "cell-%d-%s.txt", outputs->cell, stream->name);
}

static void count_text(pn_outputs *outputs, pn_stream *stream, size_t size) {
    stream->journaled += size;
    outputs->page_left -= smaller(size, outputs->page_left);
}

static void to_journal(pn_outputs *outputs, pn_stream *stream, const char *bytes, size_t size) {
    if (size == 0) return;
    pn_journal_stream(outputs->journal, stream->name, bytes, size);
    count_text(outputs, stream, size);
}

/* The head is full: from now on the file has everything. */
static void start_spill(pn_outputs *outputs, pn_stream *stream) {
    char name[64], path[PN_PATH];
    stream_file(outputs, stream, name);
    stream->fd = open_file(outputs, name);
    if (stream->fd < 0) return;
    page_path(outputs, name, path);
    pn_journal_spill(outputs->journal, stream->name, path, 0);
    stream->file_size =
        write_file(outputs, stream->fd, pn_text_string(&stream->head), stream->head.size);
}

static void to_tail(pn_stream *stream, const char *bytes, size_t size) {
    if (size > PN_STREAM_TAIL) {
        bytes += size - PN_STREAM_TAIL;
        size = PN_STREAM_TAIL;
    }
    for (size_t i = 0; i < size;) {
        size_t at = (stream->tail_start + stream->tail_size) % PN_STREAM_TAIL;
        size_t run = smaller(size - i, PN_STREAM_TAIL - at);
        memcpy(stream->tail + at, bytes + i, run);
        i += run;
        size_t over =
            stream->tail_size + run > PN_STREAM_TAIL ? stream->tail_size + run - PN_STREAM_TAIL : 0;
        stream->tail_start = (stream->tail_start + over) % PN_STREAM_TAIL;
        stream->tail_size += run - over;
    }
}

/* Empties the ring into text. */
static void take_tail(pn_stream *stream, pn_text *text) {
    size_t first = smaller(stream->tail_size, PN_STREAM_TAIL - stream->tail_start);
    pn_text_add(text, stream->tail + stream->tail_start, first);
    pn_text_add(text, stream->tail, stream->tail_size - first);
    stream->tail_size = stream->tail_start = 0;
}

void pn_outputs_stream(pn_outputs *outputs, int which, const char *bytes, size_t size) {
    pn_stream *stream = &outputs->stream[which];
    stream->total += size;
    size_t room = stream->journaled < PN_STREAM_HEAD ? PN_STREAM_HEAD - stream->journaled : 0;
    room = smaller(room, outputs->page_left);
    if (stream->fd < 0 && stream->tail_size == 0 && room) {
        size_t head = size <= room ? size : whole_characters(bytes, room);
        to_journal(outputs, stream, bytes, head);
        pn_text_add(&stream->head, bytes, head);
        bytes += head;
        size -= head;
    }
    if (size == 0) return;
    if (stream->fd < 0) start_spill(outputs, stream);
    if (stream->fd >= 0) stream->file_size += write_file(outputs, stream->fd, bytes, size);
    to_tail(stream, bytes, size);
}

/* The end of a stream that has become too long for the page. */
static void journal_gap(pn_outputs *outputs, pn_stream *stream, const char *tail, size_t size) {
    char name[64], path[PN_PATH];
    size_t skip = 0;
    while (skip < size && skip < 3 && ((unsigned char)tail[skip] & 0xc0) == 0x80) skip++;
    size_t left_out = stream->total - stream->journaled - (size - skip);
    pn_text text = {0};
    pn_text_addf(&text, "\n[... %zu bytes are left out here ...]\n", left_out);
    if (stream->fd >= 0 && stream->file_size < stream->total)
        pn_text_addf(&text, "[... the file has the first %zu of %zu bytes ...]\n",
                     stream->file_size, stream->total);
    pn_text_add(&text, tail + skip, size - skip);
    pn_journal_tail(outputs->journal, stream->name, pn_text_string(&text), text.size);
    count_text(outputs, stream, text.size);
    pn_text_free(&text);
    if (stream->fd < 0) return;
    stream_file(outputs, stream, name);
    page_path(outputs, name, path);
    pn_journal_spill(outputs->journal, stream->name, path, stream->file_size);
}

/* The stream came to its end, or to a shown value, within the limit: it needs no file. */
static void drop_file(pn_outputs *outputs, pn_stream *stream) {
    char name[64], path[PN_PATH];
    if (stream->fd < 0) return;
    close(stream->fd);
    stream->fd = -1;
    outputs->spill_left += stream->file_size;
    stream_file(outputs, stream, name);
    if (pn_path_join(path, outputs->folder, name, NULL) == PN_OK) unlink(path);
    rmdir(outputs->folder); /* stays when others are in it */
    pn_journal_spill(outputs->journal, stream->name, "", 0);
}

static int fits_page(const pn_stream *stream) {
    return stream->total <= PN_STREAM_HEAD + PN_STREAM_TAIL;
}

static void flush_stream(pn_outputs *outputs, pn_stream *stream) {
    if (stream->tail_size == 0) return;
    pn_text tail = {0};
    int fits = fits_page(stream) && stream->tail_size <= outputs->page_left;
    take_tail(stream, &tail);
    if (fits) {
        to_journal(outputs, stream, pn_text_string(&tail), tail.size);
        pn_text_add(&stream->head, pn_text_string(&tail), tail.size);
        drop_file(outputs, stream);
    } else {
        journal_gap(outputs, stream, pn_text_string(&tail), smaller(tail.size, outputs->page_left));
    }
    pn_text_free(&tail);
}

static void reset_stream(pn_stream *stream) {
    if (stream->fd >= 0) close(stream->fd);
    pn_text_free(&stream->head);
    *stream = (pn_stream){.name = stream->name, .fd = -1};
}

/* ---- shown values and remarks ---- */

static int too_many(pn_outputs *outputs) {
    if (outputs->count < PN_OUTPUTS_LIMIT) {
        outputs->count++;
        return 0;
    }
    outputs->dropped++;
    return 1;
}

static const char *ending_of(const char *mime) {
    static const char *const endings[][2] = {
        {"text/html", "html"}, {"image/svg+xml", "svg"}, {"image/png", "png"}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(mime, endings[i][0]) == 0) return endings[i][1];
    return "txt";
}

/* The best form goes to a file; the page has the start of the plain one. */
static void spill_shown(pn_outputs *outputs, int count, const char *const *mime,
                        const char *const *data, const size_t *size) {
    char name[64], path[PN_PATH] = "";
    const char *plain = "text/plain", *text = data[count - 1];
    size_t room = smaller(PN_STREAM_HEAD, outputs->page_left), written = 0;
    size_t length = size[count - 1] <= room ? size[count - 1] : whole_characters(text, room);
    snprintf(name, sizeof name, "cell-%d-shown-%d.%s", outputs->cell, outputs->shown,
             ending_of(mime[0]));
    int fd = open_file(outputs, name);
    if (fd >= 0) {
        written = write_file(outputs, fd, data[0], size[0]);
        close(fd);
        page_path(outputs, name, path);
    }
    pn_journal_shown(outputs->journal, 1, &plain, &text, &length, path, written);
    outputs->page_left -= length;
}

void pn_outputs_shown(pn_outputs *outputs, int count, const char *const *mime,
                      const char *const *data, const size_t *size) {
    size_t total = 0;
    if (count < 1 || too_many(outputs)) return;
    outputs->shown++;
    /* Text printed before the value stands before it, as long as the cell has not printed more
     * than the page takes. */
    for (int i = 0; i < 2; i++)
        if (fits_page(&outputs->stream[i])) flush_stream(outputs, &outputs->stream[i]);
    for (int i = 0; i < count; i++) total += size[i];
    if (total > PN_SHOWN_LIMIT || total > outputs->page_left) {
        spill_shown(outputs, count, mime, data, size);
        return;
    }
    pn_journal_shown(outputs->journal, count, mime, data, size, "", 0);
    outputs->page_left -= total;
}

void pn_outputs_remark(pn_outputs *outputs, const char *kind, const char *text, size_t size) {
    if (too_many(outputs)) return;
    size = smaller(size, outputs->page_left);
    pn_journal_remark(outputs->journal, kind, text, size);
    outputs->page_left -= size;
}

/* ---- cells ---- */

void pn_outputs_begin(pn_outputs *outputs, int cell) {
    outputs->cell = cell;
    outputs->shown = outputs->count = 0;
    outputs->dropped = 0;
}

void pn_outputs_end(pn_outputs *outputs) {
    char text[128];
    for (int i = 0; i < 2; i++) {
        flush_stream(outputs, &outputs->stream[i]);
        reset_stream(&outputs->stream[i]);
    }
    if (outputs->dropped == 0) return;
    int size = snprintf(text, sizeof text, "%zu more shown values and remarks are left out",
                        outputs->dropped);
    pn_journal_remark(outputs->journal, "warning", text, (size_t)size);
}
