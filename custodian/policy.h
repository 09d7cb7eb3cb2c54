/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy: which local user may do which operation on which keys. Nothing is allowed that no
 * rule allows, except that `ping`, `status` and `doctor` are everyone's as long as no rule names
 * them (the "*" of a rule does not name).
 *
 * A rule allows when all of it fits: the caller is one of its users or in one of its groups; the
 * operation is listed; and, for an operation on a key, the key's keyring and role are listed and
 * its label or id matches one of the globs in `keys`.
 *
 * With `login` it allows what changes or uses something in a keyring only to a connection that is
 * logged in to that keyring; looking, and logging in, it allows before. With `operators` only to one that
 * is logged in as one of them; also what is about no keyring, after such a login to one that it lists.
 *
 * Pure: the vault evaluates it over the credentials that it read itself.
 */
#ifndef KC_CUSTODIAN_POLICY_H
#define KC_CUSTODIAN_POLICY_H

#include "custodian/record.h"
#include "proto/socket/message.h"

#include <sys/types.h>

#define KC_KEYRINGS_MAX 64
#define KC_KEYRING_NAME_MAX 64 /* bytes */
#define KC_POLICY_RULES_MAX 128
#define KC_POLICY_USERS_MAX 32
#define KC_POLICY_GLOBS_MAX 16
#define KC_POLICY_GLOB_MAX 64 /* bytes */
#define KC_POLICY_NAME_MAX 64
#define KC_POLICY_OPERATORS_MAX 32
#define KC_PEER_GROUPS_MAX 256
#define KC_PEER_LOGINS_MAX 8 /* keyrings that one connection is logged in to at once */
#define KC_WHO_SIZE 33       /* as whom; text, terminator included */

#define KC_WHO_USER "user" /* who logs in without a name */
#define KC_WHO_SO "so"     /* the security officer: sets PINs and uses no keys */

/* A login to a keyring. */
struct kc_peer_login {
    size_t keyring;        /* its place in the configuration */
    char who[KC_WHO_SIZE]; /* "": there is none here */
};

/* A local caller, as the kernel names him, and the keyrings that he has logged in to. */
struct kc_peer {
    uint64_t logins;    /* bit n: as user, or by name, to the n-th keyring of the configuration */
    uint64_t so_logins; /* as security officer */
    struct kc_peer_login login[KC_PEER_LOGINS_MAX]; /* who, of both */
    uid_t user;
    gid_t groups[KC_PEER_GROUPS_MAX]; /* the primary one too; any beyond the maximum do not count */
    size_t group_count;
};

/* A set of operations. */
#define KC_OPERATION_WORDS ((KC_OPERATIONS + 63) / 64)

struct kc_operation_set {
    uint64_t words[KC_OPERATION_WORDS]; /* bit n % 64 of word n / 64: enum kc_operation */
};

static inline bool kc_operation_set_has(
    const struct kc_operation_set *set, enum kc_operation operation)
{
    return (set->words[operation / 64] >> operation % 64 & 1) != 0;
}

static inline void kc_operation_set_add(struct kc_operation_set *set, enum kc_operation operation)
{
    set->words[operation / 64] |= UINT64_C(1) << operation % 64;
}

struct kc_policy_rule {
    char name[KC_POLICY_NAME_MAX + 1];
    bool anyone; /* users = ["*"] */
    uid_t users[KC_POLICY_USERS_MAX];
    size_t user_count;
    gid_t groups[KC_POLICY_USERS_MAX];
    size_t group_count;
    uint64_t keyrings; /* bit n: the n-th keyring of the configuration */
    char keys[KC_POLICY_GLOBS_MAX][KC_POLICY_GLOB_MAX + 1];
    size_t key_count;
    uint32_t roles; /* bit n: enum kc_role */
    uint32_t login; /* 1: what it allows needs a login to the keyring */
    char operators[KC_POLICY_OPERATORS_MAX][KC_WHO_SIZE]; /* as one of these */
    size_t operator_count;                                /* 0: as anyone but the officer */
    bool any_operation;                                   /* operations = ["*"] */
    struct kc_operation_set operations;                   /* those that are listed by name */
};

struct kc_policy {
    char keyrings[KC_KEYRINGS_MAX][KC_KEYRING_NAME_MAX + 1];
    size_t keyring_count;
    struct kc_policy_rule *rules;
    size_t rule_count;
};

/* The key that an operation is about, or is about to make; or just a keyring. */
struct kc_policy_key {
    const char *keyring;
    const char *label; /* may be empty; NULL: it is about the keyring, whatever keys and roles */
    const char *id;    /* empty for a key that is still to be made */
    uint8_t role;      /* enum kc_role */
};

enum kc_grant {
    KC_GRANT_NONE,
    KC_GRANT_LOGIN, /* after a login, and there is none to the keyring */
    KC_GRANT_ALL,
};

/* What the policy gives the peer of this operation: the most of what any rule does; key is NULL for
 * one that is about no key. */
enum kc_grant kc_policy_grant(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key);

/* Whether that is all. */
bool kc_policy_allows(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key);

/* As whom the peer is logged in to the keyring at that place; NULL: it is not. */
const char *kc_policy_who(const struct kc_peer *peer, size_t keyring);

/* Whether a rule for the peer lists the operation on the key by its name: for what "*" shall not give
 * by the way. Logins are not looked at. */
bool kc_policy_names(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key);

/* The place of a keyring in the configuration; false if it has none of this name. */
bool kc_policy_find_keyring(const struct kc_policy *policy, struct kc_span name, size_t *place);

/* Whether any rule for this peer that lists the keyring needs a login. */
bool kc_policy_has_login(
    const struct kc_policy *policy, const struct kc_peer *peer, const char *keyring);

/* Whether any rule for this peer lists the keyring. */
bool kc_policy_sees_keyring(
    const struct kc_policy *policy, const struct kc_peer *peer, const char *keyring);

/* Whether text, all of it, matches a pattern in which * stands for any run of bytes and ? for one
 * byte. */
bool kc_policy_glob(const char *pattern, const char *text);

#endif
