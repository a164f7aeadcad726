#define _GNU_SOURCE
#include "stage/helper.h"

#include "base/cancel.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "stage/host.h"
#include "stage/json.h"
#include "stage/load.h"
#include "stage/wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The main thread runs stages, another one listens: it hands over requests, passes on
 * cancellations while a stage runs, and ends the process when the parent is gone. */
static struct {
    int socket;
    pthread_mutex_t lock;
    pthread_cond_t came;
    int waiting; /* a request is there */
    int request; /* its file */
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static void hand_over(int file) {
    pn_cancel_reset();
    pthread_mutex_lock(&helper.lock);
    helper.request = file;
    helper.waiting = 1;
    pthread_cond_signal(&helper.came);
    pthread_mutex_unlock(&helper.lock);
}

static void *listen_to_parent(void *unused) {
    (void)unused;
    for (;;) {
        pn_wire_message message;
        int file;
        int got = pn_wire_receive(helper.socket, &message, &file, -1);
        /* Not exit(): a plugin's own clean-up must not keep the process alive. */
        if (got < 0) _exit(0);
        if (got == 0) continue;
        if (message.kind == PN_WIRE_CANCEL) pn_cancel((pn_cancel_reason)message.a);
        if (message.kind == PN_WIRE_RUN)
            hand_over(file);
        else if (file >= 0)
            close(file);
    }
}

static int next_request(void) {
    pthread_mutex_lock(&helper.lock);
    while (!helper.waiting) pthread_cond_wait(&helper.came, &helper.lock);
    helper.waiting = 0;
    int file = helper.request;
    pthread_mutex_unlock(&helper.lock);
    return file;
}

/* ---- one run ---- */

static void send_progress(void *context, int64_t done, int64_t total) {
    (void)context;
    const pn_wire_message message = {.kind = PN_WIRE_PROGRESS, .a = done, .b = total};
    pn_wire_send(helper.socket, &message, -1);
}

/* One that cannot be sent is not heard live, but still comes with the result. */
static const char *send_event(void *context, const char *text) {
    (void)context;
    const pn_wire_message message = {.kind = PN_WIRE_EVENT};
    int file;
    json_t *extra = json_pack("{s:o}", "text", pn_json_bytes(text, strlen(text)));
    if (extra && pn_wire_pack(NULL, 0, extra, &file, NULL) == PN_OK) {
        pn_wire_send(helper.socket, &message, file);
        close(file);
    }
    json_decref(extra);
    return NULL;
}

static pn_status read_param(json_t *params, const pn_param *param, pn_stage_arguments *a,
                            pn_param_value *value, pn_error *error) {
    size_t size;
    const char *text = pn_json_text(json_object_get(params, param->name), &a->arena, &size);
    if (!text) return pn_fail(error, PN_E_INTERNAL, "parameter %s did not arrive", param->name);
    return pn_param_parse(param, text, value, error);
}

static pn_status read_request(pn_pack *pack, const pn_stage_set *set, pn_stage_info *info,
                              pn_stage_arguments **out, pn_error *error) {
    json_t *extra = pn_pack_extra(pack), *params;
    json_int_t stage, seed;
    int threads, cpu;
    if (json_unpack(extra, "{s:I, s:I, s:i, s:i, s:o}", "stage", &stage, "seed", &seed, "threads",
                    &threads, "cpu", &cpu, "params", &params) != 0 ||
        stage < 0 || (size_t)stage >= set->count)
        return pn_fail(error, PN_E_INTERNAL, "the request is malformed");
    *info = (pn_stage_info){.table = &set->stage[stage]};
    if (pn_threads() != threads) pn_set_threads(threads);
    pn_cpu_cap((pn_cpu_level)cpu);
    pn_status status = pn_stage_arguments_new(info, out, error);
    if (status != PN_OK) return status;
    pn_values_free((*out)->inputs);
    (*out)->inputs = NULL;
    (*out)->seed = (uint64_t)seed;
    status = pn_pack_values(pack, "inputs", 0, &(*out)->inputs, error);
    for (size_t i = 0; i < info->table->param_count && status == PN_OK; i++)
        status = read_param(params, &info->table->params[i], *out, &(*out)->param[i], error);
    return status;
}

static pn_status run_request(int file, const pn_stage_set *set, pn_run *run, pn_error *error) {
    pn_pack *pack = NULL;
    pn_stage_info info;
    pn_stage_arguments *arguments = NULL;
    pn_status status = pn_wire_unpack(file, &pack, error);
    if (status == PN_OK) status = read_request(pack, set, &info, &arguments, error);
    if (status == PN_OK) {
        size_t size;
        json_t *folder = json_object_get(pn_pack_extra(pack), "folder");
        const pn_run_place place = {.folder = pn_json_text(folder, &arguments->arena, &size),
                                    .progress = send_progress,
                                    .event = send_event};
        status = place.folder ? pn_host_run(info.table, arguments, &place, run, error)
                              : pn_fail(error, PN_E_INTERNAL, "the request is malformed");
    }
    pn_stage_arguments_free(arguments);
    pn_pack_release(pack);
    return status;
}

/* Packs what there is: results only where the run went well. */
static pn_status pack_run(const pn_run *run, int good, int *file, pn_error *error) {
    pn_pack_part parts[3];
    size_t count = 0;
    if (run->notes) parts[count++] = (pn_pack_part){"notes", run->notes};
    if (run->events) parts[count++] = (pn_pack_part){"events", run->events};
    if (good) parts[count++] = (pn_pack_part){"results", run->results};
    json_t *extra = json_pack("{s:o, s:b}", "readings", pn_record_encode(&run->record),
                              "used_folder", run->used_folder);
    if (!extra) return pn_fail_memory(error, 1);
    pn_status status = pn_wire_pack(parts, count, extra, file, error);
    json_decref(extra);
    return status;
}

static int answer(int request, const pn_stage_set *set) {
    pn_run run = {0};
    pn_error error = {0};
    int file = -1;
    pn_status status = run_request(request, set, &run, &error);
    fflush(NULL); /* what the plugin printed, before the answer */
    pn_status packed = pack_run(&run, status == PN_OK, &file, status == PN_OK ? &error : NULL);
    if (packed != PN_OK) file = -1;
    if (status == PN_OK) status = packed;
    pn_run_free(&run);
    pn_wire_message message = {.kind = status == PN_OK ? PN_WIRE_DONE : PN_WIRE_FAILED,
                               .a = status};
    memcpy(message.text, error.message, sizeof message.text);
    int sent = pn_wire_send(helper.socket, &message, file);
    if (file >= 0) close(file);
    return sent;
}

/* ---- the process ---- */

static int describe(const pn_stage_set *set, pn_status status, const pn_error *why) {
    pn_wire_message message = {.kind = PN_WIRE_REFUSED};
    int file = -1;
    pn_error error = *why;
    if (status == PN_OK) {
        json_t *stages = pn_stage_set_encode(set);
        status = stages ? pn_wire_pack(NULL, 0, stages, &file, &error) : pn_fail_memory(&error, 1);
        json_decref(stages);
    }
    if (status == PN_OK)
        message.kind = PN_WIRE_DESCRIBED;
    else
        memcpy(message.text, error.message, sizeof message.text);
    int sent = pn_wire_send(helper.socket, &message, file);
    if (file >= 0) close(file);
    return sent == 0 && status == PN_OK;
}

/* Ctrl-C reaches the whole process group: stopping is the parent's to say. A crash must be seen as
 * the signal it is, at once and without a core file. */
static void prepare(void) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    const struct rlimit none = {0, 0};
    sigset_t all;
    signal(SIGINT, SIG_IGN);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setrlimit(RLIMIT_CORE, &none);
    setvbuf(stdout, NULL, _IONBF, 0);
}

