/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogs and spools that an account has at its service, by their names.
 */
#ifndef KC_CUSTODIAN_FRONT_CATALOG_H
#define KC_CUSTODIAN_FRONT_CATALOG_H

#include "proto/dare_envelope.h"

/* Who has to agree to what is written there, before it is acknowledged. */
enum kc_container_guard {
    KC_CONTAINER_FREE,    /* nobody besides the service */
    KC_CONTAINER_ACCESS,  /* the vault: entries are shares that it takes, deletions revoke them */
    KC_CONTAINER_DEVICES, /* the vault of deletions: the device is revoked */
};

struct kc_container {
    const char *name;         /* "MMM_Access" */
    const char *other;        /* another name that it had, without "MMM_"; or NULL */
    bool is_spool;            /* messages, which the service itself puts there */
    bool of_users, of_groups; /* a new account has it */
    enum kc_container_guard guard;
};

/* By any spelling: upper or lower case, with "MMM_" or without, "MMM_CatalogTask". NULL: none. */
const struct kc_container *kc_container_find(struct kc_json name);

/*
 * Whether each item of a list names a store, by itself or in a member of it: what is asked for about
 * one that is not there is answered alike in all transactions. A store that nothing was put in is there.
 *
 * member  "Container"; NULL: the items are the names
 *
 * Returns 0, or the status that it is refused with: 400, it says no name; 404, it is none.
 */
int kc_containers_check(struct kc_json list, const char *member);

/* All of them, in their order; NULL after the last. */
const struct kc_container *kc_container_at(size_t place);

/* The frame 0 that an account's store begins with; text is given, terminated (free). Its payload is
 * empty. */
KC_CHECKED enum kc_error kc_container_first_frame(
    char **text, size_t *size, uint8_t digest[KC_DARE_DIGEST_SIZE]);

/* Whether an envelope is a frame 0, by its SequenceInfo and its empty payload. */
bool kc_container_is_first(const struct kc_dare_envelope *envelope);

/* Whether a frame's ContentMetaData says that it deletes (Event), and what (UniqueId; empty if it
 * does not say). */
bool kc_container_deletes(const struct kc_dare_envelope *envelope, char id[KC_DARE_KID_SIZE]);

#endif
