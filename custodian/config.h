/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one file in libconfig's syntax (custodian.conf in this folder is a commented
 * sample), read by each process at its start and not again. Unknown settings are errors, and so is
 * @include: what counts is in the file whose owner and mode were checked.
 */
#ifndef KC_CUSTODIAN_CONFIG_H
#define KC_CUSTODIAN_CONFIG_H

#include "custodian/policy.h"

#include <limits.h>
#include <sys/types.h>

#define KC_CONFIG_SIZE_MAX ((size_t)256 * 1024) /* bytes of the file */
#define KC_CONFIG_PROBLEM_SIZE 256
#define KC_CONFIG_USER_NAME_MAX 32
#define KC_CONFIG_PATH_SIZE 1024       /* terminator included */
#define KC_CONFIG_SOCKET_PATH_SIZE 108 /* of sockaddr_un */
#define KC_CONFIG_ROOTS_MAX 4
#define KC_CONFIG_ROOT_NAME_SIZE 17 /* terminator included */
#define KC_CONFIG_ROOT_NAME "main"  /* of a root without another */
/* users: in the order of enum kc_process */
#define KC_CONFIG_PROCESSES (5 + KC_CONFIG_ROOTS_MAX - 1)
#define KC_CONFIG_ROOT 2
#define KC_CONFIG_COURIER 3 /* runs just if there are peers */
#define KC_CONFIG_ROOT_2 4  /* the second of several roots; the third and fourth follow */
#define KC_CONFIG_LISTENER                                                                         \
    (KC_CONFIG_ROOT_2 + KC_CONFIG_ROOTS_MAX - 1) /* runs just if it is to listen */
#define KC_CONFIG_PEERS_MAX 16
#define KC_CONFIG_REMOTES_MAX 16
#define KC_CONFIG_HOST_NAME_SIZE 254 /* of a certificate, terminator included (RFC 1035, 3.1) */
#define KC_CONFIG_ADDRESS_SIZE 46    /* an IPv6 address in text, terminator included */

struct kc_config_user {
    char name[KC_CONFIG_USER_NAME_MAX + 1]; /* as written, or the number */
    uid_t user;
    gid_t group;
};

struct kc_config_limits {
    uint32_t clients;             /* connected at once, 256 */
    uint32_t in_flight;           /* requests that the vault works on or queues, 1024 */
    uint32_t sessions;            /* open commitments, 1024 */
    uint32_t cache;               /* unwrapped keys in the arena, 1024 */
    uint32_t session_deadline_ms; /* for which a commitment stays open, 10000 */
    uint32_t frost_deadline_ms;   /* for which nonces wait for the second round, 120000 */
    uint32_t session_wait_ms;     /* for which a caller waits for a share's turn, 5000 */
    uint32_t stop_deadline_ms;    /* for requests in flight when stopping, 5000 */
};

/* How fresh the store is kept (docs/freshness.md). */
struct kc_config_freshness {
    uint32_t interval_s; /* mean time between two writes of the head into the root, 600; 0: each
                              * change is written before it is answered */
    uint32_t burst;      /* writes that may be saved up, 32 */
    uint32_t
        rotate_after_h; /* after what was destroyed is erased at the latest, 168; 0: on demand */
    uint32_t required;  /* 1: without a root that keeps the head, no share of a service is used */
};

#define KC_CONFIG_TOKEN_LABEL_SIZE 33 /* terminator included */
#define KC_CONFIG_VARIABLES_MAX 8
#define KC_CONFIG_VARIABLE_SIZE 256

/* Just one of tcti and pkcs11 is not empty; the settings of the other kind are as by default. */
struct kc_config_root {
    char name[KC_CONFIG_ROOT_NAME_SIZE]; /* keys name their root by it: a-z, 0-9 and - */
    struct kc_config_user user;          /* of its process; the number 0: as users.root says */
    char srk_name_file[KC_CONFIG_PATH_SIZE];
    uint32_t timeout_s; /* for one TPM command, or one operation of a token, 20 */

    char tcti[KC_CONFIG_PATH_SIZE];
    uint32_t srk_handle;                   /* 0x81000001 */
    uint32_t head_handle;                  /* of an NV index, 0x01804b43 */
    char pcrs[128];                        /* "sha256:0,7"; empty: none */
    char policy_key[KC_CONFIG_PATH_SIZE];  /* PEM; empty: keys are bound to PCRs as they are */
    char policy_file[KC_CONFIG_PATH_SIZE]; /* signed policies; comes with policy_key */
    uint32_t policy_counter;               /* 0x01804b50 */

    char pkcs11[KC_CONFIG_PATH_SIZE]; /* the module; token and pin_file come with it */
    char token[KC_CONFIG_TOKEN_LABEL_SIZE];
    char key_label[KC_CONFIG_TOKEN_LABEL_SIZE]; /* "custodian" */
    char pin_file[KC_CONFIG_PATH_SIZE];
    char environment[KC_CONFIG_VARIABLES_MAX][KC_CONFIG_VARIABLE_SIZE]; /* "NAME=value" */
    size_t environment_count;
};

/* Another custodian, which has the second shares of keys in some keyrings. Reached over a socket, or
 * over TLS: just one of socket and address is not empty. */
