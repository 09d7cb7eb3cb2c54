/* SPDX-License-Identifier: Apache-2.0 */
/* Decryption with a recipient's key, whole or in shares: from the
 * contributions to the plaintext. */
#include "number.h"
#include "play.h"

#include "proto/dare.h"
#include "proto/udf_digest.h"
#include "threshold/agreement.h"
#include "threshold/derive.h"
#include "threshold/share.h"

#include <stdlib.h>
#include <string.h>

/* The agreed octets, from the shares and from the whole scalar. */
static void play_shares(struct check *c, const json_t *vector, const struct kc_curve_info *curve,
    uint8_t agreed[KC_POINT_SIZE_MAX])
{
    const json_t *shares = check_list(c, vector, "shares");
    struct kc_span ephemeral = check_octets(c, vector, "ephemeral_public");
    struct kc_point peer, contributions[KC_SHARES_MAX];
    uint8_t encoding[KC_POINT_SIZE_MAX], whole[KC_POINT_SIZE_MAX];
    size_t count = json_array_size(shares);
    if (count == 0 || count > KC_SHARES_MAX)
        check_fail(c, "shares: none, or too many");
    check_ok(c, "ephemeral_public",
        kc_point_decode(&peer, curve->curve, ephemeral.bytes, ephemeral.size));
    for (size_t i = 0; i < count && !c->failed; i++) {
        const json_t *object = json_array_get(shares, i);
        struct kc_scalar share = number_scalar(c, curve->curve, object, "scalar");
        check_ok(c, "contribution",
            kc_agreement_contribute(&contributions[i], &share, NULL, NULL, &peer));
        if (c->failed)
            return;
        kc_point_encode(&contributions[i], encoding);
        expect_octets(c, object, "contribution", encoding, curve->point_size);
    }
    struct kc_scalar scalar = number_scalar(c, curve->curve, vector, "scalar");
    if (c->failed)
        return;
    check_ok(c, "agreed", kc_agreement_combine(agreed, contributions, count));
    check_ok(c, "agreed", kc_agreement_agree(whole, &scalar, &peer));
    if (c->failed)
        return;
    expect_octets(c, vector, "agreed", agreed, curve->agreed_size);
    expect_octets(c, vector, "agreed", whole, curve->agreed_size);
}

/* From the agreed octets to the base seed, both ways through the key wrap. */
static void play_seed(
    struct check *c, const json_t *vector, struct kc_span agreed, uint8_t seed[KC_DARE_SEED_SIZE])
{
    uint8_t kek[KC_DARE_KEK_SIZE] = {0}, again[KC_DARE_WRAPPED_SIZE] = {0};
    char kid[KC_UDF_ID_SIZE] = "";
    struct kc_span wrapped = check_octets(c, vector, "wrapped");
    check_ok(c, "kek", kc_dare_kek(agreed, check_octets(c, vector, "kek_info"), kek));
    expect_octets(c, vector, "kek", kek, sizeof kek);
    if (wrapped.size != KC_DARE_WRAPPED_SIZE)
        check_fail(c, "wrapped has another size");
    if (c->failed)
        return;
    check_ok(c, "base_seed", kc_dare_unwrap(kek, wrapped.bytes, seed));
    expect_octets(c, vector, "base_seed", seed, KC_DARE_SEED_SIZE);
    check_ok(c, "wrapped", kc_dare_wrap(kek, seed, again));
    expect_octets(c, vector, "wrapped", again, sizeof again);
    check_ok(c, "kid", kc_udf_symmetric_id((struct kc_span){seed, KC_DARE_SEED_SIZE}, kid));
    expect_text_if_there(c, vector, "kid", kid);
}

static void expect_witness(
    struct check *c, const json_t *vector, const struct kc_dare_content *content)
{
    uint8_t witness[KC_DARE_WITNESS_SIZE];
    check_ok(c, "witness", kc_dare_witness(content, check_octets(c, vector, "signature"), witness));
    if (!c->failed)
        expect_octets(c, vector, "witness", witness, sizeof witness);
}

/* From the ciphertext to the plaintext and back. A published body that was printed wrongly has no
 * valid padding; its vector says so with an empty plaintext under more than one block. */
