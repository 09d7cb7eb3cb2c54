/* SPDX-License-Identifier: Apache-2.0 */
/* Finding keys at a custodian: by id, by label, by the split key that a share belongs to. */
#ifndef KC_CUSTODIAN_CLI_KEYS_H
#define KC_CUSTODIAN_CLI_KEYS_H

#include "custodian/cli/call.h"
#include "custodian/cli/public.h"

#include <jansson.h>

struct kc_cli_key {
    char id[65];
    char label[65];
    char keyring[65];
    char state[17];
    bool confirmed;       /* each use of it needs a login */
    char account[129];    /* that it serves, or empty */
    char class[16];       /* of a share: the role that the whole key had */
    char capability[160]; /* of a share: what a Mesh service knows the other one by, or empty */
    char group[65];       /* of a share, else empty */
    bool dealt;           /* a share that several holders have one like: of `share deal` */
    unsigned index, threshold;   /* of a share */
    struct kc_cli_public public; /* of a share: of the key that was split */
};

static inline bool kc_cli_key_is_share(const struct kc_cli_key *key)
{
    return key->group[0] != '\0';
}

/*
 * The key with this id or, in the keyring if one is named, this label. A destroyed one is found
 * only by its id; with `any`, by its label too if no other key has that.
 *
 * KC_ERR_REFUSED       none
 * KC_ERR_BAD_ARGUMENT  several; the detail has their ids
 * All errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_key_find(
    struct kc_cli *cli, const char *name, struct kc_cli_key *key);

KC_CHECKED enum kc_error kc_cli_key_find_any(
    struct kc_cli *cli, const char *name, struct kc_cli_key *key);

/* How a key that was dealt is used. */
#define KC_CLI_HOLDERS_SIGN "its holders sign with custodian frost"

/* Reports a failure that kc_cli_call_try gave for a key; where the custodian refused, or wanted
 * what only the other share's custodian has, with what the key's description tells of the reason.
 * together: how a key that is split is used instead. */
void kc_cli_key_report(const struct kc_cli_call *call, const struct kc_cli_key *key,
    enum kc_error error, const char *together);

/* The active share of a split key at a custodian. Errors as kc_cli_key_find. */
KC_CHECKED enum kc_error kc_cli_key_find_share(
    struct kc_cli *cli, struct kc_client *client, const char *group, struct kc_cli_key *key);

/* The wrap key that --with names, or the only one there is. Errors as kc_cli_key_find. */
KC_CHECKED enum kc_error kc_cli_key_find_wrap(struct kc_cli *cli, struct kc_cli_key *key);

/*
 * The active key that can open what was encrypted to an id: the key itself or a share of it. Not
 * reported.
 *
 * KC_ERR_REFUSED  there is none here
 */
KC_CHECKED enum kc_error kc_cli_key_find_recipient(
    struct kc_cli *cli, const char *algorithm, const char *id, struct kc_cli_key *key);

/*
 * The key that signs requests to the service of an account, for a device: the one that --device names,
 * else the only one of the devices that are connected to the account, else the only one there is.
 *
 * KC_ERR_USAGE  there are several, or none; reported
 */
KC_CHECKED enum kc_error kc_cli_key_find_device(
    struct kc_cli *cli, const char *account, struct kc_cli_key *key);

/* A public key that is named: in a file (public.h) if there is one of that name, else a key of the custodian.
 * Errors are reported. */
KC_CHECKED enum kc_error kc_cli_public_find(
    struct kc_cli *cli, const char *name, struct kc_cli_public *public);

/* The same for who is to decrypt; a file may also be the enveloped profile of an account or a group,
 * which signs itself and has the key. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_public_find_recipient(
    struct kc_cli *cli, const char *name, struct kc_cli_public *public);

/* All keys that fit the options given, and the role if one is: a list of objects, given. Errors are
 * reported. */
KC_CHECKED enum kc_error kc_cli_key_collect(struct kc_cli *cli, const char *role, json_t **list);

/* The keyring of --keyring, of the environment, or the only one there is. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_keyring(struct kc_cli *cli, char keyring[65]);

/* kc_cli_call_begin with this keyring as a field; borrowed until the call is done. Errors are
 * reported. */
KC_CHECKED enum kc_error kc_cli_call_begin_in_keyring(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation, char keyring[65]);

#endif
