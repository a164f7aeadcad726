#include "notebook/stage_command.h"

#include "stage/helper.h"
#include "stage/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: pneuma stage list\n"
                            "       pneuma stage info NAME\n"
                            "\n"
                            "  list   all stages there are, and plugins that cannot be used\n"
                            "  info   what a stage takes and returns\n"
                            "\n"
                            "Plugins are looked for among Pneuma's own, in the folders and files\n"
                            "of PNEUMA_STAGES (separated by colons), and in the user's folder\n"
                            "~/.local/share/pneuma/stages.\n";

static int complain(const pn_error *error) {
    fprintf(stderr, "pneuma: %s\n", error->message);
    return 1;
}

/* Prints and releases the text; 1 when that does not work (a full disk, a closed pipe). */
static int print(pn_text *text) {
    int bad = text->failed || fputs(pn_text_string(text), stdout) == EOF || fflush(stdout) != 0;
    pn_text_free(text);
    return bad;
}

static int list(void) {
    pn_stage_catalog catalog;
    pn_error error;
    pn_text text = {0};
    if (pn_stage_list(&catalog, &error) != PN_OK) return complain(&error);
    pn_stage_list_text(&catalog, &text);
    pn_stage_catalog_free(&catalog);
    return print(&text);
}

static int info(const char *name) {
    const pn_stage_info *stage = NULL;
    pn_error error;
    pn_text text = {0};
    if (pn_stage_find(name, &stage, &error) != PN_OK) return complain(&error);
    pn_stage_info_text(stage, &text);
    return print(&text);
}

int pn_stage_command(int argc, char **argv) {
    if (argc == 1 && strcmp(argv[0], "list") == 0) return list();
    if (argc == 2 && strcmp(argv[0], "info") == 0) return info(argv[1]);
    if (argc == 1 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return fputs(usage, stdout) == EOF;
    fputs(usage, stderr);
    return 2;
}

int pn_stage_helper(int argc, char **argv) {
    if (argc != 3) return 2;
    return pn_helper_serve(atoi(argv[0]), atol(argv[1]), argv[2]);
}
