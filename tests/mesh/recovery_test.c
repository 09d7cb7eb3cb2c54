/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery records and their shares: what comes back, and what is noticed. */
#include "custodian/mesh/recovery.h"

#include "base/secret.h"
#include "tests/mesh/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#define SHARES 5
#define NEEDED 3

/* One escrow. */
struct escrow {
    struct kc_recovery_seed seed;
    char profile[KC_UDF_ID_SIZE];
    char id[KC_UDF_ID_SIZE];
    char *record;
    size_t record_size;
    char shares[SHARES][KC_RECOVERY_SHARE_SIZE];
};

static int make_arena(void **state)
{
    (void)state;
    return kc_arena_init(1 << 20) == KC_OK ? 0 : -1;
}

static void seed_make(struct kc_recovery_seed *seed, unsigned type, enum kc_curve signing)
{
    KC_AUTO_KEY key = {0};
    *seed = (struct kc_recovery_seed){
        .octets = {(uint8_t)(type >> 8), (uint8_t)type}, .size = 34, .signing = signing};
    assert_int_equal(getrandom(seed->octets + 2, 32, 0), 32);
    assert_int_equal(
        kc_recovery_profile_key((struct kc_span){seed->octets, seed->size}, signing, &key), KC_OK);
    assert_int_equal(kc_mesh_public_key(&key.public, &seed->profile), KC_OK);
}

static void shares_make(
    struct kc_span secret, const char *id, char shares[][KC_RECOVERY_SHARE_SIZE])
{
    struct kc_udf_share made[SHARES];
    uint8_t random[KC_UDF_SHAMIR_RANDOM_SIZE];
    assert_int_equal(getrandom(random, sizeof random, 0), sizeof random);
    assert_int_equal(kc_udf_shamir_split(made, SHARES, NEEDED, secret, random), KC_OK);
    for (size_t i = 0; i < SHARES; i++)
        assert_int_equal(kc_recovery_share_print(&made[i], id, shares[i]), KC_OK);
}

static void escrow_make(struct escrow *escrow, unsigned type, enum kc_curve signing)
{
    uint8_t key[KC_RECOVERY_KEY_SIZE];
    struct kc_mesh_source source = sample_source();
    seed_make(&escrow->seed, type, signing);
    memcpy(escrow->profile, escrow->seed.profile.udf, sizeof escrow->profile);
    assert_int_equal(kc_recovery_make(&source, &escrow->seed, key, escrow->id, &escrow->record,
                         &escrow->record_size),
        KC_OK);
    shares_make((struct kc_span){key, sizeof key}, escrow->id, escrow->shares);
}

static int setup(void **state)
{
    struct escrow *escrow = calloc(1, sizeof *escrow);
    escrow_make(escrow, KC_MESH_SEED_PROFILE_ACCOUNT, KC_CURVE_ED448);
    *state = escrow;
    return 0;
}

static int teardown(void **state)
{
    struct escrow *escrow = *state;
    free(escrow->record);
    free(escrow);
    return 0;
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* The shares of these places, a line each; static room. */
static const char *lines(const struct escrow *escrow, const char *places)
{
    static char text[KC_RECOVERY_SHARES_SIZE];
    text[0] = '\0';
    for (; *places; places++) {
        strcat(text, escrow->shares[*places - '1']);
        strcat(text, "\n");
    }
    return text;
}

static enum kc_error recover(const struct escrow *escrow, const char *shares, const char *profile,
    struct kc_recovery_seed *seed)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX];
    size_t size = 0, wrong;
    enum kc_error error = kc_recovery_combine(span_of(shares), secret, &size, &wrong);
    if (error == KC_OK)
        error = kc_recovery_open((struct kc_span){(uint8_t *)escrow->record, escrow->record_size},
            (struct kc_span){secret, size}, profile, seed);
    return error;
}

