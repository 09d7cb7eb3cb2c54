/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's thread: everything that may wait for a disk. Jobs are given to it, done in their
 * order, and come back in any.
 */
#ifndef KC_CUSTODIAN_DESK_STORE_H
#define KC_CUSTODIAN_DESK_STORE_H

#include "custodian/store/store.h"
#include "custodian/vault_message.h"

enum kc_job_type {
    KC_JOB_GET,   /* adds the records of `ids` to `records` */
    KC_JOB_PAGE,  /* fills `page` */
    KC_JOB_PUT,   /* stores `change` and `nodes` */
    KC_JOB_FETCH, /* fills `nodes`; if `pages`, adds the page of keys after `after` to `records` */
    KC_JOB_CHECK, /* fills `check` */
    KC_JOB_HOLD,  /* kc_store_hold */
    KC_JOB_RELEASE, /* kc_store_release; KC_ERR_STORE_BACKUP: it was not held until then */
};

/* Packed records, as they go to the vault. */
struct kc_job_records {
    uint8_t *bytes; /* owned */
    size_t size;
    struct kc_span span[KC_VAULT_RECORDS_MAX]; /* bytes NULL until kc_job_records_spans */
    size_t length[KC_VAULT_RECORDS_MAX];
    size_t count;
};

/* Nodes, and what they hold. */
struct kc_job_nodes {
    struct kc_store_node node[KC_VAULT_NODES_MAX];
    size_t count;
    size_t size; /* of room */
    uint8_t room[];
};

struct kc_job_check {
    uint64_t free_space; /* bytes */
    enum kc_error space, permissions, writable;
};

struct kc_job {
    struct kc_job *next;
    void *owner; /* the caller's */
    enum kc_job_type type;
    enum kc_error error;
    char ids[KC_VAULT_IDS_MAX][KC_RECORD_ID_SIZE];
    size_t id_count;
    struct kc_store_filter filter; /* its spans are borrowed */
    char after[KC_RECORD_ID_SIZE];
    struct kc_job_records *records; /* borrowed: what was read is added */
    size_t damaged;                 /* rows of the page that were left out */
    bool end;                       /* of the records, after this page */
    struct kc_record *change;       /* owned, change_count of them; they lend from change_bytes */
    size_t change_count;
    size_t place;               /* of the record of `change` that the error is of */
    struct kc_job_nodes *nodes; /* owned */
    bool pages;
    uint8_t *change_bytes; /* owned */
    struct kc_job_check check;
};

/* Appends to `ids`. What cannot be an id is the id of nothing, and is passed over. */
void kc_job_add_id(struct kc_job *job, struct kc_span text);

struct kc_desk_store;

/*
 * Starts the thread.
 *
 * store  given; NULL: every job comes back with `error`
 */
KC_CHECKED enum kc_error kc_desk_store_new(
    struct kc_store *store, enum kc_error error, struct kc_desk_store **made);

/* Ends the thread when its jobs are done, and closes the store. */
void kc_desk_store_free(struct kc_desk_store *store);

/* Nobody needs the store held any more: it is released before the next job. */
void kc_desk_store_let_go(struct kc_desk_store *store);

/* Readable when jobs are done. */
int kc_desk_store_descriptor(const struct kc_desk_store *store);

void kc_desk_store_submit(struct kc_desk_store *store, struct kc_job *job);

/* A list of the jobs that are done; NULL: none. */
struct kc_job *kc_desk_store_done(struct kc_desk_store *store);

/* How many records of keys there are, as far as is known. */
uint64_t kc_desk_store_key_count(const struct kc_desk_store *store);

/* Appends one record. KC_ERR_LIMIT: there are KC_VAULT_RECORDS_MAX; KC_ERR_NO_MEMORY. */
KC_CHECKED enum kc_error kc_job_records_add(
    struct kc_job_records *records, const struct kc_record *record);

/* Appends copies of other packed records; false if they are too many, or there is no memory. */
bool kc_job_records_append(struct kc_job_records *records, const struct kc_job_records *others);

/* Points the spans at the bytes, which move while records are added. */
void kc_job_records_spans(struct kc_job_records *records);

void kc_job_records_free(struct kc_job_records *records);

#endif
