/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end's configuration: a file of its own in libconfig's syntax (custodian-mesh.conf in
 * this folder is a commented sample), as the front end is a client of the custodian like any other.
 * Unknown settings are errors.
 */
#ifndef KC_CUSTODIAN_FRONT_SETTINGS_H
#define KC_CUSTODIAN_FRONT_SETTINGS_H

#include "custodian/config_setting.h"

#define KC_FRONT_NAME_SIZE 254 /* of a DNS name, terminator included */
#define KC_FRONT_HOSTS_MAX 8
#define KC_FRONT_KEY_SIZE 65 /* of a key's id, terminator included */

struct kc_front_tls {
    char certificate[KC_CONFIG_PATH_SIZE]; /* PEM, the host's first, then who issued it */
    char object[KC_FRONT_KEY_SIZE];        /* or id of a certificate that the custodian keeps */
    char key[KC_FRONT_KEY_SIZE];           /* id of its key in the custodian */
};

struct kc_front_limits {
    uint32_t connections;             /* at once, 256 */
    uint32_t connections_per_address; /* 32 */
    uint32_t rate;                    /* requests a second of one address, 50; 0: any */
    uint32_t burst;                   /* requests that an address may save up, 100 */
    uint32_t body_size;               /* octets of a request's body, 131072 */
    uint32_t message_size;            /* octets of the payload in it, 65536 */
    uint32_t pending;                 /* requests that wait for a worker, 256 */
    uint32_t workers;                 /* requests that are worked on at once, 16 */
    uint32_t accounts;                /* accounts that are kept, 100000 */
    uint32_t frames;                  /* frames of one store of an account, 65536 */
    uint32_t request_deadline_s;    /* for a request to arrive, and for an answer to be read, 20 */
    uint32_t handshake_deadline_ms; /* for the custodian to sign a TLS handshake, 1000 */
    uint32_t custodian_deadline_ms; /* for the custodian to answer, 5000 */
    uint32_t stop_deadline_ms;      /* for requests under way when stopping, 5000 */
};

struct kc_front_settings {
    char service[KC_FRONT_NAME_SIZE];                   /* DNS name of the service */
    char hosts[KC_FRONT_HOSTS_MAX][KC_FRONT_NAME_SIZE]; /* further names it is reached by */
    size_t host_count;
    char path[256];                             /* "/.well-known/mmm" */
    char address[64];                           /* numeric; "::" is any, IPv4 too */
    uint32_t port;                              /* 443; 0: any that is free */
    char custodian[KC_CONFIG_SOCKET_PATH_SIZE]; /* its socket */
    char store[KC_CONFIG_PATH_SIZE];            /* folder of the front end's own */
    struct kc_config_user user;                 /* of a front end that root starts; name "": none */
    struct kc_front_tls tls;
    bool has_tls; /* without: plain HTTP, on a loopback address alone */
    struct kc_front_limits limits;
};

/*
 * Reads a configuration.
 *
 * name      of the file, for the problem's text
 * text      terminated
 * settings  written on KC_OK
 * problem   written on KC_ERR_CONFIG
 */
KC_CHECKED enum kc_error kc_front_settings_parse(const char *name, const char *text,
    struct kc_front_settings *settings, struct kc_config_problem *problem);

/* Reads the file, whose owner and mode are checked as custodian.conf's are. */
KC_CHECKED enum kc_error kc_front_settings_load(
    const char *path, struct kc_front_settings *settings, struct kc_config_problem *problem);

/* Whether an address can be reached from this machine alone. */
bool kc_front_is_loopback(const char *address);

/* The settings of the file, and of its groups tls and limits. For the manual and its test. */
#define KC_FRONT_SETTING_GROUPS 3
void kc_front_setting_groups(struct kc_setting_group groups[static KC_FRONT_SETTING_GROUPS]);

#endif
