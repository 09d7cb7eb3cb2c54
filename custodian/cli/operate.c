/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/operate.h"

#include "custodian/cli/output.h"
#include "custodian/cli/request.h"

#include <string.h>

/* --- requests --- */

/* One operation with the other share. */
static enum kc_error operation_begin(struct kc_cli *cli, const struct kc_cli_key *share,
    enum kc_object_type operation, struct kc_cli_request *request)
{
    if (share->capability[0] == '\0')
        return kc_cli_refuse(cli, KC_ERR_USAGE,
            "the key %s is no share that an account's administrator gave: no Mesh service knows "
            "of another one",
            share->id);
    enum kc_error error = kc_cli_request_begin(cli, KC_OBJECT_OperateRequest, request);
    if (error != KC_OK)
        return error;
    kc_object_write_text(&request->w, "AccountAddress", share->account);
    kc_object_write_list(&request->w, "Operations");
    kc_object_write_tagged(&request->w, NULL, operation);
    kc_object_write_text(&request->w, "KeyId", share->capability);
    return KC_OK;
}

static enum kc_error operation_end(struct kc_cli *cli, const struct kc_cli_key *share,
    struct kc_cli_request *request, struct kc_cli_octets *text)
{
    struct kc_cli_key device;
    kc_object_write_end(&request->w); /* the operation */
    kc_object_write_end(&request->w); /* the list */
    enum kc_error error = kc_cli_key_find_device(cli, share->account, &device);
    return error == KC_OK ? kc_cli_request_sign(cli, request, &device, text) : error;
}

enum kc_error kc_cli_operate_agree(struct kc_cli *cli, const struct kc_cli_key *share,
    struct kc_span peer, struct kc_cli_octets *text)
{
    struct kc_cli_request request;
    enum kc_error error =
        operation_begin(cli, share, KC_OBJECT_CryptographicOperationKeyAgreement, &request);
    if (error != KC_OK)
        return error;
    kc_object_write_tagged(&request.w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&request.w, "crv", share->public.algorithm);
    kc_object_write_octets(&request.w, "Public", peer);
    kc_object_write_end(&request.w);
    return operation_end(cli, share, &request, text);
}

enum kc_error kc_cli_operate_sign(struct kc_cli *cli, const struct kc_cli_key *share,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span commitment,
    struct kc_cli_octets *text)
{
    struct kc_cli_request request;
    enum kc_error error =
        operation_begin(cli, share, KC_OBJECT_CryptographicOperationSign, &request);
    if (error != KC_OK)
        return error;
    kc_object_write_octets(&request.w, "Data", (struct kc_span){digest, KC_DARE_DIGEST_SIZE});
    kc_object_write_octets(&request.w, "PartialR", commitment);
    return operation_end(cli, share, &request, text);
}

/* --- answers --- */

/* Octets of an answer that have to be so many. */
static enum kc_error octets_read(const struct kc_cli *cli, const struct kc_object *object,
    const char *field, size_t size, uint8_t *octets)
{
    size_t room = size;
    return kc_json_octets(kc_object_member(object, field), octets, &room) == KC_OK && room == size
               ? KC_OK
               : kc_cli_fail(cli, KC_ERR_BAD_REPLY, "%s", field);
}

enum kc_error kc_cli_operate_agreed(const struct kc_cli *cli, const struct kc_cli_key *share,
    struct kc_span answer, uint8_t *contribution, size_t *size)
{
    KC_AUTO_ANSWER read = {0};
    struct kc_object result;
    enum kc_error error = kc_cli_answer_read(cli, answer, &read);
    if (error == KC_OK)
        error =
            kc_cli_answer_result(cli, &read, KC_OBJECT_CryptographicResultKeyAgreement, &result);
    if (error != KC_OK)
        return error;
    struct kc_object agreement = kc_object_inner(&result, "KeyAgreement");
    size_t whole = kc_cli_public_info(&share->public)->public_size;
    error = octets_read(cli, &agreement, "Result", whole, contribution);
    if (error == KC_OK)
        *size = whole;
    return error;
}

/* Of the sum of two commitments, the one that is not ours. */
static enum kc_error other_commitment(
    enum kc_curve curve, struct kc_span sum, struct kc_span ours, uint8_t other[KC_POINT_SIZE_MAX])
{
    struct kc_point both[2], own, rest;
    enum kc_error error = kc_point_decode(&both[0], curve, sum.bytes, sum.size);
    if (error == KC_OK)
        error = kc_point_decode(&own, curve, ours.bytes, ours.size);
    if (error != KC_OK)
        return error;
    kc_point_negate(&both[1], &own);
    error = kc_point_sum(&rest, both, 2);
    if (error == KC_OK)
        kc_point_encode(&rest, other);
    return error;
}

enum kc_error kc_cli_operate_signed(const struct kc_cli *cli, const struct kc_cli_key *share,
    struct kc_span commitment, struct kc_span answer, struct kc_cli_contribution *contribution)
{
    KC_AUTO_ANSWER read = {0};
    struct kc_object result;
    uint8_t sum[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *curve = kc_cli_public_curve(&share->public);
    contribution->commitment_size = curve->point_size;
    contribution->part_size = curve->scalar_size; /* S is as long as R, with a zero behind it */
    enum kc_error error = kc_cli_answer_read(cli, answer, &read);
    if (error == KC_OK)
        error = kc_cli_answer_result(cli, &read, KC_OBJECT_CryptographicResultSign, &result);
    if (error == KC_OK)
        error = octets_read(cli, &result, "R", curve->point_size, sum);
    if (error == KC_OK)
        error = octets_read(cli, &result, "S", curve->point_size, contribution->part);
    if (error != KC_OK)
        return error;
    error = other_commitment(curve->curve, (struct kc_span){sum, curve->point_size}, commitment,
        contribution->commitment);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, KC_ERR_CONTRIBUTION, "R");
}
