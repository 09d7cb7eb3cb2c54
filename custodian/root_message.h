/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between vault and root: fixed layouts, one per packet of their SOCK_SEQPACKET pair,
 * integers big-endian.
 *
 *   request  type u8, id u32, then     reply  id u32, error u16, then, if the error is 0,
 *     SEAL     key [32]                  blob, to the end of the packet: 1..KC_ROOT_BLOB_MAX
 *     UNSEAL   blob, to the end          key [32]
 *     RANDOM   size u16, 1..64           that many octets
 *     STATUS   nothing                   struct kc_root_status, field by field, texts in full size
 *     HEAD_READ   auth [32]              content [128]
 *     HEAD_WRITE  auth [32], content [128]  nothing; HEAD_MAKE the same
 *
 * The vault asks, root answers in order; id is the vault's to choose and comes back unchanged.
 * KC_ERR_BAD_REQUEST from a read function means that the sibling is out of its mind: the reader of
 * it ends its process.
 */
#ifndef KC_CUSTODIAN_ROOT_MESSAGE_H
#define KC_CUSTODIAN_ROOT_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "tpm/root.h"

#define KC_ROOT_REQUEST_MAX (1 + 4 + KC_ROOT_BLOB_MAX)
#define KC_ROOT_REPLY_MAX (4 + 2 + KC_ROOT_BLOB_MAX)

enum kc_root_request_type {
    KC_ROOT_REQUEST_SEAL = 1,
    KC_ROOT_REQUEST_UNSEAL = 2,
    KC_ROOT_REQUEST_RANDOM = 3,
    KC_ROOT_REQUEST_STATUS = 4,
    KC_ROOT_REQUEST_HEAD_READ = 20,
    KC_ROOT_REQUEST_HEAD_WRITE = 21,
    KC_ROOT_REQUEST_HEAD_MAKE = 22,
};

/* What is in a request; each type uses just its own fields. */
struct kc_root_request {
    enum kc_root_request_type type;
    uint32_t id;
    const uint8_t *key;   /* SEAL: KC_ROOT_KEY_SIZE octets, secret; lent by the packet */
    struct kc_span blob;  /* UNSEAL: lent by the packet */
    uint16_t random_size; /* RANDOM */
    const uint8_t *auth;  /* HEAD: KC_ROOT_AUTH_SIZE octets, secret; lent by the packet */
    const uint8_t *head;  /* HEAD_WRITE, HEAD_MAKE: KC_ROOT_HEAD_SIZE octets, likewise */
};

/*
 * A reply. The payload of an error is empty. STATUS: kc_root_status_read reads the payload.
 */
struct kc_root_reply {
    uint32_t id;
    enum kc_error error;
    struct kc_span payload; /* blob, key, random, head (all but the first secret), status; lent */
};

/* Writes a request into a packet; the packet of a SEAL is secret and the caller's to wipe.
 * KC_ERR_TOO_LARGE. */
KC_CHECKED enum kc_error kc_root_request_write(const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REQUEST_MAX], size_t *size);

/* KC_ERR_BAD_REQUEST: not exactly one request of a known type. */
KC_CHECKED enum kc_error kc_root_request_read(
    const uint8_t *packet, size_t size, struct kc_root_request *request);

/* Writes a reply into a packet; the packet of an UNSEAL or RANDOM is secret and the caller's to
 * wipe. KC_ERR_TOO_LARGE. */
KC_CHECKED enum kc_error kc_root_reply_write(
    const struct kc_root_reply *reply, uint8_t packet[static KC_ROOT_REPLY_MAX], size_t *size);

/*
 * Reads the reply to a request: its id must be the request's, its payload of the size that the
 * request's type has.
 *
 * KC_ERR_BAD_REQUEST  not that
 */
KC_CHECKED enum kc_error kc_root_reply_read(const uint8_t *packet, size_t size,
    const struct kc_root_request *request, struct kc_root_reply *reply);

/* The payload of a STATUS reply, both ways. */
void kc_root_status_write(const struct kc_root_status *status, struct kc_writer *w);
KC_CHECKED enum kc_error kc_root_status_read(struct kc_span payload, struct kc_root_status *status);

#define KC_ROOT_STATUS_SIZE (2 * KC_ROOT_TEXT_SIZE + 1 + 4 * 4 + 4 + KC_ROOT_NAME_SIZE + 1 + 4)

#endif
