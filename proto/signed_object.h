/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An envelope with a tagged object in it, opened in the only safe order: signature first, then the
 * payload is read.
 *
 * What is opened points into itself: it is not to be copied. After a failure it is empty.
 */
#ifndef KC_PROTO_SIGNED_OBJECT_H
#define KC_PROTO_SIGNED_OBJECT_H

#include "proto/dare_envelope.h"
#include "proto/object.h"

struct kc_signed_object {
    struct kc_dare_envelope *envelope;         /* its text is borrowed */
    const struct kc_dare_signature *signature; /* the one that was verified */
    struct kc_json_document document;          /* of the payload */
    struct kc_object object;                   /* the payload */
    struct kc_object_notes notes;
};

/*
 * Opens an envelope that a known key must have signed.
 *
 * text    borrowed for as long as the object is used
 * base    what the payload must be, or be made from
 * object  given: kc_signed_object_done
 *
 * KC_ERR_TOO_LARGE    more than size_max octets, or nested too deep
 * KC_ERR_ENVELOPE     no envelope, or an encrypted one
 * KC_ERR_SIGNATURE    no signature in it verifies under the key
 * KC_ERR_BAD_REQUEST  the payload is no such object
 */
KC_CHECKED enum kc_error kc_signed_object_open(struct kc_span text, size_t size_max,
    enum kc_object_type base, const struct kc_public_key *signer, kc_dare_verify verify,
    struct kc_signed_object *object);

/*
 * Opens a profile, which its own ProfileSignature key signs.
 *
 * udf  what the fingerprint of that key must be, in full; NULL: whoever it is
 * key  the ProfileSignature key; or NULL
 *
 * Errors of kc_signed_object_open; KC_ERR_SIGNATURE also for another fingerprint.
 */
KC_CHECKED enum kc_error kc_signed_object_open_profile(struct kc_span text, size_t size_max,
    enum kc_object_type base, const char *udf, kc_dare_verify verify,
    struct kc_signed_object *object, struct kc_public_key *key);

/* Fine with a zeroed one. */
void kc_signed_object_done(struct kc_signed_object *object);

/* The key in a KeyData field of an object. KC_ERR_BAD_REQUEST: it is not there; else as
 * kc_public_key_read. */
KC_CHECKED enum kc_error kc_object_key(
    const struct kc_object *object, const char *name, struct kc_public_key *key);

/* --- requests --- */

/* What a request is checked against: from an authenticated record, never from the request. */
struct kc_accreditation {
    const char *account_udf; /* fingerprint of the account's ProfileSignature key */
    const struct kc_public_key *administrator; /* its AdministratorSignature key */
    struct kc_span connection; /* the device's ConnectionDevice of the service's own catalog, for a
                                  request that encloses none; or empty */

    /* In place of `verify`: of the signature under a ConnectionDevice, which comes with each request of
     * its device, and of those that the device makes, by the one key. */
    struct kc_dare_memory connections, devices;
};

struct kc_accredited_request {
    struct kc_signed_object connection; /* a ConnectionDevice of the account */
    struct kc_signed_object request;    /* signed by that device */
    struct kc_public_key device;        /* the key that signed it */
};

/*
 * Opens a request along the chain: the administrator's key signed the ConnectionDevice that is
 * enclosed in a signature's Manifest, and that ConnectionDevice's Signature key signed the request.
 * Whether the device was revoked since, and time, audience and replay, are for the caller.
 *
 * base     KC_OBJECT_MeshRequest, or the one that is expected
 * request  given: kc_accredited_request_done
 *
 * KC_ERR_TOO_LARGE, KC_ERR_ENVELOPE  as kc_signed_object_open, of the outer envelope
 * KC_ERR_SIGNATURE                   a link of the chain does not hold, whichever
 * KC_ERR_BAD_REQUEST                 what was signed is no request of the kind
 */
KC_CHECKED enum kc_error kc_accredited_request_open(struct kc_span text, size_t size_max,
    enum kc_object_type base, const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request);

/*
 * The same without the payload, which is for the caller to read after this (kc_request_parse):
 * request.envelope->body. Errors as above but KC_ERR_BAD_REQUEST.
 */
KC_CHECKED enum kc_error kc_accredited_request_verify(struct kc_span text, size_t size_max,
    const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request);

/* Fine with a zeroed one. */
void kc_accredited_request_done(struct kc_accredited_request *request);

#endif
