/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that were opened, ready for use, in the arena: the least recently used makes room. All of
 * its room is taken when it is made, so it cannot run out later; but for keys that libcrypto works
 * with, of which there are at most KC_CACHE_EVP_MAX. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_CACHE_H
#define KC_CUSTODIAN_VAULT_CACHE_H

#include "custodian/record.h"
#include "threshold/key.h"

#include <openssl/types.h>

#define KC_CACHE_EVP_MAX 64 /* of the keys, those that libcrypto works with: some 10 KiB each */

/* An opened key, checked against its record. Secret; wipe it with kc_material_wipe. */
struct kc_material {
    struct kc_key key;     /* of a share: the share and its verification share */
    struct kc_point group; /* of a share: the whole public key */
    struct kc_point peer;  /* of a share: the other party's verification share */
    EVP_PKEY *evp;         /* of P-256, P-384 and RSA, in place of `key`; counted */
};

void kc_material_wipe(struct kc_material *material);
#define KC_AUTO_MATERIAL __attribute__((cleanup(kc_material_wipe))) struct kc_material

struct kc_cache;

/* limit: keys, at least 1. KC_ERR_NO_MEMORY: the arena has not that much room. */
KC_CHECKED enum kc_error kc_cache_new(size_t limit, struct kc_cache **cache);
void kc_cache_free(struct kc_cache *cache);

/* Copies the material of this record out; false if it is not there. Version and id must fit. */
bool kc_cache_get(
    struct kc_cache *cache, const struct kc_record *record, struct kc_material *material);

/* Whether this record, with all that is in it, is the one whose material is there: then it was
 * believed before. */
bool kc_cache_knows(struct kc_cache *cache, const struct kc_record *record);

/* Keeps a copy of a record that was believed, and of its material. */
void kc_cache_put(
    struct kc_cache *cache, const struct kc_record *record, const struct kc_material *material);

/* Wipes what there is of this id, of any version. */
void kc_cache_drop(struct kc_cache *cache, const char *id);

#endif
