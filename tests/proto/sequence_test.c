/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/hkdf.h"
#include "proto/sequence.h"
#include "proto/sequence_frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static char folder[] = "/tmp/sequence_test.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/log", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int remove_file(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static enum kc_error append(struct kc_sequence *sequence, const char *payload)
{
    static struct kc_dare_envelope envelope;
    uint8_t body[100] = {0}, meta[] = "{\"Event\":\"New\"}";
    memset(&envelope, 0, sizeof envelope);
    for (size_t i = 0; payload[i] != '\0'; i++)
        body[i] = (uint8_t)payload[i];
    envelope.body = body;
    envelope.body_size = strlen(payload);
    envelope.content_meta = meta;
    envelope.content_meta_size = sizeof meta - 1;
    return kc_sequence_append(sequence, &envelope);
}

/* A file of frame 0 and count more: "payload 1" and so on. */
static void make(enum kc_sequence_type type, int count)
{
    struct kc_sequence sequence;
    GOOD(kc_sequence_create(
        path, type, span_of("{\"cty\":\"application/mmm-catalog\"}"), &sequence));
    for (int i = 1; i <= count; i++) {
        char payload[32];
        snprintf(payload, sizeof payload, "payload %d", i);
        GOOD(append(&sequence, payload));
    }
    kc_sequence_close(&sequence);
}

static off_t file_size(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void put(off_t offset, const void *octets, size_t size)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, octets, size, offset), (ssize_t)size);
    close(file);
}

static const enum kc_sequence_type types[] = {
    KC_SEQUENCE_LIST, KC_SEQUENCE_DIGEST, KC_SEQUENCE_CHAIN, KC_SEQUENCE_TREE, KC_SEQUENCE_MERKLE};

#define EACH_TYPE(i) (size_t i = 0; i < sizeof types / sizeof *types; i++)

static void reads_and_verifies_what_it_appended_for_each_type(void **state)
{
    for
        EACH_TYPE(i)
        {
            struct kc_sequence sequence;
            struct kc_sequence_report report;
            struct kc_sequence_frame frame;
            char payload[32];
            make(types[i], 20);
            GOOD(kc_sequence_open(path, false, &sequence));
            assert_int_equal(sequence.type, types[i]);
            assert_int_equal(sequence.count, 21);
            for (size_t index = 1; index < sequence.count; index++) {
                GOOD(kc_sequence_read(&sequence, index, &frame));
                snprintf(payload, sizeof payload, "payload %zu", index);
                assert_int_equal(frame.envelope->body_size, strlen(payload));
                assert_memory_equal(frame.envelope->body, payload, strlen(payload));
                assert_memory_equal(frame.envelope->content_meta, "{\"Event\":\"New\"}", 15);
                kc_sequence_frame_done(&frame);
            }
            assert_int_equal(kc_sequence_read(&sequence, 21, &frame), KC_ERR_BAD_ARGUMENT);
            GOOD(kc_sequence_verify(&sequence, &report));
            assert_int_equal(report.frames, 21);
            assert_int_equal(report.damaged + report.unlinked, 0);
            kc_sequence_close(&sequence);
            remove_file(state);
        }
}

static void goes_on_where_an_earlier_writer_stopped(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    make(KC_SEQUENCE_MERKLE, 6);
    GOOD(kc_sequence_open(path, true, &sequence));
    GOOD(append(&sequence, "another"));
    GOOD(kc_sequence_verify(&sequence, &report));
    assert_int_equal(report.frames, 8);
    assert_int_equal(report.unlinked, 0);
    kc_sequence_close(&sequence);
}

static void makes_no_file_over_another(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_LIST, 0);
    assert_int_equal(
        kc_sequence_create(path, KC_SEQUENCE_LIST, span_of(""), &sequence), KC_ERR_EXISTS);
    assert_int_equal(
        kc_sequence_create("/nowhere/at/all", KC_SEQUENCE_LIST, span_of(""), &sequence),
        KC_ERR_FILE);
}

static void appends_only_if_it_was_opened_for_writing(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_CHAIN, 1);
    GOOD(kc_sequence_open(path, false, &sequence));
    assert_int_equal(append(&sequence, "x"), KC_ERR_BAD_ARGUMENT);
    kc_sequence_close(&sequence);
}

