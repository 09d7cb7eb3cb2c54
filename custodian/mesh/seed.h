/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seeds of the Mesh, and the names of the keys that are derived of each: type, actor and
 * operation, with nothing between (mesh-wire 7.1).
 */
#ifndef KC_CUSTODIAN_MESH_SEED_H
#define KC_CUSTODIAN_MESH_SEED_H

#include "base/algorithm.h"
#include "proto/json.h"
#include "threshold/derive.h"

#define KC_MESH_KEY_NAME_SIZE 96 /* characters, terminator included */
#define KC_MESH_SEED_SECRET 32   /* random octets of a seed that is made here */

/* Codes of the key specifier: its low 14 bits. Below them are algorithms, whose seeds make one key
 * without a name. */
enum kc_mesh_seed_type {
    KC_MESH_SEED_PROFILE_DEVICE = 256,
    KC_MESH_SEED_ACTIVATION_DEVICE = 257,
    KC_MESH_SEED_PROFILE_ACCOUNT = 258,
    KC_MESH_SEED_ACTIVATION_ACCOUNT = 259,
    KC_MESH_SEED_PROFILE_SERVICE = 260,
    KC_MESH_SEED_ACTIVATION_SERVICE = 261,
};

/* The code of a seed: its specifier, then random octets. 0: it is too short for one. */
unsigned kc_mesh_seed_type(struct kc_span seed);

/*
 * Reads a seed of one code from the text of its UDF.
 *
 * octets  secret: specifier and random octets; written only on KC_OK, as is size
 *
 * KC_ERR_BAD_REQUEST  no such text, another UDF, or a seed of another code
 */
KC_CHECKED enum kc_error kc_mesh_seed_read(struct kc_json value, enum kc_mesh_seed_type type,
    uint8_t octets[KC_AT_LEAST(KC_MESH_SEED_SIZE_MAX)], size_t *size);

/*
 * What the key of a name is for, of a seed of this code. KC_USE_NONE: the name is not in the list
 * of that code, and nothing is derived by it.
 */
enum kc_use kc_mesh_key_use(unsigned seed_type, const char *name);

/* The curve of a key: signing keys have the one that is given, the others its Montgomery sibling. */
enum kc_curve kc_mesh_key_curve(enum kc_use use, enum kc_curve signing);

/*
 * Derives a key.
 *
 * seed     specifier and random octets; secret
 * signing  the curve of keys that sign; a seed of one algorithm has its own curve
 * name     empty for a seed of one algorithm, and for the legacy derivation
 * key      secret: KC_AUTO_KEY
 *
 * KC_ERR_BAD_ARGUMENT  the name is not in the list of the seed's code; or as kc_derive_key
 */
KC_CHECKED enum kc_error kc_mesh_seed_key(struct kc_span seed, enum kc_curve signing,
    enum kc_derivation derivation, const char *name, struct kc_key *key);

#endif