static void expect(const struct escrow *escrow, const char *shares, enum kc_error error)
{
    struct kc_recovery_seed seed = {0};
    assert_string_equal(
        kc_error_name(recover(escrow, shares, escrow->profile, &seed)), kc_error_name(error));
    assert_int_equal(seed.size > 0, error == KC_OK);
}

static void as_many_shares_as_are_needed_give_the_seed_back(void **state)
{
    struct escrow *escrow = *state;
    static const char *const sets[] = {"123", "345", "531", "12345", "1523", "11123"};
    struct kc_recovery_seed seed;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        assert_int_equal(recover(escrow, lines(escrow, sets[i]), escrow->profile, &seed), KC_OK);
        assert_int_equal(seed.size, escrow->seed.size);
        assert_memory_equal(seed.octets, escrow->seed.octets, seed.size);
        assert_int_equal(seed.signing, KC_CURVE_ED448);
        assert_string_equal(seed.profile.udf, escrow->profile);
    }
}

static void shares_are_read_as_people_type_them(void **state)
{
    struct escrow *escrow = *state;
    char typed[KC_RECOVERY_SHARES_SIZE] = "\r\n   \n", *end = typed + strlen(typed);
    for (size_t i = 0; i < NEEDED; i++) {
        for (const char *c = escrow->shares[i]; *c; c++) {
            if (*c == '-' && i == 1)
                *end++ = ' ';
            else if (*c != ':' || i != 2)
                *end++ = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
            else
                break; /* without its set */
        }
        *end++ = '\r';
        *end++ = '\n';
    }
    *end = '\0';
    expect(escrow, typed, KC_OK);
}

static void fewer_shares_are_told_from_wrong_ones(void **state)
{
    struct escrow *escrow = *state;
    expect(escrow, "", KC_ERR_SHARES_FEW);
    expect(escrow, lines(escrow, "1"), KC_ERR_SHARES_FEW);
    expect(escrow, lines(escrow, "24"), KC_ERR_SHARES_FEW);
    expect(escrow, lines(escrow, "242424"), KC_ERR_SHARES_FEW);
    expect(escrow, "no share", KC_ERR_BAD_ARGUMENT);
    expect(escrow, escrow->id, KC_ERR_BAD_ARGUMENT);
}

static void what_stands_behind_the_colon_is_a_set(void **state)
{
    struct escrow *escrow = *state;
    static const char wrong[] = {'\0', '!', '1', ':'};
    for (size_t i = 0; i < sizeof wrong; i++) {
        uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX];
        size_t size = 0, number;
        char text[KC_RECOVERY_SHARES_SIZE];
        strcpy(text, lines(escrow, "123"));
        struct kc_span span = span_of(text);
        strchr(text, ':')[2] = wrong[i];
        assert_int_equal(kc_recovery_combine(span, secret, &size, &number), KC_ERR_BAD_ARGUMENT);
        assert_int_equal(number, 1);
    }
}

/* The lines of a text, each changed; static room. */
static const char *typed(const char *text, int (*type)(int c))
{
    static char out[KC_RECOVERY_SHARES_SIZE];
    char *end = out;
    for (; *text; text++) {
        int c = type(*text);
        if (c != 0)
            *end++ = (char)c;
    }
    *end = 0;
    return out;
}

static int in_one_piece(int c)
{
    return c == '-' || c == ' ' ? 0 : c;
}

static int with_digits_for_letters(int c)
{
    return c == 'O' ? '0' : c == 'B' ? '8' : c;
}

static void letters_that_look_like_digits_are_told_from_them(void **state)
{
    struct escrow *escrow = *state;
    int (*const types[])(int c) = {in_one_piece, with_digits_for_letters};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        expect(escrow, typed(lines(escrow, "123"), types[i]), KC_OK);
}

