/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/cbor_key.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(KC_KEY_KEYS <= UINT8_MAX, "a key fits a byte");

static const char *const frame[] = {"v", "id", "op", "error", "name", "sentence"};
static uint8_t order[KC_KEY_KEYS];
static pthread_once_t ordered = PTHREAD_ONCE_INIT;

struct kc_span kc_key_text(unsigned int key)
{
    if (key < KC_FIELDS)
        return (struct kc_span){(const uint8_t *)kc_fields[key].name, kc_fields[key].name_size};
    const char *text = frame[key - KC_FIELDS];
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* The head of a text's encoding holds its size: the shorter comes first, then the bytes decide. */
static int compare(const void *a, const void *b)
{
    struct kc_span x = kc_key_text(*(const uint8_t *)a);
    struct kc_span y = kc_key_text(*(const uint8_t *)b);
    if (x.size != y.size)
        return x.size < y.size ? -1 : 1;
    return memcmp(x.bytes, y.bytes, x.size);
}

static void make_order(void)
{
    for (unsigned int i = 0; i < KC_KEY_KEYS; i++)
        order[i] = (uint8_t)i;
    qsort(order, KC_KEY_KEYS, sizeof order[0], compare);
}

const uint8_t *kc_key_order(void)
{
    pthread_once(&ordered, make_order);
    return order;
}
