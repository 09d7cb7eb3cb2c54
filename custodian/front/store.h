/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end's state: accounts, their catalogs and spools as frames that are only ever appended,
 * and what was answered lately. Kept so that what was said to be stored survives the loss of power.
 *
 * Nothing in it is secret and nothing is decided by it that needs a key: what it says of an account
 * is believed by the front end alone. The implementation is SQLite (WAL, synced commits); the file
 * is <folder>/custodian-mesh.db. Any number of threads; one is in it at a time.
 *
 * Addresses are canonical (kc_canonical_account), containers the names of catalog.h.
 *
 * All errors of the library are translated here, as those of custodian/store/store.h are:
 *
 * KC_ERR_STORE_FULL, KC_ERR_STORE_READ_ONLY, KC_ERR_STORE_DAMAGED, KC_ERR_STORE_VERSION, KC_ERR_STORE
 */
#ifndef KC_CUSTODIAN_FRONT_STORE_H
#define KC_CUSTODIAN_FRONT_STORE_H

#include "base/error.h"
#include "base/reader.h"
#include "proto/sequence_link.h"

#include <stdint.h>

#define KC_FRONT_STORE_FILE "custodian-mesh.db"
#define KC_FRONT_ADDRESS_SIZE 256 /* terminator included */
#define KC_FRONT_UDF_SIZE 64      /* of a fingerprint, terminator included */
#define KC_FRONT_ANSWER_S 600     /* for which an answer is kept: twice what clocks may differ */

struct kc_front_store;

/*
 * Opens the store in a folder that is there, or makes an empty one; every file is open when this
 * returns.
 *
 * accounts  that may be in it at most
 * store     given: kc_front_store_close
 * detail    static text of what failed, for the log; NULL on KC_OK
 */
KC_CHECKED enum kc_error kc_front_store_open(
    const char *folder, uint32_t accounts, struct kc_front_store **store, const char **detail);

/* NULL is fine. */
void kc_front_store_close(struct kc_front_store *store);

/* --- accounts --- */

struct kc_front_account {
    char address[KC_FRONT_ADDRESS_SIZE];
    char udf[KC_FRONT_UDF_SIZE]; /* of its ProfileSignature key */
    bool is_group;
    uint64_t created; /* seconds since 1970 */
    uint8_t *profile; /* its enveloped ProfileUser or ProfileGroup; owned */
    size_t profile_size;
};

/* account: given (kc_front_account_done); empty, its address too, if there is none. */
KC_CHECKED enum kc_error kc_front_store_account(
    struct kc_front_store *store, const char *address, struct kc_front_account *account);

/* Fine with a zeroed one. */
void kc_front_account_done(struct kc_front_account *account);

/* Whether a device of an account was revoked, by its UDF. */
KC_CHECKED enum kc_error kc_front_store_is_revoked(
    struct kc_front_store *store, const char *address, const char *udf, bool *is_revoked);

/* --- catalogs and spools --- */

struct kc_front_status {
    uint64_t count;             /* frames, and so the index of the next */
    uint8_t tree[KC_LINK_SIZE]; /* Merkle digest of the last frame; zeros if there is none */
    uint8_t chain[KC_LINK_SIZE];
};

/* An account that is not there has no frames. */
KC_CHECKED enum kc_error kc_front_store_status(struct kc_front_store *store, const char *address,
    const char *container, struct kc_front_status *status);

/*
 * Hands the frames from `first` up to but without `end` to a function, in their order, until there
 * are no more or it says false. The envelope is lent for the call; store functions must not be
 * called from it.
 */
typedef bool (*kc_front_frame_see)(void *context, uint64_t number, struct kc_span envelope);
KC_CHECKED enum kc_error kc_front_store_frames(struct kc_front_store *store, const char *address,
    const char *container, uint64_t first, uint64_t end, kc_front_frame_see see, void *context);

/* --- answers --- */

/*
 * The answer that a request got before.
 *
 * digest  of the request: its PayloadDigest
 * status  of HTTP
 * text    given: free; NULL: there is none
 *
 * KC_ERR_CONFLICT  the id was another request's
 */
KC_CHECKED enum kc_error kc_front_store_answer(struct kc_front_store *store, const char *address,
    struct kc_span id, const uint8_t digest[KC_LINK_SIZE], int *status, char **text, size_t *size);

/* --- changes --- */

struct kc_front_append {
    const char *container;
    struct kc_span envelope;
    const uint8_t *digest; /* PayloadDigest, KC_LINK_SIZE octets */
    uint64_t number;       /* which frame it has to become; 0 may also take the place of frame 0 as
                              long as that is the only one */
};

struct kc_front_kept_answer {
    struct kc_span id;
    const uint8_t *digest; /* KC_LINK_SIZE octets */
    int status;
    struct kc_span text;
    uint64_t now; /* seconds since 1970; answers that are older than KC_FRONT_ANSWER_S go */
};

/* All of it, or nothing. */
struct kc_front_change {
    const char *address;
    bool remove; /* first of all: the account, its frames and its revoked devices */
    const struct kc_front_account *add; /* a new account at the address; or NULL */
    bool replaces;                      /* add: or a later profile of the one that is there */
    const struct kc_front_append *frames;
    size_t frame_count;
    const char *const *revoked; /* UDFs of devices */
    size_t revoked_count;
    const struct kc_front_kept_answer *answer; /* or NULL */
};

/*
 * Stores a change, and syncs. KC_OK: it is durable.
 *
 * KC_ERR_STORE     also: the files were taken away, or replaced, since they were opened
 * KC_ERR_EXISTS    add: there is an account at the address
 * KC_ERR_LIMIT     add: there are as many accounts as may be
 * KC_ERR_CONFLICT  a frame is not the next of its container
 */
KC_CHECKED enum kc_error kc_front_store_put(
    struct kc_front_store *store, const struct kc_front_change *change);

#endif
