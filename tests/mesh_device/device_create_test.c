/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that are made here or by their maker, and the keys that are derived of their seeds. */
#include "tests/mesh_device/home.h"
#include "tests/vectors/example.h"

#include "custodian/vault/derived.h"

#include <stdlib.h>
#include <string.h>

static struct ask device_ask(enum kc_operation operation, const char *device)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_DEVICE, device);
    return ask;
}

/* --- create --- */

static void a_device_is_made_with_a_profile_that_its_own_key_signs(void **state)
{
    struct home *home = *state;
    struct ask ask = home_create_ask("kettle");
    size_t size;
    ask_text(&ask, KC_FIELD_DETAIL, "a kettle");
    struct answer *answer = bench_ask(home->bench, &ask);
    char *profile = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    const struct kc_record *seed =
        bench_record(home->bench, KC_KIND_SEED, answer_text(answer, KC_FIELD_DEVICE));
    assert_non_null(seed);
    assert_int_equal(seed->residence, KC_RESIDENCE_SEALED);
    assert_int_equal(seed->body.size, size);
    assert_memory_equal(seed->body.bytes, profile, size);
    struct kc_mesh_device_keys keys = {0};
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++) {
        const struct kc_values *item = &answer->items[i];
        struct kc_span algorithm = item->value[KC_FIELD_ALGORITHM].span;
        const struct kc_curve_info *curve =
            kc_curve_by_name((const char *)algorithm.bytes, algorithm.size);
        assert_true(kc_values_text_is(item, KC_FIELD_ROLE, "base"));
        assert_true(kc_values_text_is(item, KC_FIELD_RESIDENCE, "derived"));
        assert_int_equal(
            kc_point_decode(&keys.of[i].public, curve->curve,
                item->value[KC_FIELD_PUBLIC].span.bytes, item->value[KC_FIELD_PUBLIC].span.size),
            KC_OK);
    }
    assert_int_equal(
        kc_mesh_device_profile_check((struct kc_span){(uint8_t *)profile, size}, &keys), KC_OK);
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_KEY, seed->id));
    answer_done(answer);
    free(profile);
}

static void a_device_is_listed_and_shown_without_its_seed(void **state)
{
    struct home *home = *state;
    struct ask list = ask_new(KC_OPERATION_MESH_DEVICE_LIST);
    struct ask show = device_ask(KC_OPERATION_MESH_DEVICE_SHOW, home->device);
    bench_restart(home->bench);
    struct answer *answer = bench_ask(home->bench, &list);
    assert_int_equal(answer->in.message.item_count, 1);
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_DEVICE, home->device));
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_LABEL, "pot"));
    answer_done(answer);
    answer = bench_ask(home->bench, &show);
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "pot");
    assert_int_equal(answer->in.message.item_count, 0); /* it has no account */
    assert_false(kc_values_has(&answer->in.message.values, KC_FIELD_SECRET));
    answer_done(answer);
}

static void two_devices_have_two_seeds_and_two_labels(void **state)
{
    struct home *home = *state;
    struct ask again = home_create_ask("pot"), other = home_create_ask("kettle");
    home_expect_nothing(home, &again, KC_ERR_LABEL_TAKEN);
    struct answer *answer = bench_ask(home->bench, &other);
    assert_string_not_equal(answer_text(answer, KC_FIELD_DEVICE), home->device);
    answer_done(answer);
}

