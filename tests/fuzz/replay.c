/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzz target where there is no libFuzzer: runs it on each file of a folder. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

#define FILE_SIZE_MAX (1024 * 1024)

static int run_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_SIZE_MAX);
    if (!file || !bytes) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(bytes, 1, FILE_SIZE_MAX, file);
    fclose(file);
    /* exactly as large as its octets, so that a read past the end is seen */
    uint8_t *input = malloc(size > 0 ? size : 1);
    for (size_t i = 0; i < size; i++)
        input[i] = bytes[i];
    int result = LLVMFuzzerTestOneInput(input, size);
    free(input);
    free(bytes);
    return result;
}

int main(int argument_count, char **arguments)
{
    size_t count = 0;
    if (argument_count != 2)
        return 2;
    DIR *folder = opendir(arguments[1]);
    if (!folder)
        return 1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        if (run_file(arguments[1], entry->d_name) != 0)
            return 1;
        count++;
    }
    closedir(folder);
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
