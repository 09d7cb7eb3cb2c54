/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of the socket's fuzz targets, made from the tables: one for each operation's
 * request and answer, and one for each malformed request.
 *
 *     socket-seeds FOLDER    makes FOLDER/socket_request, FOLDER/socket_answer, FOLDER/packed
 */
#include "proto/socket/cbor.h"
#include "proto/socket/packed.h"
#include "tests/socket/malformed.h"
#include "tests/socket/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *root;
static struct sample sample;
static uint8_t octets[KC_MESSAGE_SIZE_MAX];

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "socket-seeds: %s\n", what);
        exit(1);
    }
}

static void make_folder(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    (void)mkdir(path, 0777); /* it may be there */
}

static void write_seed(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    must(fwrite(bytes, 1, size, file) == size, path);
    must(fclose(file) == 0, path);
}

static void write_packed(const char *name)
{
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_message_pack(&w, &sample.message);
    must(kc_writer_finish(&w) == KC_OK, name);
    write_seed("packed", name, octets, w.size);
}

static void write_request(enum kc_operation operation)
{
    size_t size = 0;
    const char *name = kc_operations[operation].name;
    sample_request(&sample, operation, 6);
    must(kc_cbor_request_encode(&sample.message, octets, sizeof octets, &size) == KC_OK, name);
    write_seed("socket_request", name, octets, size);
    if (operation != KC_OPERATION_BATCH)
        write_packed(name);
}

/* The operations that were asked for, then the answer: see socket_answer_fuzz.c. */
static void write_answer(enum kc_operation operation, enum kc_error error, const char *name)
{
    char packed_name[80];
    size_t size = 0, head = 0;
    sample_answer(&sample, operation, error, 6);
    octets[head++] = (uint8_t)operation;
    if (operation == KC_OPERATION_BATCH)
        octets[head++] = (uint8_t)sample.message.batch_count;
    for (size_t i = 0; i < sample.message.batch_count; i++)
        octets[head++] = (uint8_t)sample.batch[i].operation;
    must(
        kc_cbor_answer_encode(&sample.message, octets + head, sizeof octets - head, &size) == KC_OK,
        name);
    write_seed("socket_answer", name, octets, head + size);
    snprintf(packed_name, sizeof packed_name, "answer-%s", name);
    if (operation != KC_OPERATION_BATCH)
        write_packed(packed_name);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: socket-seeds FOLDER\n");
        return 2;
    }
    root = arguments[1];
    make_folder("socket_request");
    make_folder("socket_answer");
    make_folder("packed");
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        write_request((enum kc_operation)i);
        write_answer((enum kc_operation)i, KC_OK, kc_operations[i].name);
    }
    write_answer(KC_OPERATION_KEY_SIGN, KC_ERR_REFUSED, "refused");
    const struct malformed *row;
    for (size_t i = 0; (row = malformed_at(i)) != NULL; i++)
        write_seed("socket_request", row->name, row->bytes, row->size);
    return 0;
}