static void a_device_may_have_the_smaller_curves(void **state)
{
    struct home *home = *state;
    struct ask ask = home_create_ask("small"), wrong = home_create_ask("wrong");
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_true(
        kc_values_text_is(&answer->items[KC_MESH_DEVICE_ENCRYPT], KC_FIELD_ALGORITHM, "X25519"));
    answer_done(answer);
    char id[KC_RECORD_ID_SIZE];
    home_key(home, "small.Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    ask_text(&wrong, KC_FIELD_ALGORITHM, "X448");
    home_expect_nothing(home, &wrong, KC_ERR_BAD_ALGORITHM);
}

static void what_cannot_be_made_is_not_made(void **state)
{
    struct home *home = *state;
    struct ask longer = home_create_ask("a label that leaves no room for keys"),
               later = home_create_ask("later");
    home_expect_nothing(home, &longer, KC_ERR_BAD_ARGUMENT);
    home->bench->root_error = KC_ERR_ROOT_UNAVAILABLE;
    home_expect_nothing(home, &later, KC_ERR_ROOT_UNAVAILABLE);
    home->bench->root_error = KC_OK;
    home->bench->store_error = KC_ERR_STORE_FULL;
    later = home_create_ask("later");
    home_expect_nothing(home, &later, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    later = home_create_ask("later");
    bench_expect(home->bench, &later, KC_OK);
}

static void a_device_is_made_by_who_may_and_shown_to_who_may(void **state)
{
    struct home *home = *state;
    bench_allow_only(home->bench, KC_OPERATION_KEY_LIST);
    struct ask create = home_create_ask("kettle");
    struct ask show = device_ask(KC_OPERATION_MESH_DEVICE_SHOW, home->device);
    struct ask destroy = device_ask(KC_OPERATION_MESH_DEVICE_DESTROY, home->device);
    home_expect_nothing(home, &create, KC_ERR_REFUSED);
    home_expect_nothing(home, &show, KC_ERR_REFUSED);
    home_expect_nothing(home, &destroy, KC_ERR_REFUSED);
}

/* --- derived keys --- */

static void base_keys_open_envelopes_also_after_a_restart_and_a_rotation(void **state)
{
    struct home *home = *state;
    struct ask rotate = ask_new(KC_OPERATION_STORE_ROTATE);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    bench_restart(home->bench);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    bench_expect(home->bench, &rotate, KC_OK);
    bench_restart(home->bench);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_AUTHENTICATE]), KC_OK);
}

static void what_is_derived_is_not_destroyed_split_or_used_raw_alone(void **state)
{
    struct home *home = *state;
    const char *sign = home->keys[KC_MESH_DEVICE_SIGN];
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, sign);
    struct ask raw = key_ask(KC_OPERATION_KEY_SIGN, sign);
    struct ask made = ask_new(KC_OPERATION_KEY_GENERATE);
    home_expect_nothing(home, &destroy, KC_ERR_REFUSED);
    ask_octets(&raw, KC_FIELD_MESSAGE, "m", 1);
    home_expect_nothing(home, &raw, KC_ERR_REFUSED);
    ask_text(&made, KC_FIELD_ALGORITHM, "Ed448");
    ask_text(&made, KC_FIELD_KEYRING, "main");
    ask_text(&made, KC_FIELD_LABEL, "like one");
    ask_text(&made, KC_FIELD_RESIDENCE, "derived");
    home_expect_nothing(home, &made, KC_ERR_BAD_ARGUMENT);
    made = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&made, KC_FIELD_ALGORITHM, "Ed448");
    ask_text(&made, KC_FIELD_KEYRING, "main");
    ask_text(&made, KC_FIELD_LABEL, "like one");
    ask_text(&made, KC_FIELD_ROLE, "device");
    home_expect_nothing(home, &made, KC_ERR_BAD_ARGUMENT);
}

static void a_derived_key_is_disabled_and_enabled(void **state)
{
    struct home *home = *state;
    const char *encrypt = home->keys[KC_MESH_DEVICE_ENCRYPT];
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, encrypt),
               enable = key_ask(KC_OPERATION_KEY_ENABLE, encrypt);
    bench_expect(home->bench, &disable, KC_OK);
    assert_int_equal(home_open(home, encrypt), KC_ERR_REFUSED);
    bench_expect(home->bench, &enable, KC_OK);
    assert_int_equal(home_open(home, encrypt), KC_OK);
}

static void a_derived_key_says_of_which_seed_and_by_which_name_it_is(void **state)
{
    struct home *home = *state;
    struct kc_derived derived;
    const struct kc_record *key =
        bench_record(home->bench, KC_KIND_KEY, home->keys[KC_MESH_DEVICE_SIGN]);
    assert_int_equal(key->secret_size, 0);
    assert_int_equal(kc_derived_read(key, &derived), KC_OK);
    assert_int_equal(derived.count, 1);
    assert_int_equal(derived.parts[0].kind, KC_KIND_SEED);
    assert_string_equal(derived.parts[0].id, home->device);
    assert_string_equal(derived.parts[0].name, "BaseDeviceSign");
}

