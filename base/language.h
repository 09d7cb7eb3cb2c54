/* SPDX-License-Identifier: Apache-2.0 */
/* For headers that C++ reads too: what it has no word for, or another meaning. */
#ifndef KC_BASE_LANGUAGE_H
#define KC_BASE_LANGUAGE_H

#ifdef __cplusplus
#define KC_AT_LEAST(count) count
#define KC_PUBLIC public_point
#define KC_CLASS error_class
#define KC_C_BEGIN extern "C" {
#define KC_C_END }
#else
#define KC_AT_LEAST(count) static count /* of an array that is passed: so many elements, or more */
#define KC_PUBLIC public                /* names of members */
#define KC_CLASS class
#define KC_C_BEGIN
#define KC_C_END
#endif

#endif
