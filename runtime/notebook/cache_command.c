#include "notebook/cache_command.h"

#include "stage/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: pneuma cache [--clear]\n"
                            "\n"
                            "Shows where the results of stages are kept, how many and how large\n"
                            "they are. --clear removes all that no running notebook uses.\n";

static int complain(const pn_error *error) {
    fprintf(stderr, "pneuma: %s\n", error->message);
    return 1;
}

static void print_size(const char *what, uint64_t bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 4) value /= 1024, unit++;
    printf("%-8s %.*f %s\n", what, unit ? 1 : 0, value, units[unit]);
}

static int show(void) {
    pn_cache_stats stats;
    pn_error error;
    if (pn_cache_measure(&stats, &error) != PN_OK) return complain(&error);
    printf("folder   %s\n", stats.folder);
    printf("entries  %" PRIu64, stats.entries);
    if (stats.unfinished) printf(" (and %" PRIu64 " unfinished)", stats.unfinished);
    putchar('\n');
    print_size("size", stats.bytes);
    print_size("limit", stats.limit);
    return fflush(stdout) != 0;
}

static int clear(void) {
    uint64_t removed, kept;
    pn_error error;
    if (pn_cache_clear(&removed, &kept, &error) != PN_OK) return complain(&error);
    printf("removed %" PRIu64 " entr%s", removed, removed == 1 ? "y" : "ies");
    if (kept) printf(", kept %" PRIu64 " in use", kept);
    putchar('\n');
    return fflush(stdout) != 0;
}

int pn_cache_command(int argc, char **argv) {
    if (argc == 0) return show();
    if (argc == 1 && strcmp(argv[0], "--clear") == 0) return clear();
    if (argc == 1 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return fputs(usage, stdout) == EOF;
    fputs(usage, stderr);
    return 2;
}
