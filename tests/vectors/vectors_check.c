/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors-check DIR: plays every *.json of a folder, in the format of tests/vectors/README.md.
 *
 * Prints "FILE: N passed, N failed, N skipped" for each file, and below it the id of each vector
 * that failed and why. A type that the code does not know is skipped; what is malformed has failed.
 * Exit status: 0 if nothing failed, 1 if something did, 2 if nothing could be played.
 */
#include "play.h"

#include "proto/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (16u << 20)

struct tally {
    unsigned passed, failed, skipped;
    char *failures; /* a line for each; owned */
};

static const struct {
    const char *type;
    player play;
} players[] = {
    {"udf-fixed", play_udf_fixed},
    {"udf-digest", play_udf_digest},
    {"udf-authenticator", play_udf_authenticator},
    {"udf-key-fingerprint", play_udf_key_fingerprint},
    {"udf-locator", play_udf_locator},
    {"udf-shamir", play_udf_shamir},
    {"key-derivation", play_key_derivation},
    {"keygen", play_keygen},
    {"key-split", play_key_split},
    {"agreement", play_agreement},
    {"point-decode", play_point_decode},
    {"eddsa-threshold", play_eddsa_threshold},
    {"frost", play_frost},
    {"recipient", play_recipient},
    {"make-id", play_make_id},
    {"pin", play_pin},
    {"envelope", play_envelope},
    {"rsa-2018", play_rsa_2018},
    {"xdh", play_xdh},
    {"ecdh", play_ecdh},
    {"eddsa-sign", play_eddsa_sign},
    {"eddsa-verify", play_eddsa_verify},
    {"profile-seed", play_profile_seed},
    {"activation", play_activation},
};

static player find_player(const char *type)
{
    for (size_t i = 0; i < sizeof players / sizeof *players; i++)
        if (strcmp(players[i].type, type) == 0)
            return players[i].play;
    return NULL;
}

static void tally_failure(struct tally *tally, const char *id, const char *reason)
{
    char *longer;
    tally->failed++;
    if (asprintf(&longer, "%s  failed: %s: %s\n", tally->failures != NULL ? tally->failures : "",
            id, reason) < 0)
        abort();
    free(tally->failures);
    tally->failures = longer;
}

static void play_vector(struct tally *tally, const json_t *vector)
{
    struct check c;
    check_init(&c);
    const char *id = check_text(&c, vector, "id");
    const char *type = check_text(&c, vector, "type");
    player play = find_player(type);
    if (play == NULL)
        check_skip(&c);
    else if (!c.failed)
        play(&c, vector);
    if (c.failed)
        tally_failure(tally, *id != '\0' ? id : "(without id)", c.reason);
    else if (c.skipped)
        tally->skipped++;
    else
        tally->passed++;
    check_done(&c);
}

static void play_document(struct tally *tally, const json_t *document)
{
    const json_t *vectors = json_object_get(document, "vectors"), *vector;
    size_t i;
    if (!json_is_array(vectors)) {
        tally_failure(tally, "(file)", "has no list of vectors");
        return;
    }
    json_array_foreach(vectors, i, vector) play_vector(tally, vector);
}

/* The whole of a file; NULL: it cannot be read, or is larger than the limit. Given. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = file != NULL ? malloc(FILE_SIZE_MAX + 1) : NULL;
    *size = bytes != NULL ? fread(bytes, 1, FILE_SIZE_MAX + 1, file) : 0;
    bool good = bytes != NULL && ferror(file) == 0 && *size <= FILE_SIZE_MAX;
    if (file != NULL)
        fclose(file);
    if (good)
        return bytes;
    free(bytes);
    return NULL;
}

/* Whether the project's own reader takes it too, which has limits that jansson has not. */
static bool is_bounded(struct kc_span text)
{
    struct kc_json_document read = {0};
    bool good = kc_json_read(text, FILE_SIZE_MAX, &read) == KC_OK;
    kc_json_done(&read);
    return good;
}

static bool play_file(const char *folder, const char *name)
{
    struct tally tally = {0};
    char *path;
    size_t size;
    json_t *document = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    uint8_t *bytes = read_file(path, &size);
    if (bytes == NULL)
        tally_failure(&tally, "(file)", "cannot be read, or is too large");
    else if (!is_bounded((struct kc_span){bytes, size}) ||
             (document = json_loadb((const char *)bytes, size, 0, NULL)) == NULL)
        tally_failure(&tally, "(file)", "is not JSON, or nested too deep");
    else
        play_document(&tally, document);
    printf("%s: %u passed, %u failed, %u skipped\n%s", name, tally.passed, tally.failed,
        tally.skipped, tally.failures != NULL ? tally.failures : "");
    fflush(stdout);
    json_decref(document);
    free(bytes);
    free(path);
    free(tally.failures);
    return tally.failed == 0;
}

static int is_vector_file(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + size - 5, ".json") == 0;
}

int main(int count, char *arguments[])
{
    if (count != 2 || arguments[1][0] == '-') {
        fprintf(count == 2 && strcmp(arguments[1], "--help") == 0 ? stdout : stderr,
            "Usage: vectors-check DIR\n");
        return count == 2 && strcmp(arguments[1], "--help") == 0 ? 0 : 2;
    }
    struct dirent **entries;
    int entry_count = scandir(arguments[1], &entries, is_vector_file, alphasort);
    if (entry_count <= 0) {
        fprintf(stderr, "vectors-check: no vector files in %s\n", arguments[1]);
        return 2;
    }
    bool good = true;
    for (int i = 0; i < entry_count; i++) {
        good = play_file(arguments[1], entries[i]->d_name) && good;
        free(entries[i]);
    }
    free(entries);
    return good ? 0 : 1;
}
