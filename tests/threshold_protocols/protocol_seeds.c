/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of the protocols' fuzz targets: one for each message and curve.
 *
 *     protocol-seeds FOLDER    makes FOLDER/threshold_message, _aggregate, _value, udf_share
 */
#include "tests/threshold_protocols/support.h"

#include "threshold/coordinate.h"
#include "threshold/dkg.h"
#include "threshold/frost_suite.h"
#include "threshold/udf_shamir.h"
#include "threshold/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PARTIES 2

static const char *root;
static uint8_t octets[4096];

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "protocol-seeds: %s\n", what);
        exit(1);
    }
}

static void write_seed(const char *folder, const char *name, const char *curve, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    (void)mkdir(path, 0777); /* it may be there */
    snprintf(path, sizeof path, "%s/%s/%s-%s", root, folder, name, curve);
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    must(fwrite(octets, 1, size, file) == size, path);
    must(fclose(file) == 0, path);
}

static void begin(struct kc_writer *w, char kind, enum kc_curve curve)
{
    kc_writer_init(w, octets, sizeof octets);
    kc_writer_u8(w, (uint8_t)kind);
    kc_writer_u8(w, (uint8_t)curve);
}

static void end(const struct kc_writer *w, const char *name, enum kc_curve curve)
{
    must(kc_writer_finish(w) == KC_OK, name);
    write_seed("threshold_message", name, kc_curve_info(curve)->name, w->size);
}

/* A generation between two, in which the second sends the first a wrong share. */
static void write_generation(enum kc_curve curve)
{
    struct kc_dkg *parties = calloc(PARTIES, sizeof *parties);
    struct kc_dkg_setup setup = {
        .curve = curve, .purpose = KC_DKG_GENERATE, .threshold = 2, .party_count = PARTIES};
    struct kc_dkg_offer offers[PARTIES];
    struct kc_dkg_deal deal;
    struct kc_dkg_complaint complaint;
    struct kc_dkg_confirmation confirmation = {.count = PARTIES};
    struct kc_fresh fresh = next_fresh();
    struct kc_writer w;
    for (uint32_t i = 0; i < PARTIES; i++)
        setup.parties[i].dealer = setup.parties[i].holder = i + 1;
    for (uint32_t i = 0; i < PARTIES; i++)
        must(kc_dkg_start(&parties[i], &offers[i], &setup, i, NULL, &fresh) == KC_OK, "start");
    for (uint32_t i = 0; i < PARTIES; i++)
        must(kc_dkg_receive_offer(&parties[i], 1 - i, &offers[1 - i]) == KC_OK, "offer");
    must(kc_dkg_make_deal(&parties[1], &deal) == KC_OK, "deal");
    begin(&w, 'o', curve);
    kc_dkg_offer_write(&w, &offers[0]);
    end(&w, "offer", curve);
    begin(&w, 'd', curve);
    kc_dkg_deal_write(&w, &deal);
    end(&w, "deal", curve);
    deal.sealed[0] = other_scalar(&deal.sealed[0]);
    must(kc_dkg_receive_deal(&parties[0], 1, &deal) == KC_ERR_CONTRIBUTION, "wrong deal");
    must(kc_dkg_complain(&parties[0], &complaint, 1, &fresh) == KC_OK, "complaint");
    begin(&w, 'c', curve);
    kc_dkg_complaint_write(&w, &complaint);
    end(&w, "complaint", curve);
    next_random(confirmation.hashes, sizeof confirmation.hashes);
    begin(&w, 'n', curve);
    kc_dkg_confirmation_write(&w, &confirmation);
    end(&w, "confirmation", curve);
    begin(&w, 'p', curve);
    kc_proof_write(&w, &complaint.revealed.proof);
    end(&w, "proof", curve);
    free(parties);
}

static void write_signing(enum kc_frost_suite suite, enum kc_curve curve)
{
    struct shared_key key;
    struct kc_frost_commitment commitments[PARTIES];
    struct kc_frost_nonces nonces[PARTIES];
    struct kc_scalar response;
    const struct kc_span session = {(const uint8_t *)"seed", 4};
    const struct kc_frost_package package = {commitments, PARTIES, {(const uint8_t *)"text", 4}};
    struct kc_writer w;
    make_shared_key(&key, curve, PARTIES, PARTIES, NULL);
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u8(&w, suite == KC_FROST_ED448     ? 0
                     : suite == KC_FROST_ED25519 ? 1
                     : suite == KC_FROST_P256    ? 2
                                                 : 3);
    kc_writer_u8(&w, PARTIES);
    kc_wire_write_point(&w, &key.group);
    for (uint32_t i = 0; i < PARTIES; i++) {
        struct kc_fresh fresh = next_fresh();
        const struct kc_frost_signer signer = {suite, i + 1, &key.shares[i], &key.group};
        must(kc_frost_commit(&nonces[i], &commitments[i], &signer, session, &fresh) == KC_OK,
            "commit");
        kc_frost_commitment_write(&w, &commitments[i]);
    }
    for (uint32_t i = 0; i < PARTIES; i++)
        kc_wire_write_point(&w, &key.publics[i]);
    for (uint32_t i = 0; i < PARTIES; i++) {
        const struct kc_frost_signer signer = {suite, i + 1, &key.shares[i], &key.group};
        must(kc_frost_sign(&response, &nonces[i], &signer, session, &package) == KC_OK, "sign");
        kc_frost_write_scalar(&w, suite, &response);
    }
    kc_writer_bytes(&w, "text", 4);
    must(kc_writer_finish(&w) == KC_OK, "aggregate");
    bool context = suite == KC_FROST_ED25519_CONTEXT;
    write_seed("threshold_aggregate", context ? "right-context" : "right",
        kc_curve_info(curve)->name, w.size);
    octets[w.size - 1] ^= 1; /* another message: all are wrong */
    write_seed("threshold_aggregate", context ? "wrong-context" : "wrong",
        kc_curve_info(curve)->name, w.size);
    if (context)
        return; /* its commitments are as those of plain Ed25519 */
    begin(&w, 'f', curve);
    kc_frost_commitment_write(&w, &commitments[0]);
    end(&w, "commitment", curve);
}