/* The store cannot put another seed or another name in its place. */
static void a_derived_key_whose_record_was_altered_is_refused(void **state)
{
    struct home *home = *state;
    struct kc_record *key =
        bench_record(home->bench, KC_KIND_KEY, home->keys[KC_MESH_DEVICE_ENCRYPT]);
    struct kc_record *seed = bench_record(home->bench, KC_KIND_SEED, home->device);
    bench_restart(home->bench);
    seed->secret[40] ^= 1;
    assert_int_equal(home_open(home, key->id), KC_ERR_RECORD_DAMAGED);
    seed->secret[40] ^= 1;
    assert_int_equal(home_open(home, key->id), KC_OK);
    key->body.size--;
    assert_int_equal(home_open(home, key->id), KC_ERR_RECORD_DAMAGED);
    key->body.size++;
}

static struct ask derive_ask(const char *seed, const char *name, const char *label)
{
    struct ask ask = key_ask(KC_OPERATION_KEY_DERIVE, seed);
    ask_text(&ask, KC_FIELD_DETAIL, name);
    ask_text(&ask, KC_FIELD_LABEL, label);
    return ask;
}

static void a_named_key_of_a_seed_is_made_a_key_of_its_own(void **state)
{
    struct home *home = *state;
    struct ask here = derive_ask(home->device, "BaseDeviceEncrypt", "again");
    home_expect_nothing(home, &here, KC_ERR_EXISTS);
    static const char *const names[] = {"", "BaseDevice", "BaseAccountEncrypt",
        "BaseDeviceEncryptMMM_Contact", "CompleteAccountEncrypt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ask ask = derive_ask(home->device, names[i], "other");
        home_expect_nothing(home, &ask, KC_ERR_BAD_ARGUMENT);
    }
    struct ask none = derive_ask("MAAA", "BaseDeviceEncrypt", "other");
    home_expect_nothing(home, &none, KC_ERR_REFUSED);
    bench_allow_only(home->bench, KC_OPERATION_KEY_LIST);
    struct ask denied = derive_ask(home->device, "BaseDeviceEncrypt", "other");
    home_expect_nothing(home, &denied, KC_ERR_REFUSED);
}

/* --- install --- */

static char document[8192];

static struct ask install_ask(const char *what, const char *by)
{
    struct example example;
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_INSTALL);
    example_open(&example, "2021-device-preconfiguration");
    struct kc_span source = kc_json_source(example_at(&example, "object"));
    memcpy(document, source.bytes, source.size);
    document[source.size] = '\0';
    example_close(&example);
    if (what)
        memcpy(strstr(document, what), by, strlen(by));
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "maker");
    ask_secret(&ask, KC_FIELD_INPUT, document, strlen(document));
    return ask;
}

