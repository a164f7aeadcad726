/* The build id of this library. */
#define _GNU_SOURCE
#include "stage/key.h"

#include "base/file.h"
#include "base/memory.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static const char anchor = 0; /* an address inside this library */

typedef struct search {
    char *text;
    size_t size;
    int found;
} search;

/* Notes: name size, content size, type, then name and content, each padded to 4 bytes. */
static void read_notes(search *s, const char *at, size_t left) {
    while (left >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        size_t name = (note.n_namesz + 3u) / 4 * 4, content = (note.n_descsz + 3u) / 4 * 4;
        if (left - sizeof note < name + content) return;
        const char *desc = at + sizeof note + name;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof note, "GNU", 4) == 0 && 2 * note.n_descsz < s->size) {
            for (unsigned i = 0; i < note.n_descsz; i++)
                snprintf(s->text + 2 * i, 3, "%02x", (unsigned)(unsigned char)desc[i]);
            s->found = 1;
            return;
        }
        at = desc + content;
        left -= sizeof note + name + content;
    }
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    search *s = context;
    int ours = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        ElfW(Addr) begin = info->dlpi_addr + p->p_vaddr, at = (ElfW(Addr)) & anchor;
        if (p->p_type == PT_LOAD && at >= begin && at < begin + p->p_memsz) ours = 1;
    }
    for (int i = 0; ours && i < info->dlpi_phnum && !s->found; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_NOTE)
            read_notes(s, (const char *)(info->dlpi_addr + p->p_vaddr), p->p_memsz);
    }
    return ours;
}

static pn_status hash_library(char *text, size_t size, pn_error *error) {
    Dl_info info;
    char *data, hex[PN_HASH_HEX];
    size_t length;
    if (!dladdr(&anchor, &info) || !info.dli_fname)
        return pn_fail(error, PN_E_INTERNAL, "the library's own file cannot be found");
    pn_status status = pn_file_read(info.dli_fname, 0, &data, &length, error);
    if (status != PN_OK) return status;
    pn_hash_hex(pn_hash_bytes(data, length), hex);
    pn_free(data);
    snprintf(text, size, "%s", hex);
    return PN_OK;
}

pn_status pn_library_build(char *text, size_t size, pn_error *error) {
    search s = {.text = text, .size = size};
    dl_iterate_phdr(visit_object, &s);
    return s.found ? PN_OK : hash_library(text, size, error);
}