static void end_value(const struct kc_writer *w, const char *name, enum kc_curve curve)
{
    must(kc_writer_finish(w) == KC_OK, name);
    write_seed("threshold_value", name, kc_curve_info(curve)->name, w->size);
}

static void write_coordinates(enum kc_curve curve)
{
    size_t size = kc_curve_info(curve)->unsigned_size;
    struct kc_scalar secret = next_scalar(curve);
    struct kc_point peer = next_point(curve), public = base_times(&secret), second, product;
    uint8_t u[KC_POINT_SIZE_MAX];
    struct kc_writer w;
    begin(&w, 'c', curve);
    kc_wire_write_point(&w, &public);
    kc_wire_write_point(&w, &peer);
    must(kc_coordinate_second(&second, &peer) == KC_OK, "second");
    must(kc_point_multiply(&product, &secret, &peer) == KC_OK, "product");
    kc_point_encode_unsigned(&product, u);
    kc_writer_bytes(&w, u, size);
    must(kc_point_multiply(&product, &secret, &second) == KC_OK, "product");
    kc_point_encode_unsigned(&product, u);
    kc_writer_bytes(&w, u, size);
    end_value(&w, "derived", curve);
    begin(&w, 'u', curve);
    kc_writer_bytes(&w, u, size);
    end_value(&w, "coordinate", curve);
}

static void write_values(enum kc_curve curve)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    struct kc_scalar scalar = next_scalar(curve);
    struct kc_point point = next_point(curve);
    struct kc_key key;
    struct kc_fresh fresh = next_fresh();
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    const struct kc_signed_message message = {.message = {(const uint8_t *)"text", 4}};
    struct kc_writer w;
    begin(&w, 'p', curve);
    kc_wire_write_point(&w, &point);
    end_value(&w, "point", curve);
    begin(&w, 's', curve);
    kc_wire_write_scalar(&w, &scalar);
    end_value(&w, "scalar", curve);
    if (info->unsigned_size > 0)
        write_coordinates(curve);
    if (curve == KC_CURVE_P256)
        return;
    begin(&w, 'k', curve);
    kc_writer_bytes(&w, "\0\0 sixteen octets..", 20);
    end_value(&w, "seed", curve);
    if (!info->signs)
        return;
    must(kc_key_from_scalar(&key, &scalar) == KC_OK, "key");
    must(kc_signature_sign(signature, &key, &message, &fresh) == KC_OK, "signature");
    begin(&w, 'v', curve);
    kc_wire_write_point(&w, &key.public);
    kc_writer_bytes(&w, signature, info->signature_size);
    kc_writer_bytes(&w, "text", 4);
    end_value(&w, "signature", curve);
    begin(&w, 'r', curve);
    kc_frost_write_scalar(&w, info->scalar_size == 32 ? KC_FROST_ED25519 : KC_FROST_ED448, &scalar);
    end_value(&w, "response", curve);
}

static void write_shares(size_t size)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX], random[KC_UDF_SHAMIR_RANDOM_SIZE];
    struct kc_udf_share shares[3];
    char name[16];
    struct kc_writer w;
    next_random(secret, sizeof secret);
    next_random(random, sizeof random);
    must(kc_udf_shamir_split(shares, 3, 2, (struct kc_span){secret, size}, random) == KC_OK,
        "split");
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u8(&w, (uint8_t)shares[0].size);
    for (size_t i = 0; i < 3; i++)
        kc_writer_bytes(&w, shares[i].octets, shares[i].size);
    snprintf(name, sizeof name, "%zu", size);
    write_seed("udf_share", "octets", name, w.size);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: protocol-seeds FOLDER\n");
        return 2;
    }
    root = arguments[1];
    FOR_EACH_GROUP(curve)
    write_generation(curve);
    write_signing(KC_FROST_ED25519, KC_CURVE_ED25519);
    write_signing(KC_FROST_ED448, KC_CURVE_ED448);
    write_signing(KC_FROST_P256, KC_CURVE_P256);
    write_signing(KC_FROST_ED25519_CONTEXT, KC_CURVE_ED25519);
    FOR_EACH_GROUP(curve)
    write_values(curve);
    write_shares(4);
    write_shares(16);
    write_shares(64);
    return 0;
}
