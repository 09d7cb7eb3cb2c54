/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end's identity in TLS: a certificate, and a key that is in the custodian (tls_key.h).
 *
 * TLS 1.3 alone. Keys: Ed25519, Ed448, P-256, P-384, and RSA (PSS).
 */
#ifndef KC_CUSTODIAN_FRONT_TLS_H
#define KC_CUSTODIAN_FRONT_TLS_H

#include "custodian/front/settings.h"

#define KC_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct kc_tls;
struct MHD_Daemon;

/*
 * Reads the certificate. The custodian is asked only for one that it keeps itself. That the certificate
 * has none of our names is logged.
 *
 * settings  borrowed for the call
 * tls       given: kc_tls_free; one in a process, as libmicrohttpd tells its callback no context
 * problem   written on KC_ERR_CONFIG
 *
 * KC_ERR_CONFIG     the certificate cannot be read, is not valid at this time, or its key is of
 *                   another kind
 * KC_ERR_NO_MEMORY
 * and errors of kc_client_call
 */
KC_CHECKED enum kc_error kc_tls_new(const struct kc_front_settings *settings, struct kc_tls **tls,
    struct kc_config_problem *problem);

/* NULL is fine. */
void kc_tls_free(struct kc_tls *tls);

/*
 * Whether the custodian signs with the key that is in the certificate: it is asked to.
 *
 * KC_ERR_SIGNATURE  what it signs does not verify under the certificate
 * and errors of kc_client_call
 */
KC_CHECKED enum kc_error kc_tls_check(const struct kc_tls *tls);

/*
 * Before clients are served, as the user who serves them: checks the key as far as the custodian
 * answers, as it may be started later, and makes what watches over it.
 *
 * KC_ERR_NO_MEMORY, and errors of kc_tls_check that are not of class PEER
 */
KC_CHECKED enum kc_error kc_tls_begin(const struct kc_tls *tls);

/* What MHD_OPTION_HTTPS_CERT_CALLBACK takes, as a pointer to whatever. */
void *kc_tls_callback(void);

#endif
