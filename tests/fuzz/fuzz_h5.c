/* Fuzzes the reader of Keras's .h5 files: any bytes give a safetensors file that can be opened, or
 * an error, and all of our memory back. Crashes inside HDF5 are HDF5's: they are why the stage runs
 * in a process of its own. Seed the corpus with tests/unit/data/?*.h5. */
#include "base/memory.h"
#include "file.h"
#include "nn/file/safetensors.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[300];
    size_t before = pn_live_bytes();
    pn_keras_file file;
    pn_error error;
    const pn_keras_listener nobody = {0};
    pn_safetensors *made = NULL;
    const char *folder = getenv("TMPDIR"); /* one in memory is faster: /dev/shm */
    if (!*path)
        snprintf(path, sizeof path, "%.200s/fuzz_h5.%ld.safetensors", folder ? folder : "/tmp",
                 (long)getpid());
    pn_status status = pn_keras_open_image(&file, data, size, "x", &error);
    if (status == PN_OK) status = pn_keras_convert(&file, path, &nobody);
    if (status == PN_OK && pn_safetensors_open(path, &made, &error) != PN_OK) abort();
    if (made && pn_safetensors_count(made) != file.weights) abort();
    pn_safetensors_release(made);
    pn_keras_close(&file);
    if (pn_live_bytes() != before) abort();
    return 0;
}
