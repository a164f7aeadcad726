#include "web/app_options.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char pn_app_help[] =
    "usage: pneuma app [OPTIONS]\n"
    "\n"
    "Serves a page that answers an X-ray with a probability and a heatmap.\n"
    "It is for learning, and no medical device.\n"
    "\n"
    "  --model FILE       a model (.safetensors or .h5); without it the one that\n"
    "                     notebook 2 kept in out/models, else one that comes with\n"
    "                     Pneuma\n"
    "  --host ADDRESS     where to listen (127.0.0.1: this machine alone)\n"
    "  --port N           the port (5000; 0: any that is free)\n"
    "  --token T          what a visitor must know; without it one is made for every\n"
    "                     address but this machine's own\n"
    "  --threshold X      the probability above which the answer is yes (the model's\n"
    "                     own, else 0.5)\n"
    "  --max-upload MB    the largest image file (20)\n"
    "  --keep FOLDER      keep what is uploaded there; otherwise nothing is written\n"
    "  --threads N        threads that compute (as many as there are processors)\n";

static int complain(const char *name, const char *wanted, const char *got) {
    fprintf(stderr, "pneuma app: %s takes %s, not '%s'\n", name, wanted, got);
    return -1;
}

static int read_number(const char *text, double low, double high, double *out) {
    char *end;
    errno = 0;
    const double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= low && value <= high)) return -1;
    *out = value;
    return 0;
}

static int read_whole(const char *text, int low, int high, int *out) {
    double value;
    if (read_number(text, low, high, &value) != 0 || value != (int)value) return -1;
    *out = (int)value;
    return 0;
}

/* A token travels in a URL, a header and a cookie. */
static bool is_token(const char *text) {
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    const size_t size = strlen(text);
    return size >= 8 && size <= 128 && strspn(text, good) == size;
}

static int read_option(pn_app_options *o, const char *name, const char *value) {
    double megabytes;
    if (strcmp(name, "--model") == 0) {
        o->model = value;
    } else if (strcmp(name, "--host") == 0) {
        o->host = value;
    } else if (strcmp(name, "--keep") == 0) {
        o->keep = value;
    } else if (strcmp(name, "--token") == 0) {
        if (!is_token(value))
            return complain(name, "8 to 128 letters, digits, '-', '_', '.' or '~'", value);
        o->token = value;
    } else if (strcmp(name, "--port") == 0) {
        if (read_whole(value, 0, 65535, &o->port) != 0)
            return complain(name, "a number from 0 to 65535", value);
    } else if (strcmp(name, "--threads") == 0) {
        if (read_whole(value, 1, 256, &o->threads) != 0)
            return complain(name, "a number from 1 to 256", value);
    } else if (strcmp(name, "--threshold") == 0) {
        if (read_number(value, 0, 1, &o->threshold) != 0)
            return complain(name, "a probability from 0 to 1", value);
    } else {
        if (read_number(value, 0.001, 1024, &megabytes) != 0)
            return complain(name, "megabytes from 0.001 to 1024", value);
        o->max_upload = (size_t)(megabytes * 1e6);
    }
    return 0;
}

static const char *const names[] = {"--model",     "--host",       "--port", "--token",
                                    "--threshold", "--max-upload", "--keep", "--threads"};
enum { NAMES = sizeof names / sizeof *names };

static const char *find_name(const char *given) {
    for (int i = 0; i < NAMES; i++)
        if (strcmp(names[i], given) == 0) return names[i];
    return NULL;
}

static int unknown(const char *given) {
    const char *near = pn_suggest(given, names, NAMES);
    if (given[0] != '-') {
        fprintf(stderr, "pneuma app: '%s' belongs to no option; a model is named with --model %s\n",
                given, given);
        return -1;
    }
    fprintf(stderr, "pneuma app: there is no option '%s'", given);
    fprintf(stderr, near ? "; did you mean '%s'?\n" : "; see pneuma app --help\n", near);
    return -1;
}

int pn_app_options_read(int argc, char **argv, pn_app_options *o) {
    *o = (pn_app_options){
        .host = "127.0.0.1", .port = 5000, .threshold = -1, .max_upload = 20000000};
    for (int i = 0; i < argc; i++) {
        char given[32];
        const char *value = strchr(argv[i], '=');
        const size_t size = value ? (size_t)(value - argv[i]) : strlen(argv[i]);
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            o->help = true;
            return 0;
        }
        if (size >= sizeof given) return unknown(argv[i]);
        memcpy(given, argv[i], size);
        given[size] = '\0';
        const char *name = find_name(given);
        if (!name) return unknown(given);
        if (value) {
            value++;
        } else if (i + 1 < argc) {
            value = argv[++i];
        } else {
            fprintf(stderr, "pneuma app: %s wants a value; see pneuma app --help\n", name);
            return -1;
        }
        if (read_option(o, name, value) != 0) return -1;
    }
    return 0;
}
