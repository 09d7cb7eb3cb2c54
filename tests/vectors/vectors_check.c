/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors-check DIR: plays every *.json of a folder, in the format of tests/vectors/README.md.
 *
 * Prints "FILE: N passed, N failed, N skipped" for each file, and below it the id of each vector
 * that failed or was skipped, and why. A type that the code does not know is skipped; what is
 * malformed has failed.
 * Exit status: 0 if nothing failed, 1 if something did, 2 if nothing was there to be played.
 */
#include "play.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (16u << 20)

struct tally {
    unsigned passed, failed, skipped;
    char *lines; /* one for each that failed or was skipped; owned */
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

static void tally_line(struct tally *tally, const char *outcome, const char *id, const char *reason)
{
    char *longer;
    if (asprintf(&longer, "%s  %s: %s: %s\n", tally->lines != NULL ? tally->lines : "", outcome,
            *id != '\0' ? id : "(without id)", reason) < 0)
        abort();
    free(tally->lines);
    tally->lines = longer;
}

static void tally_failure(struct tally *tally, const char *id, const char *reason)
{
    tally->failed++;
    tally_line(tally, "failed", id, reason);
}

static void tally_skip(struct tally *tally, const char *id, const char *reason)
{
    tally->skipped++;
    tally_line(tally, "skipped", id, reason);
}

static void play_vector(struct tally *tally, const json_t *vector)
{
    struct check c;
    check_init(&c);
    const char *id = check_text(&c, vector, "id");
    const char *type = check_text(&c, vector, "type");
    player play = find_player(type);
    if (!c.failed && play == NULL)
        check_skip(&c, "type", type);
    else if (!c.failed)
        play(&c, vector);
    if (c.failed)
        tally_failure(tally, id, c.reason);
    else if (c.skipped)
        tally_skip(tally, id, c.reason);
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

static void play_text(struct tally *tally, const uint8_t *bytes, size_t size)
{
    json_error_t error;
    char reason[sizeof error.text + 32];
    json_t *document = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (document == NULL) {
        snprintf(reason, sizeof reason, "line %d: %s", error.line, error.text);
        tally_failure(tally, "(file)", reason);
        return;
    }
    play_document(tally, document);
    json_decref(document);
}

static void play_file(struct tally *total, const char *folder, const char *name)
{
    struct tally tally = {0};
    char *path;
    size_t size;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    uint8_t *bytes = read_file(path, &size);
    if (bytes == NULL)
        tally_failure(&tally, "(file)", "cannot be read, or is too large");
    else
        play_text(&tally, bytes, size);
    printf("%s: %u passed, %u failed, %u skipped\n%s", name, tally.passed, tally.failed,
        tally.skipped, tally.lines != NULL ? tally.lines : "");
    fflush(stdout);
    total->passed += tally.passed;
    total->failed += tally.failed;
    free(bytes);
    free(path);
    free(tally.lines);
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
    struct tally total = {0};
    for (int i = 0; i < entry_count; i++) {
        play_file(&total, arguments[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (total.passed + total.failed == 0) {
        fprintf(stderr, "vectors-check: no vector of a known type in %s\n", arguments[1]);
        return 2;
    }
    return total.failed == 0 ? 0 : 1;
}