static void the_line_that_is_no_share_is_told(void **state)
{
    struct escrow *escrow = *state, other = {0};
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX];
    size_t size = 0, number = 7;
    char text[KC_RECOVERY_SHARES_SIZE] = "\n";
    strcat(text, lines(escrow, "12"));
    assert_int_equal(kc_recovery_combine(span_of(text), secret, &size, &number), KC_ERR_SHARES_FEW);
    assert_int_equal(number, 0);
    strcat(text, "1LLEGIBLE\n");
    assert_int_equal(
        kc_recovery_combine(span_of(text), secret, &size, &number), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(number, 3);
    escrow_make(&other, KC_MESH_SEED_PROFILE_ACCOUNT, KC_CURVE_ED448);
    strcpy(text, lines(escrow, "1"));
    strcat(text, lines(&other, "3"));
    assert_int_equal(
        kc_recovery_combine(span_of(text), secret, &size, &number), KC_ERR_SHARES_MIXED);
    assert_int_equal(number, 2);
    free(other.record);
}

/* 7.22 */
static void shares_of_two_sets_are_noticed(void **state)
{
    struct escrow *escrow = *state, other = {0};
    char mixed[KC_RECOVERY_SHARES_SIZE];
    escrow_make(&other, KC_MESH_SEED_PROFILE_ACCOUNT, KC_CURVE_ED448);
    strcpy(mixed, lines(escrow, "12"));
    strcat(mixed, lines(&other, "3"));
    expect(escrow, mixed, KC_ERR_SHARES_MIXED);
    for (char *c = mixed; *c; c++) /* whoever left out what tells the sets */
        if (*c == ':')
            memset(c, ' ', 11);
    expect(escrow, mixed, KC_ERR_RECOVERY);
    free(other.record);
}

/* Changes one character of a share's value. */
static void alter(char *share)
{
    char *c = share + 30;
    if (*c == '-')
        c++;
    *c = *c == 'A' ? 'B' : 'A';
}

/* 7.22 */
static void an_altered_share_is_noticed_with_and_without_one_too_many(void **state)
{
    struct escrow *escrow = *state;
    alter(escrow->shares[1]);
    expect(escrow, lines(escrow, "123"), KC_ERR_RECOVERY);
    expect(escrow, lines(escrow, "1234"), KC_ERR_SHARES_WRONG);
    expect(escrow, lines(escrow, "1345"), KC_OK);
}

/* 7.21 */
static void a_record_that_was_put_in_the_place_of_another_is_noticed(void **state)
{
    struct escrow *escrow = *state, other = {0};
    char *own = escrow->record;
    size_t own_size = escrow->record_size;
    escrow_make(&other, KC_MESH_SEED_PROFILE_ACCOUNT, KC_CURVE_ED448);
    escrow->record = other.record;
    escrow->record_size = other.record_size;
    expect(escrow, lines(escrow, "123"), KC_ERR_RECOVERY);
    /* by who made shares, too */
    struct kc_recovery_seed seed = {0};
    memcpy(escrow->shares, other.shares, sizeof other.shares);
    expect(escrow, lines(escrow, "123"), KC_ERR_RECOVERY_PROFILE);
    assert_int_equal(recover(escrow, lines(escrow, "123"), other.profile, &seed), KC_OK);
    escrow->record = own;
    escrow->record_size = own_size;
    free(other.record);
}

static void the_expected_profile_is_named_in_full(void **state)
{
    struct escrow *escrow = *state;
    struct kc_recovery_seed seed;
    char prefix[KC_UDF_ID_SIZE];
    strcpy(prefix, escrow->profile);
    prefix[24] = '\0';
    assert_int_equal(recover(escrow, lines(escrow, "123"), prefix, &seed), KC_ERR_RECOVERY_PROFILE);
    assert_int_equal(recover(escrow, lines(escrow, "123"), "", &seed), KC_ERR_RECOVERY_PROFILE);
}