/* Whatever part of the last frame a crash left. */
static void cuts_back_a_tail_that_was_truncated_anywhere(void **state)
{
    make(KC_SEQUENCE_MERKLE, 2);
    off_t whole = file_size();
    struct kc_sequence sequence;
    GOOD(kc_sequence_open(path, false, &sequence));
    off_t last = (off_t)sequence.entries[2].offset;
    kc_sequence_close(&sequence);
    remove_file(state);
    for (off_t size = last + 1; size < whole; size++) {
        make(KC_SEQUENCE_MERKLE, 2);
        assert_int_equal(truncate(path, size), 0);
        GOOD(kc_sequence_open(path, false, &sequence));
        assert_int_equal(sequence.count, 2);
        assert_int_equal(sequence.beyond, size - last);
        kc_sequence_close(&sequence);
        assert_int_equal(file_size(), size);
        GOOD(kc_sequence_open(path, true, &sequence));
        assert_int_equal(file_size(), last);
        GOOD(append(&sequence, "payload 2"));
        assert_int_equal(file_size(), whole);
        kc_sequence_close(&sequence);
        remove_file(state);
    }
}

static void cuts_back_a_last_frame_whose_end_was_not_written(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_LIST, 2);
    put(file_size() - 1, "\0", 1);
    GOOD(kc_sequence_open(path, true, &sequence));
    assert_int_equal(sequence.count, 2);
    kc_sequence_close(&sequence);
}

/* Some file systems grow a file before what belongs there is on the disk. */
static void cuts_back_room_in_which_nothing_was_written(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_MERKLE, 2);
    off_t whole = file_size();
    assert_int_equal(truncate(path, whole + 5000), 0);
    put(whole + 4999, "\1", 1);
    assert_int_equal(kc_sequence_open(path, true, &sequence), KC_ERR_RECORD_DAMAGED);
    put(whole + 4999, "\0", 1);
    GOOD(kc_sequence_open(path, true, &sequence));
    assert_int_equal(sequence.count, 3);
    assert_int_equal(sequence.beyond, 5000);
    assert_int_equal(file_size(), whole);
    kc_sequence_close(&sequence);
}

static void refuses_a_file_that_is_damaged_before_its_end(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_LIST, 3);
    GOOD(kc_sequence_open(path, false, &sequence));
    off_t second = (off_t)sequence.entries[1].offset;
    kc_sequence_close(&sequence);
    put(second, "\0", 1);
    assert_int_equal(kc_sequence_open(path, true, &sequence), KC_ERR_RECORD_DAMAGED);
    assert_int_equal(kc_sequence_open("/nowhere", false, &sequence), KC_ERR_FILE);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(kc_sequence_open(path, true, &sequence), KC_ERR_RECORD_DAMAGED);
}

/* Octets of a file, and where a text stands in it. */
static off_t find_in_file(const char *text)
{
    static uint8_t octets[1 << 16];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(file, octets, sizeof octets);
    close(file);
    assert_true(size > 0);
    uint8_t *place = memmem(octets, (size_t)size, text, strlen(text));
    assert_non_null(place);
    return place - octets;
}

/* Takes out a bit of an octet of frames 1 and 2 of three, each in its turn: frame 3 is not cut off,
 * and a reader still has it unless nobody can tell where it begins. */
static void damage_before_the_last_frame_cuts_nothing_off(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    make(KC_SEQUENCE_MERKLE, 3);
    GOOD(kc_sequence_open(path, false, &sequence));
    off_t begin = (off_t)sequence.entries[1].offset, end = (off_t)sequence.entries[3].offset;
    kc_sequence_close(&sequence);
    off_t whole = file_size();
    for (off_t at = begin; at < end; at++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t octet, altered;
            int file = open(path, O_RDONLY | O_CLOEXEC);
            assert_int_equal(pread(file, &octet, 1, at), 1);
            close(file);
            altered = octet ^ (uint8_t)(1 << bit);
            put(at, &altered, 1);
            if (kc_sequence_open(path, true, &sequence) == KC_OK)
                kc_sequence_close(&sequence);
            assert_int_equal(file_size(), whole);
            if (kc_sequence_open(path, false, &sequence) == KC_OK) {
                assert_int_equal(sequence.count, 4);
                kc_sequence_close(&sequence);
            }
            put(at, &octet, 1);
        }
}

/* An append would otherwise take the place of what was there. */
static void a_last_frame_that_was_altered_is_no_truncated_one(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    struct kc_sequence_frame frame;
    make(KC_SEQUENCE_CHAIN, 3);
    off_t whole = file_size();
    put(find_in_file("payload 3"), "Payload", 7);
    assert_int_equal(kc_sequence_open(path, true, &sequence), KC_ERR_RECORD_DAMAGED);
    assert_int_equal(file_size(), whole);
    GOOD(kc_sequence_open(path, false, &sequence));
    assert_int_equal(sequence.count, 4);
    assert_int_equal(sequence.beyond, 0);
    assert_int_equal(kc_sequence_read(&sequence, 3, &frame), KC_ERR_RECORD_DAMAGED);
    GOOD(kc_sequence_verify(&sequence, &report));
    assert_int_equal(report.damaged, 1);
    assert_int_equal(report.first_damaged, 3);
    kc_sequence_close(&sequence);
}

