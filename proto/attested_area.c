/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/attested_area.h"

#include <string.h>

#define ALG_NULL 0x0010
#define ALG_SHA256 0x000b
#define ALG_ECDSA 0x0018
#define CURVE_P256 0x0003
#define CURVE_P384 0x0004

static struct kc_span read_sized(struct kc_reader *r)
{
    size_t size = kc_reader_u16(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

/* A number of at most `size` octets, at the end of as many. */
static void read_coordinate(struct kc_reader *r, size_t size, uint8_t *out)
{
    struct kc_span number = read_sized(r);
    if (number.size > size) {
        kc_reader_fail(r);
        return;
    }
    memset(out, 0, KC_AREA_COORDINATE_MAX);
    if (number.size > 0)
        memcpy(out + size - number.size, number.bytes, number.size);
}

static void read_ecc(struct kc_reader *r, struct kc_attested_area *area)
{
    if (kc_reader_u16(r) != ALG_NULL)
        kc_reader_fail(r); /* a storage key */
    uint16_t scheme = kc_reader_u16(r);
    uint16_t hash = scheme == ALG_NULL ? 0 : kc_reader_u16(r);
    uint16_t curve = kc_reader_u16(r);
    if (kc_reader_u16(r) != ALG_NULL)
        kc_reader_fail(r);
    area->coordinate_size = curve == CURVE_P256 ? 32 : curve == CURVE_P384 ? 48 : 0;
    area->is_attestation = curve == CURVE_P256 && scheme == ALG_ECDSA && hash == ALG_SHA256;
    read_coordinate(r, area->coordinate_size, area->x);
    read_coordinate(r, area->coordinate_size, area->y);
}

static void read_rsa(struct kc_reader *r, struct kc_attested_area *area)
{
    uint16_t symmetric = kc_reader_u16(r), scheme = kc_reader_u16(r);
    if (symmetric != ALG_NULL || scheme != ALG_NULL)
        kc_reader_fail(r);
    (void)kc_reader_u16(r); /* bits */
    if (kc_reader_u32(r) != 0)
        kc_reader_fail(r); /* 0 stands for 65537 */
    area->modulus = read_sized(r);
}

static void read_keyed_hash(struct kc_reader *r)
{
    if (kc_reader_u16(r) != ALG_NULL)
        kc_reader_fail(r); /* an HMAC key */
    (void)read_sized(r);
}

bool kc_attested_area_read(struct kc_span octets, struct kc_attested_area *area)
{
    struct kc_reader r;
    struct kc_attested_area read = {.type = 0};
    kc_reader_init(&r, octets.bytes, octets.size);
    read.type = kc_reader_u16(&r);
    if (kc_reader_u16(&r) != ALG_SHA256)
        kc_reader_fail(&r);
    read.attributes = kc_reader_u32(&r);
    read.policy = read_sized(&r);
    if (read.type == KC_AREA_ECC)
        read_ecc(&r, &read);
    else if (read.type == KC_AREA_RSA)
        read_rsa(&r, &read);
    else if (read.type == KC_AREA_KEYED_HASH)
        read_keyed_hash(&r);
    else
        kc_reader_fail(&r);
    if (kc_reader_finish(&r) != KC_OK)
        return false;
    *area = read;
    return true;
}
