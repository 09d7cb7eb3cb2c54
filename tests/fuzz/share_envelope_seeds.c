/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of the fuzz target of share envelopes: of each curve a half of a key that was split
 * and a share of one that was dealt, each sealed and as what is to be sealed.
 *
 *     share-envelope-seeds FOLDER    makes FOLDER/share_envelope
 */
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/share_envelope_sample.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HOLDERS 3
#define THRESHOLD 2

static const char *root;

static void write_seed(const char *kind, enum kc_curve curve, const uint8_t *octets, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/share_envelope", root);
    (void)mkdir(path, 0777); /* it may be there */
    snprintf(path, sizeof path, "%s/share_envelope/%s-%s", root, kind, kc_curve_info(curve)->name);
    FILE *file = fopen(path, "wb");
    fuzz_must(file != NULL && fwrite(octets, 1, size, file) == size && fclose(file) == 0);
}

static void write_both(const char *kind, const char *open_kind, const struct kc_record *share,
    const struct kc_scalar *scalar, enum kc_curve recipient)
{
    uint8_t octets[1 + KC_ENVELOPE_SIZE_MAX] = {SHARE_ENVELOPE_SEALED};
    size_t size;
    struct kc_writer w;
    fuzz_must(share_envelope_seal(share, scalar, recipient, octets + 1, &size) == KC_OK);
    write_seed(kind, scalar->curve, octets, 1 + size);
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u8(&w, SHARE_ENVELOPE_OPEN);
    share_envelope_write(&w, share, scalar);
    fuzz_must(kc_writer_finish(&w) == KC_OK);
    write_seed(open_kind, scalar->curve, octets, w.size);
}

/* A share of the key whose scalar is given. */
static struct kc_record name_share(enum kc_curve curve, uint32_t group, const struct kc_scalar *own)
{
    struct kc_scalar scalar;
    struct kc_point point;
    struct kc_record named = {0};
    struct kc_record share = {.class = KC_ROLE_APPLICATION,
        .threshold = THRESHOLD,
        .dealer = 1,
        .created = 1,
        .account = "alice@example.com"};
    kc_scalar_set(&scalar, curve, group);
    fuzz_must(kc_point_multiply_base(&point, &scalar) == KC_OK);
    fuzz_must(kc_record_of_share(&named, &point) == KC_OK);
    memcpy(share.group, named.id, sizeof share.group);
    kc_point_encode(&point, share.group_public);
    fuzz_must(kc_point_multiply_base(&point, own) == KC_OK);
    fuzz_must(kc_record_of_share(&share, &point) == KC_OK);
    return share;
}

static void write_half(enum kc_curve curve)
{
    struct kc_scalar own, peer;
    struct kc_point point;
    kc_scalar_set(&own, curve, 5);
    kc_scalar_set(&peer, curve, 7);
    fuzz_must(kc_point_multiply_base(&point, &peer) == KC_OK);
    struct kc_record share = name_share(curve, 12, &own);
    share.role = KC_ROLE_SHARE;
    share.index = 2;
    kc_point_encode(&point, share.peer_public);
    write_both("half", "open-half", &share, &own, KC_CURVE_X25519);
}

static void write_dealt(enum kc_curve curve)
{
    static const uint32_t indices[HOLDERS] = {1, 2, 3};
    static const uint8_t uniform[KC_UNIFORM_SIZE] = {3};
    uint8_t body[KC_QUORUM_SIZE_MAX];
    struct kc_quorum quorum = {.holders = HOLDERS, .threshold = THRESHOLD};
    struct kc_scalar secret, shares[HOLDERS];
    struct kc_writer w;
    kc_scalar_set(&secret, curve, 12);
    fuzz_must(kc_shamir_split(shares, quorum.commitments, &secret, indices, HOLDERS, THRESHOLD,
                  uniform, sizeof uniform) == KC_OK);
    kc_writer_init(&w, body, sizeof body);
    kc_quorum_write(&w, &quorum);
    struct kc_record share = name_share(curve, 12, &shares[2]);
    share.role = KC_ROLE_QUORUM;
    share.index = 3;
    share.body = (struct kc_span){body, w.size};
    write_both("dealt", "open-dealt", &share, &shares[2], KC_CURVE_X448);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: share-envelope-seeds FOLDER\n");
        return 2;
    }
    root = arguments[1];
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448; curve++)
        write_half(curve);
    write_dealt(KC_CURVE_ED25519);
    write_dealt(KC_CURVE_ED448);
    write_dealt(KC_CURVE_P256);
    return 0;
}
