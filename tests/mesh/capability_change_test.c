/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that take the place of others: another share, the same key refreshed, one that this
 * custodian made. The account, its keys and the service are those of the worked case; its
 * decryption key is split anew for each test.
 */
#include "tests/support/cmocka.h"

#include "custodian/mesh/share_envelope.h"
#include "proto/base64url.h"
#include "tests/mesh/operate_case.h"
#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define NOW 1772452805
#define DAY 86400

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static struct kc_key administrator(void)
{
    return case_key(CASE_ADMINISTRATOR);
}

static struct kc_scalar number(uint32_t value)
{
    struct kc_scalar scalar;
    kc_scalar_set(&scalar, KC_CURVE_X448, value);
    return scalar;
}

/* A share, sealed to the service; given: free. */
static char *seal(const struct kc_scalar *share, const struct kc_key *signer)
{
    char *text;
    size_t size;
    GOOD(kc_mesh_share_seal(
        share, &case_service.share_public, NOW + DAY, signer, &case_service.source, &text, &size));
    return text;
}

/* What an entry says. */
struct entry {
    const char *id, *class, *field, *subject;
    int epoch;
    struct kc_scalar published; /* whose public half is the verification share */
    char *share;                /* the envelope; freed */
};

static char *entry_write(const struct entry *entry)
{
    static char text[CASE_TEXT_MAX];
    char public[100];
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_point own;
    GOOD(kc_point_multiply_base(&own, &entry->published));
    kc_point_encode(&own, octets);
    kc_base64url_encode((struct kc_span){octets, 57}, public);
    public[kc_base64url_text_size(57)] = '\0';
    snprintf(text, sizeof text,
        "{\"CatalogedAccess\":{\"Capability\":{\"%s\":{\"Id\":\"%s\",\"Epoch\":%d,"
        "\"SubjectId\":\"%s\",\"AuthenticationId\":\"%s\",\"KeyData\":{\"PublicParameters\":"
        "{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"%s\"}}},\"%s\":%s}}}}",
        entry->class, entry->id, entry->epoch, entry->subject,
        json_string_value(case_at(case_base, "device.composite_keys.Authenticate.udf")), public,
        entry->field, entry->share);
    return case_seal(text, CASE_ADMINISTRATOR, NULL);
}

static struct entry described(uint32_t share, int epoch)
{
    struct kc_scalar scalar = number(share);
    struct kc_key signer = administrator();
    return (struct entry){.id = "NAAA",
        .class = "CapabilityDecryptServiced",
        .field = "EnvelopedKeyShare",
        .subject = json_string_value(case_at(case_base, "account.keys.Encrypt.udf")),
        .epoch = epoch,
        .published = scalar,
        .share = seal(&scalar, &signer)};
}

static enum kc_error read(struct entry entry, const struct kc_mesh_capability *before,
    const struct kc_mesh_service *self, struct kc_mesh_capability *capability)
{
    char *text = entry_write(&entry);
    enum kc_error error = before != NULL ? kc_mesh_capability_update(span_of(text),
                                               &case_service.accounts[0], self, before, capability)
                                         : kc_mesh_capability_read(span_of(text),
                                               &case_service.accounts[0], self, capability);
    free(entry.share);
    free(text);
    return error;
}

static struct kc_mesh_service self_at(int64_t now)
{
    struct kc_mesh_service self = case_service.self;
    self.now = now;
    return self;
}

static struct kc_mesh_capability first(void)
{
    struct kc_mesh_capability capability;
    struct kc_mesh_service self = self_at(NOW);
    GOOD(read(described(1000, 3), NULL, &self, &capability));
    return capability;
}

/* --- whose share it is --- */

static void a_share_is_signed_by_the_administrator_and_encrypted(void **state)
{
    (void)state;
    struct kc_mesh_capability capability;
    struct kc_mesh_service self = self_at(NOW);
    static const char *const others[] = {"account.keys.Profile.scalar_le",
        "account.keys.Sign.scalar_le", CASE_DEVICE, "service.keys.Sign.scalar_le"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct kc_key other = case_key(others[i]);
        struct entry entry = described(1000, 3);
        free(entry.share);
        entry.share = seal(&entry.published, &other);
        assert_int_equal(read(entry, NULL, &self, &capability), KC_ERR_SIGNATURE);
    }
    struct entry plain = described(1000, 3);
    free(plain.share);
    plain.share = case_seal("{\"KeyData\":{\"PrivateParameters\":{\"PrivateKeyECDH\":{\"crv\":"
                            "\"X448z\",\"Private\":\"6AM\"}}}}",
        CASE_ADMINISTRATOR, NULL);
    assert_int_equal(read(plain, NULL, &self, &capability), KC_ERR_ENVELOPE);
}

static void a_share_that_was_made_here_is_taken_up_within_a_day(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        enum kc_error error;
    } cases[] = {{NOW, KC_OK}, {NOW + DAY - 1, KC_OK}, {NOW + DAY, KC_ERR_REFUSED}};
    struct kc_mesh_capability capability;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kc_mesh_service self = self_at(cases[i].now);
        struct entry entry = described(1000, 3);
        free(entry.share);
        entry.share = seal(&entry.published, &case_service.response);
        assert_int_equal(read(entry, NULL, &self, &capability), cases[i].error);
    }
    struct kc_mesh_service none = self_at(NOW);
    none.custodian = NULL;
    struct entry entry = described(1000, 3);
    free(entry.share);
    entry.share = seal(&entry.published, &case_service.response);
    assert_int_equal(read(entry, NULL, &none, &capability), KC_ERR_SIGNATURE);
}

