/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between vault and root: fixed layouts, one per packet of their SOCK_SEQPACKET pair,
 * integers big-endian.
 *
 *   request  type u8, id u32, then     reply  id u32, error u16, then, if the error is 0,
 *     SEAL     key [32], about [32]      blob, to the end of the packet: 1..KC_ROOT_BLOB_MAX
 *     UNSEAL   blob, to the end          key [32]
 *     RANDOM   size u16, 1..64           that many octets
 *     STATUS   nothing                   struct kc_root_status, field by field, texts in full size
 *     HEAD_READ   auth [32]              content [128]
 *     HEAD_WRITE  auth [32], content [128]  nothing; HEAD_MAKE the same
 *     HEAD_REMOVE  auth [32]             nothing
 *     RETIRE   nothing                   nothing
 *     KEY_MAKE     algorithm u8, use u8, auth [32], tag [16]        algorithm u8, use u8, blob span,
 *                                                                public key to the end
 *     KEY_LEFT     tag [16], number u32                             the same, or nothing
 *     KEY_KEEP     auth [32], blob to the end                       nothing; KEY_DESTROY the same
 *     KEY_USE      operation u8, scheme u8, auth [32], blob span,   result to the end
 *                  input to the end
 *     ATTEST       step u8, qualifying [32], auth [32], blob span,  evidence to the end
 *                  credential to the end
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

/* What KEY_USE does: kc_root_key_sign, _agree, _decrypt. */
enum kc_root_key_operation { KC_ROOT_KEY_SIGN = 1, KC_ROOT_KEY_AGREE = 2, KC_ROOT_KEY_DECRYPT = 3 };

#define KC_ROOT_REQUEST_MAX                                                                        \
    (1 + 4 + 2 + KC_ROOT_AUTH_SIZE + 4 + KC_ROOT_BLOB_MAX + KC_ROOT_INPUT_MAX)
#define KC_ROOT_PAYLOAD_MAX 4096
#define KC_ROOT_REPLY_MAX (4 + 2 + KC_ROOT_PAYLOAD_MAX)

enum kc_root_request_type {
    KC_ROOT_REQUEST_SEAL = 1,
    KC_ROOT_REQUEST_UNSEAL = 2,
    KC_ROOT_REQUEST_RANDOM = 3,
    KC_ROOT_REQUEST_STATUS = 4,
    KC_ROOT_REQUEST_HEAD_READ = 20,
    KC_ROOT_REQUEST_HEAD_WRITE = 21,
    KC_ROOT_REQUEST_HEAD_MAKE = 22,
    KC_ROOT_REQUEST_HEAD_REMOVE = 23,
    KC_ROOT_REQUEST_RETIRE = 24,
    KC_ROOT_REQUEST_KEY_MAKE = 40,
    KC_ROOT_REQUEST_KEY_LEFT = 41,
    KC_ROOT_REQUEST_KEY_KEEP = 42,
    KC_ROOT_REQUEST_KEY_DESTROY = 43,
    KC_ROOT_REQUEST_KEY_USE = 44,
    KC_ROOT_REQUEST_ATTEST = 45,
};

/* What is in a request; each type uses just its own fields. */
struct kc_root_request {
    enum kc_root_request_type type;
    uint32_t id;
    const uint8_t *key;   /* SEAL: KC_ROOT_KEY_SIZE octets, secret; lent by the packet */
    const uint8_t *about; /* SEAL: KC_ROOT_ABOUT_SIZE octets; lent by the packet */
    struct kc_span blob;  /* UNSEAL, KEY_KEEP, KEY_DESTROY, KEY_USE: lent by the packet */
    uint16_t random_size; /* RANDOM */
    const uint8_t *auth;  /* HEAD, KEY: KC_ROOT_AUTH_SIZE octets, secret; lent by the packet */
    const uint8_t *head;  /* HEAD_WRITE, HEAD_MAKE: KC_ROOT_HEAD_SIZE octets, likewise */
    uint8_t algorithm;    /* KEY_MAKE: enum kc_algorithm; what is none, the root refuses */
    uint8_t use;          /* KEY_MAKE: enum kc_use; likewise */
    const uint8_t *tag;   /* KEY_MAKE, KEY_LEFT: KC_ROOT_KEY_TAG_SIZE octets; lent by the packet */
    uint32_t number;      /* KEY_LEFT */
    uint8_t operation;    /* KEY_USE: enum kc_root_key_operation */
    uint8_t scheme;       /* KEY_USE: enum kc_root_scheme; what is none, the root refuses */
    uint8_t step;         /* ATTEST: enum kc_root_attest_step */
    const uint8_t *qualifying; /* ATTEST: KC_ROOT_QUALIFYING_SIZE octets; lent by the packet */
    struct kc_span input;      /* KEY_USE, ATTEST: may be secret; lent by the packet */
};

/*
 * A reply. The payload of an error is empty. STATUS: kc_root_status_read reads the payload.
 */
struct kc_root_reply {
    uint32_t id;
    enum kc_error error;
    struct kc_span
        payload; /* blob, key, random, head, result (secret, but for blobs), status; lent */
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

/* The payload of a KEY_MAKE or KEY_LEFT reply, both ways; empty for a blob of size 0. */
void kc_root_made_write(const struct kc_root_made *made, struct kc_writer *w);
KC_CHECKED enum kc_error kc_root_made_read(struct kc_span payload, struct kc_root_made *made);

/* The payload of a STATUS reply, both ways. */
void kc_root_status_write(const struct kc_root_status *status, struct kc_writer *w);
KC_CHECKED enum kc_error kc_root_status_read(struct kc_span payload, struct kc_root_status *status);

#define KC_ROOT_STATUS_SIZE (2 * KC_ROOT_TEXT_SIZE + 1 + 4 * 4 + 4 + KC_ROOT_NAME_SIZE + 1 + 4)

#endif
