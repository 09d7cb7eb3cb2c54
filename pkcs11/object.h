/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: the two halves of each key of a token, certificates, data and public keys that are kept
 * in it, and what sessions have: derived secrets, and what they created for themselves.
 *
 * An object of the token keeps its handle as long as the module is initialized, however often it is
 * listed. All functions need the module's lock.
 */
#ifndef KC_PKCS11_OBJECT_H
#define KC_PKCS11_OBJECT_H

#include "pkcs11/certificate.h"
#include "pkcs11/template.h"

#define KC_OBJECTS_MAX 200000
#define KC_SECRET_VALUE_MAX 56
#define KC_SECRET_SEALED_MAX 160
#define KC_OBJECT_VALUE_MAX 16384 /* octets of a certificate or of data */

/* What an object is, as a bit: for tables. */
enum kc_object_kind {
    KC_OBJECT_PUBLIC = 1,
    KC_OBJECT_PRIVATE = 2,
    KC_OBJECT_SECRET = 4,
    KC_OBJECT_CERTIFICATE = 8,
    KC_OBJECT_DATA = 16,
};

/* Boolean attributes of a secret that its maker chooses, as bits. */
enum kc_secret_flag {
    KC_SECRET_PRIVATE = 1 << 0,
    KC_SECRET_SENSITIVE = 1 << 1,
    KC_SECRET_EXTRACTABLE = 1 << 2,
    KC_SECRET_ENCRYPT = 1 << 3,
    KC_SECRET_DECRYPT = 1 << 4,
    KC_SECRET_SIGN = 1 << 5,
    KC_SECRET_VERIFY = 1 << 6,
    KC_SECRET_WRAP = 1 << 7,
    KC_SECRET_UNWRAP = 1 << 8,
    KC_SECRET_DERIVE = 1 << 9,
    KC_SECRET_MODIFIABLE = 1 << 10,
    KC_SECRET_COPYABLE = 1 << 11,
    /* Not chosen: what it and all that it was copied from always were. */
    KC_SECRET_ALWAYS_SENSITIVE = 1 << 12,
    KC_SECRET_NEVER_EXTRACTABLE = 1 << 13,
};

/*
 * A derived secret. One that the client may read is here; any other is in the vault's own
 * encryption, which only the vault can open.
 */
struct kc_secret_facts {
    CK_ULONG type;  /* CKK_GENERIC_SECRET, CKK_AES */
    unsigned flags; /* enum kc_secret_flag */
    struct kc_label label;
    struct kc_octets identifier;
    CK_ULONG value_size;
    uint8_t value[KC_SECRET_VALUE_MAX]; /* secret: wiped when the object goes */
    uint8_t sealed[KC_SECRET_SEALED_MAX];
    size_t sealed_size; /* 0: the value is in `value` */
};

/* A key, or the public half of one that somebody else has. */
struct kc_key_facts {
    struct kc_public public; /* lends from the object's value */
    enum kc_key_use use;
    bool own;               /* its private half is the custodian's */
    bool contributes;       /* a service's share of a split key: for contributions alone */
    bool confirms;          /* each use needs a login just before: CKA_ALWAYS_AUTHENTICATE */
    bool login;             /* may be used, and so seen, after a login only */
    uint64_t start, expiry; /* seconds since 1970; 0: none */
};

struct kc_data_facts {
    struct kc_label application;
    struct kc_octets object_id; /* DER of an OID */
};

struct kc_object {
    CK_OBJECT_HANDLE handle;
    enum kc_object_kind kind;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* whose object it is; 0 for the token's */
    char id[KC_KEY_TEXT_SIZE]; /* of the key or object in the custodian; "" for a session's */
    struct kc_label label;     /* these two not of a secret */
    struct kc_octets identifier;
    enum kc_token_kind token;     /* on which of its keyring's tokens */
    uint8_t certificate_category; /* 0: unspecified */
    uint8_t *value; /* heap, owned: SubjectPublicKeyInfo, certificate, content of data; else NULL */
    size_t value_size;
    union {
        struct kc_key_facts key;           /* PUBLIC, PRIVATE */
        struct kc_secret_facts secret;     /* SECRET */
        struct kc_certificate certificate; /* CERTIFICATE; lends from value */
        struct kc_data_facts data;         /* DATA */
    };
};

/* Frees what an object owns that is in no place yet; wiped. */
void kc_object_done(struct kc_object *object);

/* Gives an object its value: a copy, and what its kind finds in it. CKR_HOST_MEMORY;
 * CKR_ATTRIBUTE_VALUE_INVALID: not a public key of ours, not a certificate. */
CK_RV kc_object_set_value(struct kc_object *object, struct kc_span value);

/* Whether a client may know of it now: "a user may not access the object until the user has been
 * authenticated to the token" (CKA_PRIVATE). */
bool kc_object_is_seen(const struct kc_object *object);

/* The object of a handle, as far as it is in this slot and seen; NULL if there is none. */
struct kc_object *kc_object_find(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot);

/* Takes an object of the token as it was just listed: makes it if this is the first time, else
 * renews it. *listed is consumed. CKR_HOST_MEMORY. */
CK_RV kc_object_of_token(struct kc_object *listed, struct kc_object **object);

/* Makes an object of a session. *made is consumed. CKR_HOST_MEMORY. */
CK_RV kc_object_of_session(struct kc_object *made, CK_OBJECT_HANDLE *handle);

/* Removes an object; wiped. */
void kc_object_remove(struct kc_object *object);

/* The other half of a key of the token, if it was listed; else NULL. */
struct kc_object *kc_object_other_half(const struct kc_object *object);

/* Calls back with each session object of a slot; the callback may remove the one it is given. */
void kc_object_each_of_sessions(
    CK_SLOT_ID slot, void (*callback)(struct kc_object *object, void *context), void *context);

/* Removes the objects of a session, or the private ones of a slot's sessions (a logout). */
void kc_object_remove_of_session(CK_SESSION_HANDLE session);
void kc_object_remove_private(CK_SLOT_ID slot);

/* Removes all. */
void kc_objects_clear(void);

#endif
