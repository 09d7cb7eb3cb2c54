/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes base_table.c at build time: the combs of the three base points, as edwards_multiply.inc
 * uses them. Entry e of comb j is the sum over the teeth k of +-[2^(SPACING (5 j + k))]B: plus for
 * the last tooth and where e has a bit.
 */
#include "threshold/base_table.h"

#include <inttypes.h>
#include <stdio.h>

/* y + x, y - x, 2 d x y */
static void make_entry25519(struct kc_field25519 entry[3], const struct kc_field25519 *x,
    const struct kc_field25519 *y, const struct kc_field25519 *d2)
{
    kc_field25519_add(&entry[0], y, x);
    kc_field25519_subtract(&entry[1], y, x);
    kc_field25519_multiply(&entry[2], x, y);
    kc_field25519_multiply(&entry[2], &entry[2], d2);
}

/* x, y, d x y */
static void make_entry448(struct kc_field448 entry[3], const struct kc_field448 *x,
    const struct kc_field448 *y, const struct kc_field448 *d)
{
    entry[0] = *x;
    entry[1] = *y;
    kc_field448_multiply(&entry[2], x, y);
    kc_field448_multiply(&entry[2], &entry[2], d);
}

#define FIELD struct kc_field25519
#define FIELD_(name) kc_field25519_##name
#define FIELD_SIZE KC_FIELD25519_SIZE
#define LIMBS KC_FIELD25519_LIMBS
#define POINT struct kc_edwards25519
#define EDWARDS_(name) kc_edwards25519_##name
#define NAMED_(name) name##25519
#define COMBS KC_EDWARDS25519_COMBS
#define SPACING KC_EDWARDS25519_SPACING
#define TABLE_TYPE "kc_edwards25519_table"
#include "threshold/base_table_generate.inc"

#define FIELD struct kc_field448
#define FIELD_(name) kc_field448_##name
#define FIELD_SIZE KC_FIELD448_SIZE
#define LIMBS KC_FIELD448_LIMBS
#define POINT struct kc_edwards448
#define EDWARDS_(name) kc_edwards448_##name
#define NAMED_(name) name##448
#define COMBS KC_EDWARDS448_COMBS
#define SPACING KC_EDWARDS448_SPACING
#define TABLE_TYPE "kc_edwards448_table"
#include "threshold/base_table_generate.inc"

/* The base points by x and y: RFC 8032 5.1 and 5.2; the last is that of curve448 (u = 5, RFC
 * 7748 4.2) in Edwards form. */
static struct kc_edwards25519 ed25519 = {
    .x = {{0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5}},
    .y = {{0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666}},
    .z = {{1}},
};

static struct kc_edwards448 ed448 = {
    .x = {{0x26a82bc70cc05e, 0x80e18b00938e26, 0xf72ab66511433b, 0xa3d3a46412ae1a, 0x0f1767ea6de324,
        0x36da9e14657047, 0xed221d15a622bf, 0x4f1970c66bed0d}},
    .y = {{0x08795bf230fa14, 0x132c4ed7c8ad98, 0x1ce67c39c4fdbd, 0x05a0c2d73ad3ff, 0xa3984087789c1e,
        0xc7624bea73736c, 0x248876203756c9, 0x693f46716eb6bc}},
    .z = {{1}},
};

static struct kc_edwards448 x448 = {
    .x = {{0x78ecf6c163fb03, 0xcd0c7b6932ee96, 0x7812968ddb6218, 0x8d74236c1de088, 0xd696dbf3da5f81,
        0x6d39eed78ae536, 0xac5183620be938, 0x8658f4d48fbffa}},
    .y = {{0x00000000000001, 0x00000000000000, 0x00000000000000, 0x80000000000000, 0xffffffffffffff,
        0xffffffffffffff, 0xffffffffffffff, 0x7fffffffffffff}},
    .z = {{1}},
};

int main(void)
{
    kc_field25519_multiply(&ed25519.t, &ed25519.x, &ed25519.y);
    kc_field448_multiply(&ed448.t, &ed448.x, &ed448.y);
    kc_field448_multiply(&x448.t, &x448.x, &x448.y);
    printf("/* Made by base_table_generate. */\n#include \"threshold/base_table.h\"\n\n");
    print_table25519("kc_base_table_25519", &ed25519, &kc_edwards25519_d2);
    print_table448("kc_base_table_ed448", &ed448, &kc_edwards448_d);
    print_table448("kc_base_table_x448", &x448, &kc_edwards448_d_curve448);
    return ferror(stdout) != 0;
}