static void finds_the_frame_whose_payload_was_changed(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    make(KC_SEQUENCE_CHAIN, 3);
    put(find_in_file("payload 2"), "Payload", 7);
    GOOD(kc_sequence_open(path, false, &sequence));
    GOOD(kc_sequence_verify(&sequence, &report));
    assert_int_equal(report.damaged, 1);
    assert_int_equal(report.first_damaged, 2);
    assert_int_equal(report.unlinked, 1);
    kc_sequence_close(&sequence);
}

/* Two files of one length; frame 2 of the other is put in place of this one's. */
static void finds_a_frame_that_was_exchanged_for_a_good_one_of_another_file(void **state)
{
    (void)state;
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    uint8_t frame[2000];
    make(KC_SEQUENCE_MERKLE, 1);
    GOOD(kc_sequence_open(path, true, &sequence));
    GOOD(append(&sequence, "Payload 2"));
    uint64_t offset = sequence.entries[2].offset, size = sequence.entries[2].size;
    assert_true(size <= sizeof frame);
    assert_int_equal(pread(sequence.file, frame, size, (off_t)offset), (ssize_t)size);
    kc_sequence_close(&sequence);
    remove_file(state);
    make(KC_SEQUENCE_MERKLE, 3);
    put((off_t)offset, frame, size);
    GOOD(kc_sequence_open(path, false, &sequence));
    GOOD(kc_sequence_verify(&sequence, &report));
    assert_int_equal(report.damaged, 0);
    assert_int_equal(report.unlinked, 1);
    assert_int_equal(report.first_unlinked, 3);
    kc_sequence_close(&sequence);
}

/* Files that another program made by the same formulas. */
static void agrees_with_sequences_of_other_code(void **state)
{
    (void)state;
    static const char *const names[] = {"list", "chain", "merkle"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char other[300];
        struct kc_sequence sequence;
        struct kc_sequence_report report;
        snprintf(
            other, sizeof other, KC_SOURCE_DIR "/tests/fuzz/corpus/dare_sequence/%s", names[i]);
        GOOD(kc_sequence_open(other, false, &sequence));
        GOOD(kc_sequence_verify(&sequence, &report));
        assert_int_equal(report.frames, 4);
        assert_int_equal(report.damaged + report.unlinked, 0);
        kc_sequence_close(&sequence);
    }
}

/* --- links --- */

static void finds_the_apex_before_a_frame(void **state)
{
    (void)state;
    static const uint64_t apexes[][2] = {{1, 0}, {2, 1}, {3, 1}, {4, 3}, {5, 3}, {6, 5}, {7, 3}};
    for (size_t i = 0; i < sizeof apexes / sizeof *apexes; i++)
        assert_int_equal(kc_link_apex(apexes[i][0]), apexes[i][1]);
}

static uint8_t links[8][KC_LINK_SIZE];

static const uint8_t *earlier(const void *context, uint64_t frame)
{
    (void)context;
    return links[frame];
}

/* combine(a, b) by another hand. */
static void combined(const uint8_t *a, const uint8_t *b, uint8_t out[KC_LINK_SIZE])
{
    uint8_t both[2 * KC_LINK_SIZE] = {0};
    if (a != NULL)
        memcpy(both, a, KC_LINK_SIZE);
    memcpy(both + KC_LINK_SIZE, b, KC_LINK_SIZE);
    GOOD(kc_hash_digest(KC_HASH_SHA512, (struct kc_span){both, sizeof both}, out));
}

static void links_frames_as_the_walk_says(void **state)
{
    (void)state;
    uint8_t payload[KC_LINK_SIZE], value[KC_LINK_SIZE], link[KC_LINK_SIZE];
    memset(payload, 7, sizeof payload);
    for (int i = 0; i < 8; i++)
        memset(links[i], i + 1, KC_LINK_SIZE);
    GOOD(kc_link_chain(0, payload, earlier, NULL, link));
    combined(NULL, payload, value);
    assert_memory_equal(link, value, KC_LINK_SIZE);
    GOOD(kc_link_chain(3, payload, earlier, NULL, link));
    combined(links[2], payload, value);
    assert_memory_equal(link, value, KC_LINK_SIZE);
    GOOD(kc_link_merkle(3, payload, earlier, NULL, link));
    combined(links[2], payload, value);
    combined(links[1], value, value);
    combined(links[1], value, value);
    assert_memory_equal(link, value, KC_LINK_SIZE);
    GOOD(kc_link_merkle(6, payload, earlier, NULL, link));
    combined(links[5], payload, value);
    assert_memory_equal(link, value, KC_LINK_SIZE);
}