/* A damaged file may say that it holds more than there is. Counted from what is there already: the
 * sanitizers keep terabytes of addresses; and every thread reserves some for its stack and heap. */
static void limit_memory(const pn_stage_set *set) {
    enum { ROOM = 8192, FOR_A_THREAD = 256 }; /* MiB */
    unsigned long long pages = 0;
    int isolated = 0;
    for (size_t i = 0; i < set->count; i++)
        isolated |= (set->stage[i].flags & PN_STAGE_ISOLATED) != 0;
    FILE *file = isolated ? fopen("/proc/self/statm", "r") : NULL;
    if (!file) return;
    if (fscanf(file, "%llu", &pages) == 1) {
        rlim_t room = ROOM + FOR_A_THREAD * (rlim_t)sysconf(_SC_NPROCESSORS_ONLN);
        rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (room << 20);
        setrlimit(RLIMIT_AS, &(struct rlimit){most, most});
    }
    fclose(file);
}

int pn_helper_serve(int socket, long parent, const char *plugin) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)parent) return 1; /* it died before the line above */
    prepare();
    pthread_t listener;
    helper.socket = socket;
    if (pthread_create(&listener, NULL, listen_to_parent, NULL) != 0) return 1;
    pn_stage_set set = {0};
    pn_error why = {0};
    pn_status status = pn_plugin_load(plugin, &set, &why);
    limit_memory(&set);
    if (!describe(&set, status, &why)) return 1;
    while (answer(next_request(), &set) == 0) continue;
    _exit(0);
}
