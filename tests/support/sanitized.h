/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KC_TEST_SANITIZED: 1 if the program is built with a sanitizer, else 0. Sanitizers answer signals in
 * their own way and let mlock do nothing; and their allocators keep a lock over a fork that another
 * thread had, so that the child hangs at its next allocation: with them nobody forks beside a thread
 * that allocates.
 */
#ifndef KC_TESTS_SUPPORT_SANITIZED_H
#define KC_TESTS_SUPPORT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KC_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define KC_TEST_SANITIZED 1
#endif
#endif
#ifndef KC_TEST_SANITIZED
#define KC_TEST_SANITIZED 0
#endif

#endif