struct kc_config_peer {
    char name[KC_CONFIG_USER_NAME_MAX + 1];
    char socket[KC_CONFIG_SOCKET_PATH_SIZE];
    char address[KC_CONFIG_ADDRESS_SIZE]; /* in digits; port and certificate_name come with it */
    uint32_t port;
    char certificate_name[KC_CONFIG_HOST_NAME_SIZE];
    uint64_t keyrings;    /* bit n: keyring n of the policy; no keyring has two peers */
    uint32_t deadline_ms; /* for one answer, 5000 */
};

/* How this custodian shows itself to others over TLS, and whom it believes: PEM files. */
struct kc_config_tls {
    char certificate[KC_CONFIG_PATH_SIZE]; /* with those that lead to an authority; empty: no TLS */
    char key[KC_CONFIG_PATH_SIZE];
    char authorities[KC_CONFIG_PATH_SIZE];
    char revocations[KC_CONFIG_PATH_SIZE]; /* lists of certificates (RFC 5280, 5); empty: none */
};

/* Another custodian that may ask here: as which local user the policy sees it. */
struct kc_config_remote {
    char certificate_name[KC_CONFIG_HOST_NAME_SIZE];
    struct kc_config_user user;
    uint32_t connections; /* of it at once; 0: all if it is the only one, else half */
    uint32_t rate;        /* requests a minute; 0: any number */
};

struct kc_config_listen {
    char address[KC_CONFIG_ADDRESS_SIZE]; /* in digits; empty: nothing listens */
    uint32_t port;
    uint32_t connections; /* at once, 16 */
    struct kc_config_remote remotes[KC_CONFIG_REMOTES_MAX];
    size_t remote_count;
};

/* How often a capability of a Mesh account is used, and devices that somebody else revokes
 * (docs/mesh.md). */
struct kc_config_operate {
    uint32_t rate;         /* operations an hour, 3600; 0: any number */
    uint32_t total;        /* operations ever, 0: any number */
    uint32_t member_age_h; /* hours since a member's ConnectionDevice was made, 24; 0: any */
    uint32_t exports; /* 1: as many shares may leave as open a key, if the administrator signs */
    uint32_t offsets; /* 1: an agreement's KeyOffset is added */
};

struct kc_config {
    char socket[KC_CONFIG_SOCKET_PATH_SIZE];
    uint32_t socket_mode; /* 0666: the policy decides by who the peer is */
    char store[KC_CONFIG_PATH_SIZE];
    uint32_t arena_size; /* bytes, 4 MiB */
    struct kc_config_user users[KC_CONFIG_PROCESSES];
    bool drops_rights;   /* started as root: each process becomes its user */
    bool separate_users; /* no two processes are the same user */
    struct kc_config_root roots[KC_CONFIG_ROOTS_MAX]; /* the first is where a new store begins */
    size_t root_count;                                /* 1..KC_CONFIG_ROOTS_MAX */
    struct kc_config_limits limits;
    struct kc_config_freshness freshness;
    struct kc_config_operate operate;
    struct kc_policy policy;
    struct kc_config_peer peers[KC_CONFIG_PEERS_MAX];
    size_t peer_count;
    struct kc_config_tls tls;
    struct kc_config_listen listen;
};

/* What is wrong, for a person: "custodian.conf:12: unknown setting 'colour'". */
struct kc_config_problem {
    char text[KC_CONFIG_PROBLEM_SIZE];
};

/*
 * Parses a configuration. Names of users and groups are looked up here.
 *
 * name     of the file, for the problem's text
 * text     terminated
 * config   given: kc_config_free
 * problem  written on KC_ERR_CONFIG
 */
KC_CHECKED enum kc_error kc_config_parse(const char *name, const char *text,
    struct kc_config **config, struct kc_config_problem *problem);

/*
 * Reads all of an open file, at most KC_CONFIG_SIZE_MAX bytes, terminated, whatever its offset.
 * *text is given (free). KC_ERR_CONFIG with a problem if it cannot be read or holds a NUL.
 */
KC_CHECKED enum kc_error kc_config_read(
    int descriptor, const char *name, char **text, struct kc_config_problem *problem);

/*
 * Opens a configuration, read-only, after checks: file and folder are owned by root or by this
 * process's user, and neither group nor others may write to them.
 *
 * KC_ERR_CONFIG, KC_ERR_CONFIG_PERMISSIONS
 */
KC_CHECKED enum kc_error kc_config_open(
    const char *path, int *descriptor, struct kc_config_problem *problem);

/* The peer that has the second shares of a keyring's keys; NULL: none. */
const struct kc_config_peer *kc_config_peer_of(const struct kc_config *config, const char *keyring);

/* The peer of this name; NULL: there is none. size: octets of it */
const struct kc_config_peer *kc_config_peer_named(
    const struct kc_config *config, const char *name, size_t size);

/* The number of the root with this name; root_count: there is none. */
size_t kc_config_root_find(const struct kc_config *config, const char *name);

/* "separate", the name of the one user that all processes run as, or "partly separate". */
const char *kc_config_users_text(const struct kc_config *config);

void kc_config_free(struct kc_config *config);

#endif
