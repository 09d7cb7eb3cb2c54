/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: the two halves of each key of a token, and the secrets that sessions derived.
 *
 * A key's objects keep their handles as long as the module is initialized, however often they are
 * listed. All functions need the module's lock.
 */
#ifndef KC_PKCS11_OBJECT_H
#define KC_PKCS11_OBJECT_H

#include "pkcs11/key.h"

#define KC_OBJECTS_MAX 200000
#define KC_SECRET_VALUE_MAX 56

/* What an object is, as a bit: for tables. */
enum kc_object_kind {
    KC_OBJECT_PUBLIC = 1,
    KC_OBJECT_PRIVATE = 2,
    KC_OBJECT_SECRET = 4,
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
};

/* A derived secret. */
struct kc_secret_facts {
    unsigned flags; /* enum kc_secret_flag */
    char label[KC_KEY_TEXT_SIZE];
    uint8_t identifier[KC_KEY_IDENTIFIER_MAX];
    size_t identifier_size;
    uint8_t value[KC_SECRET_VALUE_MAX]; /* secret: wiped when the object goes */
    size_t value_size;
};

struct kc_object {
    CK_OBJECT_HANDLE handle;
    enum kc_object_kind kind;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* whose object it is; 0 for the token's */
    union {
        struct kc_key key;             /* PUBLIC, PRIVATE */
        struct kc_secret_facts secret; /* SECRET */
    };
};

/* The object of a handle, as far as it is in this slot; NULL if there is none. */
struct kc_object *kc_object_find(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot);

/* The object for one half of a listed key, made if this is the first time. CKR_HOST_MEMORY. */
CK_RV kc_object_of_key(
    CK_SLOT_ID slot, enum kc_object_kind kind, const struct kc_key *key, struct kc_object **object);

/* Makes a session's secret. The facts are copied; the caller wipes its own. CKR_HOST_MEMORY. */
CK_RV kc_object_of_secret(CK_SLOT_ID slot, CK_SESSION_HANDLE session,
    const struct kc_secret_facts *facts, CK_OBJECT_HANDLE *handle);

/* Removes a session's object; wiped. */
void kc_object_remove(struct kc_object *object);

/* Calls back with each secret of a slot; the callback may remove the one it is given. */
void kc_object_each_secret(
    CK_SLOT_ID slot, void (*callback)(struct kc_object *object, void *context), void *context);

/* Removes the secrets of a session, or the private ones of a slot (a logout). */
void kc_object_remove_of_session(CK_SESSION_HANDLE session);
void kc_object_remove_private(CK_SLOT_ID slot);

/* Removes all. */
void kc_objects_clear(void);

#endif
