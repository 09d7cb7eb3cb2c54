/* SPDX-License-Identifier: Apache-2.0 */
/* What the custodian lists of a keyring, as objects that have no handle yet. */
#ifndef KC_PKCS11_LISTING_H
#define KC_PKCS11_LISTING_H

#include "pkcs11/object.h"
#include "pkcs11/slot.h"

struct kc_listing {
    struct kc_object *objects; /* heap; each owns its value */
    size_t count;
};

/* Which objects are asked for. */
struct kc_listing_filter {
    const char *kind;  /* as the socket API calls it; NULL: all */
    const char *label; /* NULL: any */
};

/*
 * Asks for the objects of a token. Not with the module's lock held.
 *
 * slot  a copy: its keyring and the kinds of keys on it count
 * list  filled on success; kc_listing_done frees what of it was not consumed
 */
KC_CHECKED enum kc_error kc_listing_fetch(
    const struct kc_slot *slot, const struct kc_listing_filter *filter, struct kc_listing *list);
void kc_listing_done(struct kc_listing *list);

/*
 * Reads one half of a key from the values that describe it.
 *
 * object  filled on success: given, kc_object_done
 *
 * KC_ERR_BAD_REPLY  not a key that the module knows; KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_listing_read_key(
    const struct kc_values *item, enum kc_object_kind half, struct kc_object *object);

/* The same for an object that is not a key. */
KC_CHECKED enum kc_error kc_listing_read_object(
    const struct kc_values *item, struct kc_object *object);

/* What the custodian keeps of an object that is not a key without looking into it: its token, and
 * what the client said of data. */
#define KC_LISTING_ATTRIBUTES_MAX 256
size_t kc_listing_write_attributes(
    const struct kc_object *object, uint8_t bytes[static KC_LISTING_ATTRIBUTES_MAX]);

#endif