/* --- what takes its place --- */

static void an_entry_takes_the_place_of_one_of_an_earlier_epoch_about_the_same_key(void **state)
{
    (void)state;
    struct kc_mesh_service self = self_at(NOW);
    struct kc_mesh_capability before = first(), after;
    GOOD(read(described(2000, 4), &before, &self, &after));
    struct kc_scalar due = number(2000);
    assert_true(kc_scalar_equal(&after.share, &due) != 0);
    assert_int_equal(after.epoch, 4);
    assert_int_equal(read(described(2000, 3), &before, &self, &after), KC_ERR_CONFLICT);
    assert_int_equal(read(described(2000, 2), &before, &self, &after), KC_ERR_CONFLICT);
    struct entry other = described(2000, 4);
    other.id = "NAAB";
    assert_int_equal(read(other, &before, &self, &after), KC_ERR_REFUSED);
    other = described(2000, 4);
    other.class = "CapabilityKeyGenerate";
    assert_int_equal(read(other, &before, &self, &after), KC_ERR_REFUSED);
    struct kc_mesh_capability another = before;
    another.group[0] ^= 1;
    assert_int_equal(read(described(2000, 4), &another, &self, &after), KC_ERR_REFUSED);
    another = before;
    another.account_udf[2]++;
    assert_int_equal(read(described(2000, 4), &another, &self, &after), KC_ERR_REFUSED);
}

/* An offset d for a share of 1000, published as what the new share is to be. */
static struct entry offset(uint32_t d, uint32_t published)
{
    struct entry entry = described(d, 4);
    entry.field = "EnvelopedKeyOffset";
    entry.published = number(published);
    return entry;
}

static void a_share_is_refreshed_by_the_offset_that_fits_what_is_published(void **state)
{
    (void)state;
    struct kc_mesh_service self = self_at(NOW);
    struct kc_mesh_capability before = first(), after;
    GOOD(read(offset(77, 1077), &before, &self, &after));
    struct kc_scalar due = number(1077);
    assert_true(kc_scalar_equal(&after.share, &due) != 0);
    assert_memory_equal(after.group, before.group, sizeof after.group);
    assert_int_equal(read(offset(78, 1077), &before, &self, &after), KC_ERR_CONTRIBUTION);
    assert_int_equal(read(offset(77, 1000), &before, &self, &after), KC_ERR_CONTRIBUTION);
    assert_int_equal(read(offset(77, 77), &before, &self, &after), KC_ERR_CONTRIBUTION);
    /* There is nothing to refresh, or it is later already. */
    assert_int_equal(read(offset(77, 1077), NULL, &self, &after), KC_ERR_BAD_REQUEST);
    struct kc_mesh_capability later = before;
    later.epoch = 4;
    assert_int_equal(read(offset(77, 1077), &later, &self, &after), KC_ERR_CONFLICT);
    /* By somebody else. */
    struct kc_key other = case_key("account.keys.Profile.scalar_le");
    struct entry entry = offset(77, 1077);
    struct kc_scalar d = number(77);
    free(entry.share);
    entry.share = seal(&d, &other);
    assert_int_equal(read(entry, &before, &self, &after), KC_ERR_SIGNATURE);
}

/* Old and new halves of a refreshed key, in any mix, open what the halves of one time do not. */
static void halves_of_before_and_after_a_refresh_open_nothing_together(void **state)
{
    (void)state;
    struct kc_mesh_service self = self_at(NOW);
    struct kc_mesh_capability before = first(), after;
    uint8_t whole[KC_POINT_SIZE_MAX], both[KC_POINT_SIZE_MAX];
    struct kc_scalar member = number(5000), d = number(77), member_after, peer_key = number(9);
    struct kc_point peer, parts[2];
    GOOD(read(offset(77, 1077), &before, &self, &after));
    kc_scalar_subtract(&member_after, &member, &d);
    GOOD(kc_point_multiply_base(&peer, &peer_key));
    const struct kc_scalar *const pairs[][2] = {{&before.share, &member},
        {&after.share, &member_after}, {&before.share, &member_after}, {&after.share, &member}};
    for (size_t i = 0; i < 4; i++) {
        GOOD(kc_agreement_contribute(&parts[0], pairs[i][0], NULL, NULL, &peer));
        GOOD(kc_agreement_contribute(&parts[1], pairs[i][1], NULL, NULL, &peer));
        GOOD(kc_agreement_combine(i == 0 ? whole : both, parts, 2));
        if (i == 1)
            assert_memory_equal(both, whole, 56);
        else if (i > 1)
            assert_memory_not_equal(both, whole, 56);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_is_signed_by_the_administrator_and_encrypted),
        cmocka_unit_test(a_share_that_was_made_here_is_taken_up_within_a_day),
        cmocka_unit_test(an_entry_takes_the_place_of_one_of_an_earlier_epoch_about_the_same_key),
        cmocka_unit_test(a_share_is_refreshed_by_the_offset_that_fits_what_is_published),
        cmocka_unit_test(halves_of_before_and_after_a_refresh_open_nothing_together),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