/* protocol-09: frame 0 of a new catalog. */
static void makes_the_published_tree_digest_of_an_empty_frame(void **state)
{
    (void)state;
    static const uint8_t published[] = {0x14, 0x41, 0xf2, 0xdb, 0x86, 0x3a, 0x70, 0xb3};
    uint8_t payload[KC_HASH_SIZE_MAX], link[KC_LINK_SIZE];
    GOOD(kc_hash_digest(KC_HASH_SHA512, (struct kc_span){NULL, 0}, payload));
    GOOD(kc_link_merkle(0, payload, earlier, NULL, link));
    assert_memory_equal(link, published, sizeof published);
}

/* --- frames --- */

static void refuses_each_damage_to_a_frame(void **state)
{
    (void)state;
    uint8_t octets[64];
    struct kc_frame frame = {
        {(const uint8_t *)"{}", 2}, {(const uint8_t *)"abc", 3}, {(const uint8_t *)"{}", 2}};
    size_t size = kc_frame_written_size(&frame), told;
    assert_int_equal(size, 17);
    kc_frame_write(&frame, octets);
    struct kc_frame again;
    GOOD(kc_frame_read((struct kc_span){octets, size}, &again));
    assert_int_equal(again.payload.size, 3);
    for (size_t short_size = 0; short_size < size; short_size++)
        assert_int_equal(
            kc_frame_read((struct kc_span){octets, short_size}, &again), KC_ERR_ENVELOPE);
    for (size_t i = 0; i < size; i++) {
        bool content = i == 4 || i == 5 || (i >= 8 && i < 11) || i == 13 || i == 14;
        octets[i] ^= 0x01;
        enum kc_error error = kc_frame_read((struct kc_span){octets, size}, &again);
        assert_int_equal(error, content ? KC_OK : KC_ERR_ENVELOPE);
        octets[i] ^= 0x01;
    }
    static const uint8_t huge[] = {0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(kc_frame_size((struct kc_span){huge, 9}, &told), KC_ERR_ENVELOPE);
    assert_int_equal(kc_frame_size((struct kc_span){huge, 8}, &told), KC_ERR_BAD_REQUEST);
    assert_int_equal(
        kc_frame_size((struct kc_span){(const uint8_t *)"x", 1}, &told), KC_ERR_ENVELOPE);
}

static void reads_lengths_that_are_longer_than_need_be(void **state)
{
    (void)state;
    static const uint8_t octets[] = {0xf5, 0x00, 0x0c, 0xf2, 0, 0, 0, 2, '{', '}', 0xf1, 0x00, 0x00,
        0xf0, 0x00, 0x0c, 0x00, 0xf5};
    struct kc_frame frame;
    GOOD(kc_frame_read((struct kc_span){octets, sizeof octets}, &frame));
    assert_int_equal(frame.header.size, 2);
    assert_int_equal(frame.payload.size, 0);
    assert_int_equal(frame.trailer.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_and_verifies_what_it_appended_for_each_type, remove_file),
        cmocka_unit_test_teardown(goes_on_where_an_earlier_writer_stopped, remove_file),
        cmocka_unit_test_teardown(makes_no_file_over_another, remove_file),
        cmocka_unit_test_teardown(appends_only_if_it_was_opened_for_writing, remove_file),
        cmocka_unit_test_teardown(cuts_back_a_tail_that_was_truncated_anywhere, remove_file),
        cmocka_unit_test_teardown(cuts_back_a_last_frame_whose_end_was_not_written, remove_file),
        cmocka_unit_test_teardown(cuts_back_room_in_which_nothing_was_written, remove_file),
        cmocka_unit_test_teardown(refuses_a_file_that_is_damaged_before_its_end, remove_file),
        cmocka_unit_test_teardown(damage_before_the_last_frame_cuts_nothing_off, remove_file),
        cmocka_unit_test_teardown(a_last_frame_that_was_altered_is_no_truncated_one, remove_file),
        cmocka_unit_test_teardown(finds_the_frame_whose_payload_was_changed, remove_file),
        cmocka_unit_test_teardown(
            finds_a_frame_that_was_exchanged_for_a_good_one_of_another_file, remove_file),
        cmocka_unit_test(agrees_with_sequences_of_other_code),
        cmocka_unit_test(finds_the_apex_before_a_frame),
        cmocka_unit_test(links_frames_as_the_walk_says),
        cmocka_unit_test(makes_the_published_tree_digest_of_an_empty_frame),
        cmocka_unit_test(refuses_each_damage_to_a_frame),
        cmocka_unit_test(reads_lengths_that_are_longer_than_need_be),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
