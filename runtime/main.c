/* pneuma: reads the command line and calls one module per command. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("pneuma %s\n", PNEUMA_VERSION);
        return 0;
    }
    fprintf(stderr, "usage: pneuma COMMAND ...\n");
    return 2;
}