static void the_makers_device_comes_out_as_its_profile_says(void **state)
{
    struct home *home = *state;
    struct ask ask = install_ask(NULL, NULL), again = install_ask(NULL, NULL);
    char secret[KC_EARL_SECRET_TEXT], id[KC_UDF_ID_SIZE];
    size_t size;
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_DEVICE), "MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q");
    static const char *const ids[KC_MESH_DEVICE_KEYS] = {"MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q",
        "MBUQ-HUMZ-HZOR-EAAA-DDBH-UMG5-T36K", "MANW-A7ZE-RUCN-GL2B-7TKX-V2UF-KTG2",
        "MA6J-3TFO-COXV-TPNF-COAF-DLZO-L7OZ"};
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++)
        assert_true(kc_values_text_is(&answer->items[i], KC_FIELD_KEY, ids[i]));
    assert_int_equal(
        kc_earl_secret_of_seed(administrator_device_seed, "maker@example.com", secret), KC_OK);
    assert_int_equal(kc_earl_publication_id(secret, id), KC_OK);
    char *lines = answer_octets(answer, KC_FIELD_SECRET, &size);
    assert_memory_equal(lines, id, strlen(id));
    free(lines);
    answer_done(answer);
    assert_int_equal(home_open(home, ids[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    home_expect_nothing(home, &again, KC_ERR_EXISTS);
}

static void a_makers_device_whose_keys_do_not_match_is_not_installed(void **state)
{
    struct home *home = *state;
    struct ask other = install_ask("ZAAQ-AO3M", "ZAAQ-AO3N"),
               none = install_ask("\"PrivateKeyUDF\"", "\"PrivateKeyUDG\""),
               forged = install_ask("TbXfDJHac9bh", "TbXfDJHac9bi");
    home_expect_nothing(home, &other, KC_ERR_PROFILE);
    none = install_ask("\"PrivateKeyUDF\"", "\"PrivateKeyUDG\"");
    home_expect_nothing(home, &none, KC_ERR_BAD_REQUEST);
    forged = install_ask("TbXfDJHac9bh", "TbXfDJHac9bi");
    home_expect_nothing(home, &forged, KC_ERR_SIGNATURE);
}

/* --- destroy --- */

static void a_destroyed_device_takes_its_keys_with_it(void **state)
{
    struct home *home = *state;
    struct ask destroy = device_ask(KC_OPERATION_MESH_DEVICE_DESTROY, home->device),
               again = destroy, list = ask_new(KC_OPERATION_MESH_DEVICE_LIST),
               reuse = home_create_ask("pot");
    bench_expect(home->bench, &destroy, KC_OK);
    const struct kc_record *seed = bench_record(home->bench, KC_KIND_SEED, home->device);
    assert_int_equal(seed->state, KC_STATE_DESTROYED);
    assert_int_equal(seed->secret_size, 0);
    assert_int_equal(seed->seal_size, 0);
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++)
        assert_int_equal(
            bench_record(home->bench, KC_KIND_KEY, home->keys[i])->state, KC_STATE_DESTROYED);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_ERR_REFUSED);
    home_expect_nothing(home, &again, KC_ERR_REFUSED);
    struct answer *answer = bench_ask(home->bench, &list);
    assert_int_equal(answer->in.message.item_count, 0);
    answer_done(answer);
    bench_expect(home->bench, &reuse, KC_OK);
}

/* --- a death at each write --- */

/* The vault dies when its commit is stored and nobody has heard of it: all of it is there, or none. */
static void a_death_between_store_and_answer_leaves_a_whole_device(void **state)
{
    struct home *home = *state;
    struct ask ask = home_create_ask("kettle");
    bench_open(home->bench);
    home->bench->holds_stored = true;
    (void)bench_send(home->bench, &ask);
    bench_pump(home->bench);
    bench_store_unheard(home->bench);
    home->bench->holds_stored = false;
    bench_restart(home->bench);
    char id[KC_RECORD_ID_SIZE];
    home_key(home, "kettle.Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    home_key(home, "kettle.Authenticate", id);
    assert_int_equal(home_open(home, id), KC_OK);
}

static void a_death_before_the_store_leaves_nothing(void **state)
{
    struct home *home = *state;
    struct ask ask = home_create_ask("kettle");
    struct home_state before = home_state(home);
    bench_open(home->bench);
    home->bench->holds_stored = true;
    (void)bench_send(home->bench, &ask);
    bench_pump(home->bench);
    home->bench->holds_stored = false;
    bench_restart(home->bench);
    assert_int_equal(home_state(home).record_count, before.record_count);
    ask = home_create_ask("kettle");
    bench_expect(home->bench, &ask, KC_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_is_made_with_a_profile_that_its_own_key_signs),
        CASE(a_device_is_listed_and_shown_without_its_seed),
        CASE(two_devices_have_two_seeds_and_two_labels),
        CASE(a_device_may_have_the_smaller_curves),
        CASE(what_cannot_be_made_is_not_made),
        CASE(a_device_is_made_by_who_may_and_shown_to_who_may),
        CASE(base_keys_open_envelopes_also_after_a_restart_and_a_rotation),
        CASE(what_is_derived_is_not_destroyed_split_or_used_raw_alone),
        CASE(a_derived_key_is_disabled_and_enabled),
        CASE(a_derived_key_says_of_which_seed_and_by_which_name_it_is),
        CASE(a_derived_key_whose_record_was_altered_is_refused),
        CASE(a_named_key_of_a_seed_is_made_a_key_of_its_own),
        CASE(the_makers_device_comes_out_as_its_profile_says),
        CASE(a_makers_device_whose_keys_do_not_match_is_not_installed),
        CASE(a_destroyed_device_takes_its_keys_with_it),
        CASE(a_death_between_store_and_answer_leaves_a_whole_device),
        CASE(a_death_before_the_store_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
