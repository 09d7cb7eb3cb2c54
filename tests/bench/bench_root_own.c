/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_root_own.h"

#include <stdio.h>
#include <stdlib.h>

uint8_t kc_bench_sealed_key[KC_ROOT_KEY_SIZE] = "a sealing key of a benchmark: 32";

void kc_bench_root_must(bool right, const char *step)
{
    if (right)
        return;
    fprintf(stderr, "bench-root: %s failed\n", step);
    exit(1);
}

static void make_resident(struct kc_bench_own *bench, enum kc_use use, struct kc_root_made *made)
{
    enum kc_error error = kc_root_key_make(
        bench->root, KC_ALGORITHM_P256, use, kc_bench_sealed_key, kc_bench_sealed_key, made);
    kc_bench_root_must(error == KC_OK, "making a resident key");
}

void kc_bench_own_init(struct kc_bench_own *bench,
    struct kc_root *(*make)(void *context, const uint8_t *name), void *context)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    struct kc_root *owner = make(context, NULL);
    kc_bench_root_must(kc_root_provision(owner, name) == KC_OK, "provisioning");
    kc_root_free(owner);
    bench->root = make(context, name);
    kc_bench_own_seal(bench);
    make_resident(bench, KC_USE_SIGN, &bench->signer);
    make_resident(bench, KC_USE_AGREE, &bench->agreer);
}

void kc_bench_own_done(struct kc_bench_own *bench)
{
    kc_root_free(bench->root);
}

void kc_bench_own_seal(void *context)
{
    struct kc_bench_own *bench = context;
    kc_bench_root_must(kc_root_seal(bench->root, kc_bench_sealed_key, KC_ROOT_ABOUT_NOTHING,
                           bench->blob, &bench->blob_size) == KC_OK,
        "sealing");
}

void kc_bench_own_unseal(void *context)
{
    struct kc_bench_own *bench = context;
    uint8_t key[KC_ROOT_KEY_SIZE];
    enum kc_error error = kc_root_unseal(bench->root, bench->blob, bench->blob_size, key);
    kc_bench_root_must(error == KC_OK, "opening");
}

void kc_bench_own_random(void *context)
{
    struct kc_bench_own *bench = context;
    uint8_t random[32];
    kc_bench_root_must(
        kc_root_random(bench->root, random, sizeof random) == KC_OK, "random octets");
}

void kc_bench_own_sign(void *context)
{
    struct kc_bench_own *bench = context;
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {
        kc_bench_sealed_key, {bench->signer.blob, bench->signer.blob_size}};
    const struct kc_span digest = {kc_bench_sealed_key, sizeof kc_bench_sealed_key};
    enum kc_error error =
        kc_root_key_sign(bench->root, &key, KC_ROOT_ECDSA, digest, signature, &size);
    kc_bench_root_must(error == KC_OK, "signing");
}

void kc_bench_own_agree(void *context)
{
    struct kc_bench_own *bench = context;
    uint8_t agreed[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {
        kc_bench_sealed_key, {bench->agreer.blob, bench->agreer.blob_size}};
    const struct kc_span peer = {bench->signer.public_key, bench->signer.public_size};
    enum kc_error error = kc_root_key_agree(bench->root, &key, peer, agreed, &size);
    kc_bench_root_must(error == KC_OK, "agreeing");
}
