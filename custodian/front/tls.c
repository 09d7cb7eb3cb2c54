/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/tls.h"

#include "custodian/front/tls_key.h"
#include "custodian/log.h"
#include "proto/socket/client.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHAIN_MAX 8

struct kc_tls {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    struct kc_tls_key *key;
};

static struct kc_tls *served;

static int retrieve(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
    unsigned *count, gnutls_privkey_t *private)
{
    (void)session;
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    *chain = served->chain;
    *count = served->count;
    *private = kc_tls_key_private(served->key);
    return 0;
}

void *kc_tls_callback(void)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a function's address */
    return (void *)(uintptr_t)retrieve;
}

/* --- the certificate --- */

static enum kc_error wrong(struct kc_config_problem *problem, const char *what, const char *why)
{
    snprintf(problem->text, sizeof problem->text, "%.120s: %.100s", what, why);
    return KC_ERR_CONFIG;
}

static enum kc_error read_file(
    struct kc_tls *tls, const char *path, struct kc_config_problem *problem)
{
    gnutls_datum_t text = {NULL, 0};
    int code = gnutls_load_file(path, &text);
    tls->count = CHAIN_MAX;
    if (code >= 0)
        code = gnutls_pcert_list_import_x509_raw(
            tls->chain, &tls->count, &text, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(text.data);
    if (code >= 0)
        return KC_OK;
    tls->count = 0;
    return wrong(problem, path, gnutls_strerror(code));
}

static enum kc_error import_object(struct kc_tls *tls, const struct kc_client_answer *answer,
    const char *object, struct kc_config_problem *problem)
{
    struct kc_span value = kc_client_answer_message(answer)->values.value[KC_FIELD_VALUE].span;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the library only reads it */
    const gnutls_datum_t der = {(uint8_t *)(uintptr_t)value.bytes, (unsigned)value.size};
    int code = gnutls_pcert_import_x509_raw(&tls->chain[0], &der, GNUTLS_X509_FMT_DER, 0);
    tls->count = code >= 0;
    return code >= 0 ? KC_OK : wrong(problem, object, gnutls_strerror(code));
}

/* Over a connection of its own, which ends with it: whoever starts the program may be root, and nothing
 * of that is to be left. */
static enum kc_error read_object(
    struct kc_tls *tls, const struct kc_front_settings *settings, struct kc_config_problem *problem)
{
    struct kc_client *client;
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    const char *object = settings->tls.object;
    enum kc_error error = kc_client_new(settings->custodian, &client);
    if (error != KC_OK)
        return error;
    kc_client_request_init(&request, KC_OPERATION_OBJECT_SHOW);
    kc_values_set_text(&request.message.values, KC_FIELD_OBJECT, object);
    error = kc_client_call(client, &request, (int)settings->limits.custodian_deadline_ms, &answer);
    if (error == KC_OK)
        error = import_object(tls, answer, object, problem);
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    kc_client_free(client);
    return error;
}

/* One that nobody takes any more, or yet, is no identity. */
static const char *check_time(gnutls_x509_crt_t certificate)
{
    time_t now = time(NULL);
    return gnutls_x509_crt_get_expiration_time(certificate) < now   ? "it has expired"
           : gnutls_x509_crt_get_activation_time(certificate) > now ? "it is not valid yet"
                                                                    : NULL;
}

/* Clients may know it in other ways than by its names: this is no error. */
static void look_at_names(gnutls_x509_crt_t certificate, const struct kc_front_settings *settings)
{
    bool fits = gnutls_x509_crt_check_hostname(certificate, settings->service) != 0;
    for (size_t i = 0; !fits && i < settings->host_count; i++)
        fits = gnutls_x509_crt_check_hostname(certificate, settings->hosts[i]) != 0;
    if (!fits)
        kc_log(KC_LOG_WARNING, "certificate-of-others",
            kc_log_text("detail", "it has no name of service and hosts"));
}

static enum kc_error check_certificate(
    struct kc_tls *tls, const struct kc_front_settings *settings, struct kc_config_problem *problem)
{
    gnutls_x509_crt_t certificate;
    const char *name = settings->tls.object[0] ? settings->tls.object : settings->tls.certificate;
    int code = gnutls_pcert_export_x509(&tls->chain[0], &certificate);
    if (code < 0)
        return wrong(problem, name, gnutls_strerror(code));
    const char *why = check_time(certificate);
    if (!why)
        look_at_names(certificate, settings);
    gnutls_x509_crt_deinit(certificate);
    return why ? wrong(problem, name, why) : KC_OK;
}

/* --- life --- */

enum kc_error kc_tls_new(const struct kc_front_settings *settings, struct kc_tls **tls,
    struct kc_config_problem *problem)
{
    struct kc_tls *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = settings->tls.object[0]
                              ? read_object(made, settings, problem)
                              : read_file(made, settings->tls.certificate, problem);
    if (error == KC_OK)
        error = check_certificate(made, settings, problem);
    if (error == KC_OK) {
        error = kc_tls_key_new(settings, made->chain[0].pubkey, &made->key);
        if (error == KC_ERR_CONFIG)
            (void)wrong(problem, "certificate", "not of a key that the custodian signs with");
    }
    if (error != KC_OK) {
        kc_tls_free(made);
        return error;
    }
    *tls = served = made;
    return KC_OK;
}

void kc_tls_free(struct kc_tls *tls)
{
    if (!tls)
        return;
    if (served == tls)
        served = NULL;
    kc_tls_key_free(tls->key);
    for (unsigned i = 0; i < tls->count; i++)
        gnutls_pcert_deinit(&tls->chain[i]);
    free(tls);
}

enum kc_error kc_tls_check(const struct kc_tls *tls)
{
    return kc_tls_key_check(tls->key);
}

enum kc_error kc_tls_begin(const struct kc_tls *tls)
{
    enum kc_error error = kc_tls_key_check(tls->key);
    if (error != KC_OK && kc_error_row(error)->class != KC_CLASS_PEER)
        return error;
    return kc_tls_key_watch(tls->key);
}