/* A set that somebody else signed, or nobody, under the right key. */
static void a_set_that_the_profile_did_not_sign_is_refused(void **state)
{
    struct escrow *escrow = *state;
    KC_AUTO_KEY key = {0}, other = {0};
    struct kc_recovery_seed seed, another;
    uint8_t secret[KC_RECOVERY_KEY_SIZE] = {7};
    char payload[512], udf[128], *inner, *outer;
    size_t size;
    struct kc_mesh_source source = sample_source();
    seed_make(&another, KC_MESH_SEED_PROFILE_ACCOUNT, KC_CURVE_ED448);
    assert_int_equal(
        kc_recovery_profile_key((struct kc_span){escrow->seed.octets, 34}, KC_CURVE_ED448, &key),
        KC_OK);
    assert_int_equal(
        kc_recovery_profile_key((struct kc_span){another.octets, 34}, KC_CURVE_ED448, &other),
        KC_OK);
    assert_int_equal(
        kc_udf_present(KC_UDF_SEED, (struct kc_span){escrow->seed.octets, 34}, 0, udf, sizeof udf),
        KC_OK);
    snprintf(payload, sizeof payload, "{\"EscrowedKeySet\":{\"Seeds\":[\"%s\"]}}", udf);
    const struct kc_key *const signers[] = {&key, &other, NULL};
    for (size_t i = 0; i < 3; i++) {
        struct kc_mesh_letter letter = {.payload = span_of(payload), .signer = signers[i]};
        assert_int_equal(kc_mesh_envelope_make(&source, &letter, &inner, &size), KC_OK);
        letter = (struct kc_mesh_letter){
            .payload = {(uint8_t *)inner, size}, .secret = {secret, sizeof secret}};
        assert_int_equal(kc_mesh_envelope_make(&source, &letter, &outer, &size), KC_OK);
        assert_int_equal(kc_recovery_open((struct kc_span){(uint8_t *)outer, size},
                             (struct kc_span){secret, sizeof secret}, escrow->profile, &seed),
            i == 0 ? KC_OK : KC_ERR_RECOVERY_PROFILE);
        free(inner);
        free(outer);
    }
}

static void seeds_of_profiles_of_each_kind_and_curve_are_escrowed(void **state)
{
    (void)state;
    static const unsigned types[] = {
        KC_MESH_SEED_PROFILE_DEVICE, KC_MESH_SEED_PROFILE_ACCOUNT, KC_MESH_SEED_PROFILE_SERVICE};
    for (size_t i = 0; i < 3; i++)
        for (unsigned k = 0; k < 2; k++) {
            struct escrow escrow = {0};
            escrow_make(&escrow, types[i], k ? KC_CURVE_ED25519 : KC_CURVE_ED448);
            expect(&escrow, lines(&escrow, "135"), KC_OK);
            free(escrow.record);
        }
    struct kc_recovery_seed activation = {.octets = {1, 1}, .size = 34, .signing = KC_CURVE_ED448};
    struct kc_mesh_source source = sample_source();
    uint8_t key[KC_RECOVERY_KEY_SIZE];
    char id[KC_UDF_ID_SIZE], *text;
    size_t size;
    assert_int_equal(
        kc_recovery_make(&source, &activation, key, id, &text, &size), KC_ERR_BAD_ARGUMENT);
}

