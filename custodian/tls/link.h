/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection between two custodians: TLS 1.3 (RFC 8446), both sides with a certificate.
 *
 * Each side believes what its own authorities signed, for the use it is put to, at this time; the
 * one that connects wants a certificate of the name that it was told (subjectAltName, dNSName, in
 * full: no wildcards, no common names). Who may do what is not decided here.
 *
 * Every call ends at its deadline, an absolute time of kc_tls_now_ms. A connection that failed is
 * of no more use.
 *
 * The errors of all calls:
 *
 * KC_ERR_PEER_ABSENT     nobody accepts connections there, or it has no room or no desk
 * KC_ERR_PEER_LATE       the deadline came
 * KC_ERR_PEER_CUT        the other side ended the connection
 * KC_ERR_PEER_TLS        it does not speak TLS 1.3, or not as it should
 * KC_ERR_PEER_NAME       its certificate has another name
 * KC_ERR_PEER_EXPIRED    a certificate is not valid at this time
 * KC_ERR_PEER_AUTHORITY  no authority of ours vouches for it, or not for this use
 * KC_ERR_PEER_REVOKED    a certificate is revoked, or no list of now says that it is not
 * KC_ERR_PEER_DENIED     it does not take our certificate, or gives its holder nothing
 */
#ifndef KC_CUSTODIAN_TLS_LINK_H
#define KC_CUSTODIAN_TLS_LINK_H

#include "custodian/config.h"

#include <stdint.h>
#include <sys/socket.h>

/* What this side shows and whom it believes. */
struct kc_tls;

/*
 * Reads the files. Nothing is read later, and libssl needs no file after it.
 *
 * serves   for accepted connections; else for those that are made
 * problem  the path of the file that is wrong, static or of config
 *
 * KC_ERR_CONFIG              not what it should be
 * KC_ERR_CONFIG_PERMISSIONS  the key can be read by group or others, or belongs to somebody else
 */
KC_CHECKED enum kc_error kc_tls_new(
    const struct kc_config_tls *config, bool serves, struct kc_tls **tls, const char **problem);

void kc_tls_free(struct kc_tls *tls);

/* Milliseconds of a clock that only goes forward. */
int64_t kc_tls_now_ms(void);

struct kc_tls_link;

/*
 * Connects, and waits until the other side says that it serves us.
 *
 * address, port  in digits
 * name           that its certificate must have
 */
KC_CHECKED enum kc_error kc_tls_connect(const struct kc_tls *tls, const char *address,
    uint16_t port, const char *name, int64_t deadline_ms, struct kc_tls_link **link);

/* Takes a connection that was accepted. The socket is given, also on failure. */
KC_CHECKED enum kc_error kc_tls_accept(
    const struct kc_tls *tls, int socket, int64_t deadline_ms, struct kc_tls_link **link);

/* Whether the certificate of the other side has this name. */
bool kc_tls_link_has_name(const struct kc_tls_link *link, const char *name);

/* What an accepted connection is told first: that it is served, or why not. */
enum kc_greeting {
    KC_GREETING_SERVED = 1,
    KC_GREETING_DENIED = 2, /* nobody here knows the name */
    KC_GREETING_ABSENT = 3, /* the custodian behind cannot be reached now */
};
KC_CHECKED enum kc_error kc_tls_greet(
    struct kc_tls_link *link, enum kc_greeting greeting, int64_t deadline_ms);

/* All octets, no fewer. */
KC_CHECKED enum kc_error kc_tls_link_read(
    struct kc_tls_link *link, void *bytes, size_t size, int64_t deadline_ms);
KC_CHECKED enum kc_error kc_tls_link_write(
    struct kc_tls_link *link, const void *bytes, size_t size, int64_t deadline_ms);

/* The socket, to poll. */
int kc_tls_link_socket(const struct kc_tls_link *link);

/* Whether nothing has come that was not read: of a connection that waits for its next use, whether
 * it still is one. */
bool kc_tls_link_is_quiet(const struct kc_tls_link *link);

/* Says goodbye as far as that goes without waiting, and closes. NULL is fine. */
void kc_tls_link_free(struct kc_tls_link *link);

#endif