static void play_body(struct check *c, const json_t *vector, const struct kc_dare_content *content)
{
    struct kc_span ciphertext = check_octets(c, vector, "ciphertext");
    struct kc_span plaintext = check_octets(c, vector, "plaintext");
    bool unreadable = plaintext.size == 0 && ciphertext.size > KC_DARE_BLOCK_SIZE;
    uint8_t *octets = malloc(ciphertext.size + plaintext.size + 2 * KC_DARE_BLOCK_SIZE);
    size_t size = 0;
    if (octets == NULL)
        abort();
    enum kc_error error = kc_dare_content_decrypt(content, ciphertext, octets, &size);
    if (unreadable && error != KC_ERR_DECRYPTION)
        check_fail(c, "plaintext: a body without valid padding is not refused");
    if (!unreadable) {
        check_ok(c, "plaintext", error);
        expect_octets(c, vector, "plaintext", octets, size);
        check_ok(c, "ciphertext", kc_dare_content_encrypt(content, plaintext, octets));
        expect_octets(c, vector, "ciphertext", octets, kc_dare_ciphertext_size(plaintext.size));
    }
    free(octets);
}

/* From the base seed to the content's keys and the content. */
static void play_content(
    struct check *c, const json_t *vector, const uint8_t seed[KC_DARE_SEED_SIZE])
{
    struct kc_dare_content content = {0};
    check_ok(c, "content", kc_dare_content_derive(seed, check_octets(c, vector, "salt"), &content));
    if (c->failed)
        return;
    expect_octets(c, vector, "content_prk", content.pseudo_random_key, 32);
    expect_octets(c, vector, "content_key", content.key, sizeof content.key);
    expect_octets(c, vector, "content_iv", content.iv, sizeof content.iv);
    play_body(c, vector, &content);
    if (check_has(vector, "witness"))
        expect_witness(c, vector, &content);
}

/* The fingerprint of the recipient's key, with the content type of today or of 2019 and 2020. */
static void expect_recipient(struct check *c, const json_t *vector, const char *name,
    const struct kc_curve_info *curve, const struct kc_key *key)
{
    static const char *const content_types[] = {KC_UDF_TYPE_KEY, "application/x509-keyinfo"};
    uint8_t encoding[KC_POINT_SIZE_MAX], key_info[KC_UDF_KEY_INFO_MAX];
    size_t key_info_size = 0;
    bool same = false;
    if (!check_has(vector, name))
        return;
    kc_point_encode(&key->public, encoding);
    check_ok(c, name,
        kc_udf_key_info(
            curve->name, (struct kc_span){encoding, curve->point_size}, key_info, &key_info_size));
    for (size_t i = 0; i < 2 && !c->failed; i++) {
        struct kc_udf_digest digest;
        char id[KC_UDF_ID_SIZE] = "";
        check_ok(c, name,
            kc_udf_content_digest(KC_HASH_SHA512, (struct kc_span){key_info, key_info_size},
                content_types[i], &digest));
        check_ok(c, name, kc_udf_digest_present(&digest, KC_UDF_BITS, id, sizeof id));
        same = same || strcmp(check_text(c, vector, name), id) == 0;
    }
    if (!same)
        check_fail(c, "%s differs", name);
}

/* The recipient's key, where the vector says what it was made from. */
static void play_key(struct check *c, const json_t *vector, const struct kc_curve_info *curve)
{
    struct kc_key key;
    if (check_has(vector, "recipient_private_seed")) {
        struct kc_span seed = check_octets(c, vector, "recipient_private_seed");
        check_ok(c, "recipient", kc_key_from_seed(&key, curve->curve, seed.bytes, seed.size));
    } else if (check_has(vector, "seed")) {
        const char *text = check_text(c, vector, "seed");
        const char *name = check_has(vector, "key_name") ? check_text(c, vector, "key_name") : "";
        struct kc_udf seed = {0};
        check_ok(
            c, "seed", kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &seed));
        check_ok(c, "seed",
            kc_derive_key(&key, curve->curve, KC_DERIVATION_CURRENT,
                (struct kc_span){seed.data, seed.data_size},
                (struct kc_span){(const uint8_t *)name, strlen(name)}));
    } else {
        return;
    }
    struct kc_scalar scalar = number_scalar(c, curve->curve, vector, "scalar");
    if (c->failed)
        return;
    if (!kc_scalar_equal(&scalar, &key.scalar))
        check_fail(c, "scalar differs");
    expect_recipient(c, vector, "recipient_udf", curve, &key);
    expect_recipient(c, vector, "recipient_kid", curve, &key);
}

void play_recipient(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    uint8_t agreed[KC_POINT_SIZE_MAX] = {0}, seed[KC_DARE_SEED_SIZE] = {0};
    if (curve == NULL || c->failed)
        return;
    play_key(c, vector, curve);
    play_shares(c, vector, curve, agreed);
    if (!c->failed)
        play_seed(c, vector, (struct kc_span){agreed, curve->agreed_size}, seed);
    if (!c->failed)
        play_content(c, vector, seed);
}
