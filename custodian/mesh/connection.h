/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device asks to be connected to an account, and reads what the account's service says to that.
 *
 *   device                        service, administrator
 *   RequestConnection   ------->  its nonce is fixed before it sees the service's
 *                       <-------  AcknowledgeConnection: the service's nonce, and the witness, which
 *                                 both sides show and people compare
 *                       <-------  RespondConnection (activation.h), whose id follows from the
 *                                 witness: it answers this request and no other
 */
#ifndef KC_CUSTODIAN_MESH_CONNECTION_H
#define KC_CUSTODIAN_MESH_CONNECTION_H

#include "custodian/mesh/envelope_make.h"
#include "proto/identifier.h"

#define KC_MESH_NONCE_SIZE 16 /* octets of a nonce that is made */

/* What is asked for. All lent. */
struct kc_mesh_connect {
    const char *account;         /* address */
    struct kc_span profile;      /* the device's, enveloped */
    const struct kc_key *signer; /* the key that the profile is known by */
    const char *pin;             /* secret; NULL: people compare the witness */
};

/* What the device must know of it later. */
struct kc_mesh_connecting_device {
    char id[KC_UDF_ID_SIZE];          /* MessageId */
    char account[KC_ACCOUNT_SIZE];    /* canonical address */
    char account_udf[KC_UDF_ID_SIZE]; /* whose account it must be; empty: not known yet */
    uint8_t nonce[KC_MESH_NONCE_SIZE];
    uint8_t digest[KC_DARE_DIGEST_SIZE]; /* of the RequestConnection */
};

/*
 * Makes a RequestConnection, signed; with a PIN it has the witness that its maker knows the PIN.
 *
 * text  given, terminated: free
 *
 * KC_ERR_BAD_ARGUMENT  the PIN is none, or the address
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_connect_make(const struct kc_mesh_source *source,
    const struct kc_mesh_connect *connect, struct kc_mesh_connecting_device *known, char **text,
    size_t *size);

/* What an AcknowledgeConnection says that holds. */
struct kc_mesh_acknowledged {
    char account_udf[KC_UDF_ID_SIZE];
    char witness[KC_UDF_ID_SIZE];     /* computed here; 28 characters and dashes */
    char response_id[KC_UDF_ID_SIZE]; /* MessageId that the RespondConnection will have */
};

/*
 * Reads an AcknowledgeConnection. Nobody signs it whom the device could know: what makes it good is
 * the witness, of the device's own values and the account's key, that people compare.
 *
 * text     the AcknowledgeConnection, enveloped
 * profile  the account's, enveloped
 * device   the device's profile key
 *
 * KC_ERR_PROFILE  the profile is of another account than was asked for
 * KC_ERR_WITNESS  it acknowledges another request, or its witness is not the one of these values
 * KC_ERR_SIGNATURE, KC_ERR_ENVELOPE, KC_ERR_BAD_REQUEST, KC_ERR_TOO_LARGE
 *                 the profile is not signed by its own key, or one of the two has not the form
 */
KC_CHECKED enum kc_error kc_mesh_acknowledge_read(struct kc_span text, struct kc_span profile,
    const struct kc_public_key *device, const struct kc_mesh_connecting_device *known,
    struct kc_mesh_acknowledged *acknowledged);

/* Whether a witness is, in all of its characters, what somebody read on the other side: dashes, white
 * space and case do not count. In constant time. */
bool kc_mesh_witness_is(const char *witness, const char *said);

#endif
