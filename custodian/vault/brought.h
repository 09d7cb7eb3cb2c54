/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the desk was asked for, as it brought them, so that it need not be asked again by each
 * request that is judged by them: each time is a way to the desk and back.
 *
 * Nothing here is believed because it is here: a copy that is taken out is authenticated, and compared
 * with the map, as if the desk had brought it again. Secrets in records are wrapped. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_BROUGHT_H
#define KC_CUSTODIAN_VAULT_BROUGHT_H

#include "custodian/record.h"

struct kc_brought;

/* count: records at most; octets: of all of them. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_brought_new(size_t count, size_t octets, struct kc_brought **brought);
void kc_brought_free(struct kc_brought *brought);

/* Keeps a copy, if there is memory: in the place of the one that was there of the name, or of others. */
void kc_brought_keep(struct kc_brought *brought, const struct kc_record *record);

/* A copy of a record, with what it lends from: given, free. NULL: there is none, or no memory. */
struct kc_brought_record {
    struct kc_brought_record *next; /* the caller's */
    struct kc_record record;
    uint8_t packed[];
};
struct kc_brought_record *kc_brought_find(struct kc_brought *brought, uint8_t kind, const char *id);

/* Drops what there is of an id; or all: the desk that brought it is gone. */
void kc_brought_drop(struct kc_brought *brought, const char *id);
void kc_brought_drop_all(struct kc_brought *brought);

#endif
