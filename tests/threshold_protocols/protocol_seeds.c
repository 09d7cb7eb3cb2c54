/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of the protocols' fuzz targets: one for each message and curve.
 *
 *     protocol-seeds FOLDER    makes FOLDER/threshold_message, threshold_aggregate, udf_share
 */
#include "tests/threshold_protocols/support.h"

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
    kc_writer_u8(&w, suite == KC_FROST_ED448 ? 0 : 1);
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
    write_seed("threshold_aggregate", "right", kc_curve_info(curve)->name, w.size);
    octets[w.size - 1] ^= 1; /* another message: all are wrong */
    write_seed("threshold_aggregate", "wrong", kc_curve_info(curve)->name, w.size);
    begin(&w, 'f', curve);
    kc_frost_commitment_write(&w, &commitments[0]);
    end(&w, "commitment", curve);
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
    FOR_EACH_CURVE(curve)
    write_generation(curve);
    write_signing(KC_FROST_ED25519, KC_CURVE_ED25519);
    write_signing(KC_FROST_ED448, KC_CURVE_ED448);
    write_shares(4);
    write_shares(16);
    write_shares(64);
    return 0;
}
