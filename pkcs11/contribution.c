/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/contribution.h"

#include "pkcs11/rv.h"
#include "proto/socket/cbor_item.h"

#include <string.h>

#define PARAMETER_MAX 1024

enum kc_operation kc_contribution_operation(CK_MECHANISM_TYPE mechanism)
{
    return mechanism == CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE ? KC_OPERATION_SIGNATURE_CONTRIBUTE
                                                           : KC_OPERATION_AGREEMENT_CONTRIBUTE;
}

/* --- the parameter --- */

static const char *scheme_named(struct kc_span name)
{
    static const char *const schemes[] = {"plain", "ctx", "ph"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (name.size == strlen(schemes[i]) && memcmp(name.bytes, schemes[i], name.size) == 0)
            return schemes[i];
    return NULL;
}

static bool copy(struct kc_span octets, uint8_t *bytes, size_t limit, size_t *size)
{
    if (octets.size == 0 || octets.size > limit)
        return false;
    memcpy(bytes, octets.bytes, octets.size);
    *size = octets.size;
    return true;
}

#define COPY(octets, place) copy(octets, (place).bytes, sizeof(place).bytes, &(place).size)

/* Which fields there are, and whether each fits the mechanism. */
static bool take_field(
    enum kc_field field, const struct kc_cbor_item *value, struct kc_signing *signing)
{
    struct kc_contribution_facts *facts = &signing->contribution;
    bool signs = signing->row->type == CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE;
    if (signs && field == KC_FIELD_SCHEME)
        return value->type == KC_CBOR_TEXT && (signing->scheme = scheme_named(value->span)) != NULL;
    if (value->type != KC_CBOR_BYTES)
        return false;
    if (signs && field == KC_FIELD_COMMITMENT)
        return COPY(value->span, facts->commitment);
    if (signs && field == KC_FIELD_CONTEXT)
        return copy(value->span, signing->context, sizeof signing->context, &signing->context_size);
    if (!signs && field == KC_FIELD_COEFFICIENT)
        return COPY(value->span, facts->coefficient);
    return !signs && field == KC_FIELD_OFFSET && COPY(value->span, facts->offset);
}

/* Keys in the order of canonical CBOR: shorter ones first, then bytewise (RFC 8949, section 4.2.1). */
static bool is_after(struct kc_span key, struct kc_span before)
{
    if (before.size != key.size)
        return before.size < key.size;
    return memcmp(before.bytes, key.bytes, key.size) < 0;
}

static bool take_map(struct kc_span octets, struct kc_signing *signing)
{
    struct kc_reader r;
    struct kc_span before = {(const uint8_t *)"", 0};
    kc_reader_init(&r, octets.bytes, octets.size);
    struct kc_cbor_item map = kc_cbor_item_next(&r);
    bool good = map.type == KC_CBOR_MAP;
    for (uint64_t i = 0; good && i < map.number; i++) {
        enum kc_field field;
        struct kc_cbor_item key = kc_cbor_item_next(&r), value = kc_cbor_item_next(&r);
        good = key.type == KC_CBOR_TEXT &&
               kc_field_find((const char *)key.span.bytes, key.span.size, &field) &&
               is_after(key.span, before) && take_field(field, &value, signing);
        before = key.span;
    }
    return good && kc_reader_finish(&r) == KC_OK;
}

CK_RV kc_contribution_take(const CK_MECHANISM *mechanism, struct kc_signing *signing)
{
    struct kc_span octets = {mechanism->pParameter, mechanism->ulParameterLen};
    bool signs = mechanism->mechanism == CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE;
    if (octets.size > PARAMETER_MAX || (octets.size > 0 && octets.bytes == NULL))
        return CKR_MECHANISM_PARAM_INVALID;
    if ((octets.size > 0 || signs) && !take_map(octets, signing))
        return CKR_MECHANISM_PARAM_INVALID;
    if (signs && signing->contribution.commitment.size == 0)
        return CKR_MECHANISM_PARAM_INVALID;
    /* of the Montgomery curves the sign of v too */
    if (!signs)
        signing->output_size = signing->type->public_size + 1;
    return CKR_OK;
}

/* --- asking --- */

#define SET(values, field, place)                                                                  \
    do {                                                                                           \
        if ((place).size > 0)                                                                      \
            kc_values_set_span(values, field, (place).bytes, (place).size);                        \
    } while (0)

CK_RV kc_contribution_fill(const struct kc_signing *signing, const void *message, size_t size,
    struct kc_client_request *request)
{
    const struct kc_contribution_facts *facts = &signing->contribution;
    struct kc_values *values = &request->message.values;
    SET(values, KC_FIELD_COMMITMENT, facts->commitment);
    SET(values, KC_FIELD_COEFFICIENT, facts->coefficient);
    SET(values, KC_FIELD_OFFSET, facts->offset);
    if (signing->scheme != NULL)
        kc_values_set_text(values, KC_FIELD_SCHEME, signing->scheme);
    if (signing->context_size > 0)
        kc_values_set_span(values, KC_FIELD_CONTEXT, signing->context, signing->context_size);
    if (signing->row->input == KC_INPUT_MESSAGE)
        return kc_rv(kc_client_request_data(request, values, KC_FIELD_MESSAGE, message, size));
    kc_values_set_span(values, KC_FIELD_PEER, message, size);
    return CKR_OK;
}

CK_RV kc_contribution_read(
    const struct kc_signing *signing, const struct kc_values *answer, CK_BYTE *octets)
{
    if (signing->row->type == CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE) {
        struct kc_span point = answer->value[KC_FIELD_CONTRIBUTION].span;
        if (point.size != signing->output_size)
            return CKR_DEVICE_ERROR;
        memcpy(octets, point.bytes, point.size);
        return CKR_OK;
    }
    struct kc_span r = answer->value[KC_FIELD_COMMITMENT].span;
    struct kc_span s = answer->value[KC_FIELD_SIGNATURE_SHARE].span;
    size_t half = signing->output_size / 2;
    if (r.size != half || s.size > half)
        return CKR_DEVICE_ERROR;
    memset(octets, 0, signing->output_size);
    memcpy(octets, r.bytes, half);
    memcpy(octets + half, s.bytes, s.size);
    return CKR_OK;
}
