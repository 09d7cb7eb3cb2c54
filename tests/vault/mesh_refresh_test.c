/* SPDX-License-Identifier: Apache-2.0 */
/* Refreshed shares of an administrator's vault: no half from before helps. */
#include "tests/vault/admin_world.h"

#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/share_refresh.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- refresh --- */

/* Takes a whole share out of what a holder was sent. */
static void holder_share_open(const struct world *w, const char *entry, struct admin_device *device)
{
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open(admin_span(entry), strlen(entry), KC_OBJECT_CatalogedAccess,
        &w->c->account.administrator, kc_mesh_verify, &opened));
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    struct kc_mesh_share_terms terms = {.signer = &w->c->account.administrator,
        .key = &device->encryption,
        .own = &device->decrypt.own,
        .now = SAMPLE_NOW};
    GOOD(kc_object_key(&inner, "KeyData", &device->decrypt.own));
    GOOD(kc_mesh_share_open(
        kc_json_source(kc_json_item(kc_object_member(&inner, "EnvelopedKeyShares"), 0)), &terms,
        &device->decrypt.share));
    kc_signed_object_done(&opened);
}

/* Whether the two shares are of the account's key. */
static bool check_fits(
    const struct world *w, const struct admin_service *service, const struct admin_device *device)
{
    struct kc_scalar sum;
    struct kc_point point;
    kc_scalar_add(&sum, &service->capabilities[0].share, &device->decrypt.share);
    GOOD(kc_point_multiply_base(&point, &sum));
    return kc_point_equal(&point, &w->c->encryption.pair.public) != 0;
}

static void after_a_refresh_both_decrypt_and_no_half_from_before_helps(void **state)
{
    struct world *w = *state;
    size_t size;
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct kc_mesh_capability after;
    struct kc_mesh_share_state renewed;
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct connected made = connect_device(w, "encryption=threshold");
    struct ask ask = refresh_ask(w, made.account, w->c->device_profile.public.udf, NULL);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *entry = frame_at(w, answer, 0, "MMM_Access");
    char *offset = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    struct kc_mesh_share_state before = {.class = KC_MESH_DECRYPT,
        .own = made.device.decrypt.own,
        .share = made.device.decrypt.share};
    memcpy(before.subject, w->c->account.encryption.udf, sizeof before.subject);
    GOOD(kc_mesh_capability_update(admin_span(entry), &w->c->account, &made.service->self,
        &made.service->capabilities[0], &after));
    GOOD(kc_mesh_share_refresh(admin_span(offset), &w->c->account, &made.device.encryption,
        SAMPLE_NOW, &before, &renewed));
    made.service->capabilities[0] = after; /* the device's half is still the old one */
    assert_int_equal(
        admin_decrypt(made.service, &made.device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &peer.pair.scalar, &w->c->encryption.pair.public));
    assert_memory_not_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
    made.device.decrypt.share = renewed.share;
    check_decrypts(w, made.service, &made.device);
    free(entry);
    free(offset);
    answer_done(answer);
    connected_done(&made);
}

static void a_refresh_names_one_split_of_who_has_some(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    struct connected made = connect_device(w, "encryption=threshold,signature=threshold");
    struct ask ask = refresh_ask(w, made.account, udf, NULL);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = refresh_ask(w, made.account, udf, "agree");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = refresh_ask(w, made.account, udf, "sign");
    bench_expect(w->bench, &ask, KC_OK);
    ask = refresh_ask(w, made.account, udf, "decrypt");
    bench_expect(w->bench, &ask, KC_OK);
    ask = refresh_ask(w, made.account, w->bob_profile.public.udf, "sign");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    connected_done(&made);
}

/* Another service gets a share of its own; the former one's goes with no half of a device any more. */
static void a_former_service_has_no_half_of_the_key_that_fits(void **state)
{
    struct world *w = *state;
    size_t size;
    struct admin_case *c = w->c;
    struct connected made = connect_device(w, "encryption=threshold");
    struct admin_share former = made.device.decrypt;
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_MOVE);
    c->service_profile = c->response;
    c->service_encryption = c->store;
    char *profile = admin_profile_service(c);
    GOOD(kc_mesh_provider_read(admin_span(profile), c->service_profile.public.udf,
        (struct kc_span){NULL, 0}, ADDRESS, &c->provider));
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, made.account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_octets(&ask, KC_FIELD_PROFILE, profile, strlen(profile));
    ask_pin(&ask);
    struct answer *answer = bench_ask(w->bench, &ask);
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    answer_done(answer);
    ask = refresh_ask(w, made.account, c->device_profile.public.udf, NULL);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE); /* the service of before */
    free(c->service_text);
    c->service_text = profile;
    ask = refresh_ask(w, made.account, c->device_profile.public.udf, NULL);
    ask_number(&ask, KC_FIELD_FORCE, 1);
    answer = bench_ask(w->bench, &ask);
    char *share = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    struct admin_service *service = admin_service_new(c, &c->account);
    accept_frame(w, answer, 0, service);
    holder_share_open(w, share, &made.device);
    check_decrypts(w, service, &made.device);
    assert_false(check_fits(w, made.service, &made.device));
    made.device.decrypt = former;
    assert_false(check_fits(w, service, &made.device));
    free(share);
    answer_done(answer);
    admin_service_free(service);
    connected_done(&made);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(after_a_refresh_both_decrypt_and_no_half_from_before_helps),
        IN_A_WORLD(a_former_service_has_no_half_of_the_key_that_fits),
        IN_A_WORLD(a_refresh_names_one_split_of_who_has_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
