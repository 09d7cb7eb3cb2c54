/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of JSON, as far as their size: for json_read.c.
 */
#ifndef KC_PROTO_JSON_NUMBER_H
#define KC_PROTO_JSON_NUMBER_H

#include "base/reader.h"

/* Octets of the number that text starts with; 0: there is none, or it is beyond 2^53. */
size_t kc_json_number_size(struct kc_span text);

#endif
