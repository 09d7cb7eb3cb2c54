/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for tests, of Ed25519 keys, as PEM files: an authority's, and what it, or somebody
 * else, signs. What fails here aborts the test program.
 */
#ifndef KC_TESTS_SUPPORT_TLS_FILES_H
#define KC_TESTS_SUPPORT_TLS_FILES_H

#include <stddef.h>

struct kc_custodian;

/* Makes FOLDER/NAME.pem and FOLDER/NAME.key: an authority of its own. */
void kc_tls_make_authority(const char *folder, const char *name);

enum kc_tls_validity { KC_TLS_VALID, KC_TLS_EXPIRED };

/*
 * The same for a custodian: signed by an authority of the folder.
 *
 * name      its common name, and that of the files
 * dns_name  its one subjectAltName; NULL: it has none
 */
void kc_tls_make_certificate(const char *folder, const char *authority, const char *name,
    const char *dns_name, enum kc_tls_validity validity);

/*
 * FOLDER/LIST.pem: what an authority of the folder revokes.
 *
 * revoked   a certificate of the folder; NULL: none
 * validity  of the list itself
 */
void kc_tls_revoke(const char *folder, const char *authority, const char *list, const char *revoked,
    enum kc_tls_validity validity);

/* The line of a configuration for the group tls: FOLDER/NAME and FOLDER/AUTHORITY. */
void kc_tls_settings(
    char *line, size_t size, const char *folder, const char *name, const char *authority);

/*
 * Two custodians that trust each other, over TLS on loopback: device asks service, as the user
 * `couriers` of its policy. Makes the files in the service's folder.
 *
 * at_service  lines for the service's configuration: tls, listen
 * at_device   lines for the device's: tls, peers with deadline_ms, for the keyring "home"
 */
void kc_tls_pair(const struct kc_custodian *service, unsigned deadline_ms, char at_service[1024],
    char at_device[1024]);

#endif
