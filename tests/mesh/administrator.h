/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account with its administrator, who connects a device: what he makes when all is well, and with
 * anything in it another. Everything fails the running test by itself.
 */
#ifndef KC_TESTS_MESH_ADMINISTRATOR_H
#define KC_TESTS_MESH_ADMINISTRATOR_H

#include "custodian/mesh/activation.h"
#include "custodian/mesh/connection.h"

#define ADMINISTRATOR_NOW INT64_C(1790000000) /* seconds since 1970 */
#define ADMINISTRATOR_ADDRESS "alice@example.com"

/* A composite is an offset to the device's base encryption key; of 2021, a bare scalar. */
enum given { GIVEN_NONE, GIVEN_WHOLE, GIVEN_SHARE, GIVEN_FOREIGN, GIVEN_COMPOSITE };

struct administrator {
    /* the account */
    struct kc_key profile, signature, encryption, authentication, account_signature;
    char *account_profile; /* enveloped */
    char account_udf[KC_UDF_ID_SIZE];

    /* what he says; as administrator_new leaves it all is well */
    uint8_t seed[34];  /* of the activation */
    uint8_t sent_code; /* low octet of the seed's code that he sends; 0: as it must be */
    const char *address, *response_id, *result;
    const char *device_udf, *subject, *authority, *seed_account_udf; /* NULL: left out */
    int64_t updated;                                                 /* 0: left out */
    const char *device_profile; /* in the CatalogedDevice; NULL: left out */
    bool lacks_connection, lacks_authentication, says_rogue_key;
    enum given gives_encryption, gives_signature, gives_administrator, gives_store;
    enum given gives_profile, gives_authentication;
    const struct kc_point *says_primary; /* in a KeyShare as PublicPrimary; NULL: left out */
    const struct kc_point *says_peer;    /* in a CompositePrivate as ServiceShare; NULL: left out */
    const char *names_device_key;        /* in a CompositePrivate; NULL: as it must be */
    bool names_of_2022;                  /* ActivationAccount and ActivationCommon */
    bool rejects_with_device;            /* CatalogedDevice stands there whatever the result */
    bool shares_of_2021;                 /* a bare scalar, not a KeyShare */
    bool lacks_sign;                     /* administrator_take_sign */
    bool lies_about_public;              /* beside a private half stands another public one */
    struct kc_scalar share;              /* the device's, of whatever is shared; secret */
    const struct kc_key *responds, *connects, *activates, *gives; /* who signs each part */
    struct kc_key seed_to,
        keys_to; /* what a part is encrypted to; scalar's curve 0: as it must be */
};

struct administrator *administrator_new(void);

/* Of another account: its keys are made of numbers from this on. */
struct administrator *administrator_of(uint8_t number, const char *address);

/* The account's encryption key becomes one of X25519 that has no sign in its profile, nor beside its
 * private half. */
void administrator_take_sign(struct administrator *administrator);

void administrator_free(struct administrator *administrator);

/* Someone else's key of a number. */
struct kc_key administrator_key(enum kc_curve curve, uint8_t number);

/* A seed of the example's device, and its keys. */
extern const char administrator_device_seed[];
struct kc_mesh_device_keys administrator_device(void);

/* Randomness that is none, and a clock that stands. */
struct kc_mesh_source administrator_source(void);

/* An AcknowledgeConnection to a RequestConnection, as a service makes it, and what follows from it;
 * the text is given: free. */
char *administrator_acknowledge(const struct administrator *administrator,
    const struct kc_public_key *device, const char *request,
    const struct kc_mesh_connecting_device *known);

/* The RespondConnection to a device with these base keys; given: free. */
char *administrator_respond(
    const struct administrator *administrator, const struct kc_point base[KC_MESH_DEVICE_KEYS]);

#endif
