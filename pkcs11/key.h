/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as the custodian lists them, and the table of the four curves as PKCS#11 speaks of them
 * (3.0, sections 6.3.5 to 6.3.15).
 */
#ifndef KC_PKCS11_KEY_H
#define KC_PKCS11_KEY_H

#include "base/error.h"
#include "base/reader.h"
#include "pkcs11/pkcs11_extra.h"
#include "proto/socket/message.h"

#define KC_KEYRING_SIZE 65  /* of a keyring's name, terminator included */
#define KC_KEY_TEXT_SIZE 65 /* of an id or a label, terminator included */
#define KC_KEY_POINT_MAX 57
#define KC_KEY_IDENTIFIER_MAX 40 /* octets that 64 characters of a UDF can carry */

/* A curve. */
struct kc_key_type {
    const char *algorithm;     /* as the socket API names it */
    CK_KEY_TYPE type;          /* CKA_KEY_TYPE */
    CK_MECHANISM_TYPE made_by; /* CKA_KEY_GEN_MECHANISM */
    CK_MECHANISM_TYPE use;     /* the one mechanism that its keys allow */
    size_t point_size;         /* octets of the public key as RFC 8032 or RFC 7748 write it */
    size_t signature_size;     /* octets; 0: does not sign */
    size_t agreed_size;        /* octets of an agreement; 0: does not agree */
    struct kc_span oid;        /* DER (RFC 8410): what CKA_EC_PARAMS is */
};

struct kc_key {
    const struct kc_key_type *type;
    char id[KC_KEY_TEXT_SIZE];
    char label[KC_KEY_TEXT_SIZE];
    uint8_t identifier[KC_KEY_IDENTIFIER_MAX]; /* CKA_ID: the octets that the id is the text of */
    size_t identifier_size;
    uint8_t point[KC_KEY_POINT_MAX]; /* type->point_size octets */
};

/* The keys of a listing, in the order of their ids. */
struct kc_key_list {
    struct kc_key *keys; /* heap */
    size_t count;
};

/*
 * Asks for the active application keys of a keyring that are not shares.
 *
 * label  only those with this label; NULL for all
 * list   filled on success; kc_key_list_done frees it
 */
KC_CHECKED enum kc_error kc_key_list_fetch(
    const char *keyring, const char *label, struct kc_key_list *list);
void kc_key_list_done(struct kc_key_list *list);

/*
 * Reads a key from an item of a listing.
 *
 * KC_ERR_BAD_REPLY  the item is not a key of one of the four curves
 */
KC_CHECKED enum kc_error kc_key_read(const struct kc_values *item, struct kc_key *key);

/*
 * The octets that a UDF is the text of (Base32, a dash after every fourth character), the last one
 * filled up with zero bits. Nothing is compared by them in the custodian: they are a client's name
 * for the key.
 *
 * KC_ERR_BAD_REPLY  not such a text, or too long
 */
KC_CHECKED enum kc_error kc_key_identifier(
    const char *id, uint8_t octets[static KC_KEY_IDENTIFIER_MAX], size_t *size);

#endif
