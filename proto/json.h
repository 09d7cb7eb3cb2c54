/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON that somebody else wrote: bounded before jansson sees it.
 *
 * jansson takes 2048 levels, keeps the last of two members with one name unless told, and refuses
 * the raw line feeds that Mesh documents carry inside strings; so size and depth are checked first,
 * and raw control characters in strings become escapes. What is digested is the original octets,
 * never what is made here.
 */
#ifndef KC_PROTO_JSON_H
#define KC_PROTO_JSON_H

#include "base/error.h"
#include "base/reader.h"

#include <jansson.h>

#define KC_JSON_DEPTH_MAX 16

/*
 * Reads one document.
 *
 * size_max  octets at most
 * json      given: json_decref
 *
 * KC_ERR_TOO_LARGE    more octets, or nested deeper than KC_JSON_DEPTH_MAX
 * KC_ERR_BAD_REQUEST  not JSON, or a member twice
 */
KC_CHECKED enum kc_error kc_json_read(struct kc_span text, size_t size_max, json_t **json);

/* A string member, lent; NULL if it is not there or no string. */
const char *kc_json_text(const json_t *object, const char *member);

/*
 * The octets of a base64url string.
 *
 * size  in: room; out: octets written
 *
 * KC_ERR_BAD_REQUEST  no string, or not base64url
 * KC_ERR_TOO_LARGE    it does not fit
 */
KC_CHECKED enum kc_error kc_json_octets(const json_t *string, uint8_t *octets, size_t *size);

#endif