/* As others split: the whole UDF of the seed, and no record. */
static void shares_of_a_seed_itself_need_no_record(void **state)
{
    struct escrow *escrow = *state;
    uint8_t whole[35] = {KC_UDF_SEED};
    struct kc_udf_share made[SHARES];
    uint8_t random[KC_UDF_SHAMIR_RANDOM_SIZE] = {1}, secret[KC_UDF_SHAMIR_SECRET_MAX];
    char text[KC_RECOVERY_SHARES_SIZE] = "", share[128];
    size_t size = 0, wrong;
    struct kc_recovery_seed seed;
    memcpy(whole + 1, escrow->seed.octets, 34);
    assert_int_equal(
        kc_udf_shamir_split(made, SHARES, NEEDED, (struct kc_span){whole, 35}, random), KC_OK);
    for (size_t i = 0; i < NEEDED; i++) {
        assert_int_equal(
            kc_udf_present(KC_UDF_SHARE, (struct kc_span){made[i].octets, made[i].size}, 0, share,
                sizeof share),
            KC_OK);
        strcat(strcat(text, share), "\n");
    }
    assert_int_equal(kc_recovery_combine(span_of(text), secret, &size, &wrong), KC_OK);
    assert_int_equal(kc_recovery_open((struct kc_span){NULL, 0}, (struct kc_span){secret, size},
                         escrow->profile, &seed),
        KC_OK);
    assert_memory_equal(seed.octets, escrow->seed.octets, 34);
    assert_int_equal(kc_recovery_open((struct kc_span){NULL, 0}, (struct kc_span){secret, size},
                         escrow->id, &seed),
        KC_ERR_RECOVERY_PROFILE);
}

/* The beginning of the set in base64url, as it stands in the part that is encrypted next. */
static const char inner_text[] = "eyJFc2Nyb3dlZEtleVNldC";
static size_t heap_sights;

static void look_at_heap(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from, to;
        if (strstr(line, "[heap]") != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2 &&
            memmem((const void *)from, to - from, inner_text, sizeof inner_text - 1) != NULL)
            heap_sights++;
    }
    fclose(maps);
}

static enum kc_error random_while_looking(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    look_at_heap();
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static void the_set_is_in_locked_memory_alone_while_its_record_is_made(void **state)
{
    struct escrow *escrow = *state;
    struct kc_mesh_source source = sample_source();
    uint8_t key[KC_RECOVERY_KEY_SIZE];
    char id[KC_UDF_ID_SIZE], *record;
    size_t size;
    source.random = random_while_looking;
    char *copy = malloc(sizeof inner_text); /* it is seen where it is in the heap */
    memcpy(copy, inner_text, sizeof inner_text);
    look_at_heap();
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(heap_sights, 1);
#endif
    memset(copy, 0, sizeof inner_text);
    __asm__ volatile("" : : "r"(copy) : "memory");
    heap_sights = 0;
    assert_int_equal(kc_recovery_make(&source, &escrow->seed, key, id, &record, &size), KC_OK);
    assert_int_equal(heap_sights, 0);
    free(record);
    free(copy);
}

static void nothing_of_the_seed_stands_in_the_record(void **state)
{
    struct escrow *escrow = *state;
    assert_null(strstr(escrow->record, escrow->profile));
    assert_null(strstr(escrow->record, "EscrowedKeySet"));
    assert_non_null(strstr(escrow->record, escrow->id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        /* before others leave sets of their own making in the heap */
        TEST(the_set_is_in_locked_memory_alone_while_its_record_is_made),
        TEST(as_many_shares_as_are_needed_give_the_seed_back),
        TEST(shares_are_read_as_people_type_them),
        TEST(fewer_shares_are_told_from_wrong_ones),
        TEST(what_stands_behind_the_colon_is_a_set),
        TEST(letters_that_look_like_digits_are_told_from_them),
        TEST(the_line_that_is_no_share_is_told),
        TEST(shares_of_two_sets_are_noticed),
        TEST(an_altered_share_is_noticed_with_and_without_one_too_many),
        TEST(a_record_that_was_put_in_the_place_of_another_is_noticed),
        TEST(the_expected_profile_is_named_in_full),
        TEST(a_set_that_the_profile_did_not_sign_is_refused),
        TEST(seeds_of_profiles_of_each_kind_and_curve_are_escrowed),
        TEST(shares_of_a_seed_itself_need_no_record),
        TEST(nothing_of_the_seed_stands_in_the_record),
    };
    return cmocka_run_group_tests(tests, make_arena, NULL);
}
