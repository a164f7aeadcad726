#include "notebook/document.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>

pn_status pn_document_read(const char *path, pn_document **out, pn_error *error) {
    char *text;
    size_t size;
    *out = NULL;
    pn_status status = pn_file_read(path, 0, &text, &size, error);
    if (status != PN_OK) return status;
    status = pn_document_parse(path, text, size, out, error);
    pn_free(text);
    return status;
}

static void free_block(pn_block *block) {
    for (size_t i = 0; i < block->options.tag_count; i++) free(block->options.tags[i]);
    free(block->options.tags);
    free(block->options.id);
    free(block->options.caption);
    free(block->text);
}

void pn_document_free(pn_document *document) {
    if (!document) return;
    for (size_t i = 0; i < document->block_count; i++) free_block(&document->block[i]);
    free(document->block);
    free(document->path);
    free(document->title);
    free(document->language);
    free(document->description);
    free(document);
}
