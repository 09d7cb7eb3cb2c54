/* SPDX-License-Identifier: Apache-2.0 */
/* udf-shamir: shares of an octet string. */
#include "play.h"

#include "proto/udf.h"
#include "threshold/udf_shamir.h"

#include <string.h>

#define SHARES_MAX KC_UDF_SHAMIR_SHARES_MAX
#define SECRET_MAX KC_UDF_SHAMIR_SECRET_MAX

/* The first prime above 2^(8 size). */
static void expect_prime(struct check *c, const json_t *vector, size_t size)
{
    BIGNUM *prime = check_new_number(c);
    if (!check_has(vector, "prime"))
        return;
    if (BN_set_bit(prime, 8 * (int)size) != 1 || BN_add_word(prime, 1) != 1)
        abort();
    while (BN_check_prime(prime, c->numbers, NULL) == 0)
        BN_add_word(prime, 2);
    expect_number(c, vector, "prime", prime);
}

static struct kc_udf_share share_of(struct check *c, const json_t *item, size_t threshold)
{
    struct kc_udf_share share = {0};
    struct kc_udf udf = {0};
    const char *text = json_string_value(item);
    if (text == NULL) {
        check_fail(c, "shares: not text");
        return share;
    }
    check_ok(
        c, "shares", kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf));
    if (udf.type != KC_UDF_SHARE || udf.data_size == 0 || udf.data_size > sizeof share.octets)
        check_fail(c, "shares: not a share");
    else if (udf.data[0] >> 4 != threshold)
        check_fail(c, "shares: of another threshold");
    else
        memcpy(share.octets, udf.data, share.size = udf.data_size);
    return share;
}

/* Each run of threshold shares, and all of them together, which checks each against the others. */
static void recover(struct check *c, const struct kc_udf_share *shares, size_t count,
    size_t threshold, struct kc_span secret)
{
    uint8_t recovered[SECRET_MAX];
    for (size_t first = 0; first + threshold <= count; first++) {
        check_ok(c, "recover", kc_udf_shamir_recover(recovered, shares + first, threshold));
        if (!c->failed && memcmp(recovered, secret.bytes, secret.size) != 0)
            check_fail(c, "secret: differs, from share %zu on", first + 1);
    }
    check_ok(c, "recover from all", kc_udf_shamir_recover(recovered, shares, count));
}

/* The shares again, from the coefficients that the document prints. */
static void evaluate(struct check *c, const json_t *vector, const struct kc_udf_share *shares,
    size_t count, size_t threshold, size_t size)
{
    uint8_t octets[SHARES_MAX * SECRET_MAX];
    const json_t *coefficients = check_list_if_there(c, vector, "coefficients"), *item;
    const json_t *values = check_list_if_there(c, vector, "values");
    size_t k;
    if (coefficients == NULL)
        return;
    if (json_array_size(coefficients) != threshold || json_array_size(values) != count) {
        check_fail(c, "coefficients or values: wrong number");
        return;
    }
    json_array_foreach(coefficients, k, item)
    {
        if (BN_bn2binpad(check_number_item(c, item, "coefficients"), octets + k * size, (int)size) <
            0)
            check_fail(c, "coefficients: too large for this code");
    }
    for (size_t i = 0; !c->failed && i < count; i++) {
        struct kc_udf_share share = {0};
        uint8_t value[SECRET_MAX];
        check_ok(c, "evaluate",
            kc_udf_shamir_evaluate(&share, octets, size, threshold, (unsigned)i + 1));
        if (share.size != shares[i].size || memcmp(share.octets, shares[i].octets, share.size) != 0)
            check_fail(c, "shares: %zu differs", i + 1);
        if (BN_bn2binpad(
                check_number_item(c, json_array_get(values, i), "values"), value, (int)size) < 0 ||
            memcmp(share.octets + 1, value, size) != 0)
            check_fail(c, "values: %zu differs", i + 1);
    }
}

void play_udf_shamir(struct check *c, const json_t *vector)
{
    struct kc_udf_share shares[SHARES_MAX] = {{0}};
    struct kc_span secret = check_octets(c, vector, "secret");
    size_t threshold = (size_t)check_count(c, vector, "threshold"), i;
    const json_t *list = check_list(c, vector, "shares"), *item;
    size_t count = json_array_size(list);
    char text[KC_UDF_TEXT_SIZE] = "";
    if (count > SHARES_MAX || secret.size > SECRET_MAX || threshold == 0 || threshold > count) {
        check_fail(c, "shares, secret or threshold: too many");
        return;
    }
    json_array_foreach(list, i, item) shares[i] = share_of(c, item, threshold);
    check_ok(c, "secret_udf", kc_udf_present(KC_UDF_ENCRYPTION, secret, 0, text, sizeof text));
    expect_text(c, vector, "secret_udf", text);
    if (c->failed)
        return;
    expect_prime(c, vector, secret.size);
    recover(c, shares, count, threshold, secret);
    evaluate(c, vector, shares, count, threshold, secret.size);
}
