/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where secrets are not: known ones are looked for, as octets and as text, in all that a thief of
 * the disk, a reader of the log, or a taken-over desk or root could see.
 *
 * They are known because the test made them (the PIN, a base seed, what was agreed), owns the key
 * that they were enveloped to (a share), or opens the store as the vault does, with the same TPM.
 */
#include "custodian/vault/envelope.h"
#include "proto/dare.h"
#include "tests/fault/client.h"
#include "tests/fault/opened.h"
#include "tests/fault/processes.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRETS_MAX 64

struct secret {
    const char *what;
    uint8_t octets[64];
    size_t size;
};

static struct kc_custodian custodian, other;
static struct kc_client *client, *service; /* of custodian, of other */
static struct secret secrets[SECRETS_MAX];
static size_t secret_count;

static void know(const char *what, const void *octets, size_t size)
{
    assert_in_range(secret_count, 0, SECRETS_MAX - 1);
    assert_in_range(size, 8, 64);
    struct secret *secret = &secrets[secret_count++];
    *secret = (struct secret){.what = what, .size = size};
    memcpy(secret->octets, octets, size);
}

/* --- secrets that are made, and used --- */

static void agree_on_a_secret(void)
{
    struct key key;
    struct peer peer;
    assert_answer(generate(client, "X25519", "application", "sealed", "agrees", &key), KC_OK);
    assert_answer(agree(client, &key, &peer), KC_OK);
    know("agreed octets", peer.z, peer.z_size);
}

/* A base seed, wrapped under what the test's ephemeral key and the account's agree on. */
static void decrypt_a_seed(const struct key *key)
{
    static const uint8_t seed[KC_DARE_SEED_SIZE] = "Wren/7Quartz+opal.Thistle=Moor9";
    static const struct kc_span info = {
        (const uint8_t *)KC_DARE_KEK_INFO, sizeof KC_DARE_KEK_INFO - 1};
    uint8_t kek[KC_DARE_KEK_SIZE], wrapped[KC_DARE_WRAPPED_SIZE];
    struct peer peer;
    make_peer(key, &peer);
    assert_int_equal(kc_dare_kek((struct kc_span){peer.z, peer.z_size}, info, kek), KC_OK);
    assert_int_equal(kc_dare_wrap(kek, seed, wrapped), KC_OK);
    assert_answer(
        ASK(client, DECRYPT, NULL, TEXT(KEY, key->id), OCTETS(PEER, peer.public, peer.public_size),
            OCTETS(WRAPPED, wrapped, sizeof wrapped), OCTETS(KEK_INFO, info.bytes, info.size)),
        KC_OK);
    know("base seed", seed, sizeof seed);
    know("agreed octets of a file", peer.z, peer.z_size);
    know("key encryption key", kek, sizeof kek);
}

/* A share that leaves for a recipient whose key is the test's. */
static void envelope_a_share(const struct key *key)
{
    static const uint8_t seed[32] = "Heath0Juniper?tarn;Bramble:Fell";
    KC_AUTO_KEY wrap = {0};
    uint8_t public[KC_POINT_SIZE_MAX], octets[KC_SCALAR_SIZE_MAX];
    char recipient[65];
    struct split split;
    struct kc_record share = {0};
    struct kc_scalar scalar;
    assert_int_equal(kc_key_from_seed(&wrap, KC_CURVE_X25519, seed, sizeof seed), KC_OK);
    kc_point_encode(&wrap.public, public);
    enrol(client, "X25519", public, 33, "the test", recipient);
    assert_answer(split_key(client, key, recipient, &split), KC_OK);
    assert_int_equal(kc_envelope_open((struct kc_span){split.envelope, split.envelope_size}, &wrap,
                         &share, &scalar),
        KC_OK);
    kc_scalar_encode(&scalar, octets);
    know("share that left", octets, kc_curve_info(scalar.curve)->scalar_size);
}

static void use_every_kind_of_key(void)
{
    static const char *const algorithms[] = {"Ed25519", "Ed448", "X25519", "X448"};
    struct key key, wrap;
    struct split split;
    enrol_service(client, service, &wrap);
    for (size_t i = 0; i < 4; i++) {
        char label[32];
        snprintf(label, sizeof label, "whole %s", algorithms[i]);
        assert_answer(
            generate(client, algorithms[i], "application", "wrapped", label, &key), KC_OK);
        assert_answer(use_key(client, &key), KC_OK);
        snprintf(label, sizeof label, "split %s", algorithms[i]);
        const char *role = algorithms[i][0] == 'X' ? "account" : "application";
        assert_answer(generate(client, algorithms[i], role, "sealed", label, &key), KC_OK);
        assert_answer(split_key(client, &key, wrap.id, &split), KC_OK);
        snprintf(label, sizeof label, "accepted %s", algorithms[i]);
        assert_answer(accept_share(service, wrap.id, label, &split), KC_OK);
        assert_answer(use_split(client, service, &split), KC_OK);
    }
}

/* --- setting up --- */

static void know_record(const struct opened *opened)
{
    know(opened->what, opened->octets, opened->size);
}

static int set_up(void **state)
{
    struct key account;
    (void)state;
    assert_int_equal(kc_arena_init((size_t)1 << 20), KC_OK);
    kc_custodian_init(&custodian, "\"home\"");
    kc_custodian_init(&other, "\"home\"");
    client = connect_to(&custodian);
    service = connect_to(&other);
    set_pin(client);
    know("PIN", PIN, sizeof PIN - 1);
    use_every_kind_of_key();
    agree_on_a_secret();
    assert_answer(generate(client, "X448", "account", "sealed", "account", &account), KC_OK);
    decrypt_a_seed(&account);
    envelope_a_share(&account);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_client_free(service);
    kc_custodian_done(&custodian);
    kc_custodian_done(&other);
    return 0;
}

/* --- looking --- */

/* Any run of 16 octets of a secret is too much; a shorter secret is looked for whole. What must be
 * there shows that what is there is found. */
static void assert_no_secret(struct image image, const char *where, const char *must_be_there)
{
    for (size_t i = 0; i < secret_count; i++) {
        size_t size = secrets[i].size < 16 ? secrets[i].size : 16;
        for (size_t at = 0; at + size <= secrets[i].size; at += size)
            if (image_has_in_any_form(&image, secrets[i].octets + at, size))
                fail_msg("%s: %s is there", where, secrets[i].what);
    }
    if (!image_has(&image, must_be_there, strlen(must_be_there)))
        fail_msg("%s: %s is not found", where, must_be_there);
    image_free(&image);
}

static void each_file_of(const char *folder, void (*look)(const char *path))
{
    char path[512];
    size_t count = 0;
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files));)
        if (entry->d_type == DT_REG) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            look(path);
            count++;
        }
    closedir(files);
    assert_true(count > 0);
}

/* The rows are in the file or still in its journal. */
static void look_into_file(const char *path)
{
    assert_no_secret(image_of_file(path), path, "");
}

static void look_into_store(void)
{
    char folder[128];
    snprintf(folder, sizeof folder, "%s/store", custodian.folder);
    each_file_of(folder, look_into_file);
}

static void skip_unless_root(void)
{
#ifdef __SANITIZE_ADDRESS__
    print_message("[  SKIPPED ] memory of a sanitizer has terabytes of shadow\n");
    skip();
#endif
    if (geteuid() == 0)
        return;
    print_message("[  SKIPPED ] only root can look into the memory of others\n");
    skip();
}

/* --- the tests; the first adds what is in the store to what is known --- */

static void store_holds_no_secret(void **state)
{
    (void)state;
    char path[128];
    look_into_store(); /* as it is while the custodian runs: the journal too */
    kc_custodian_stop(&custodian);
    assert_true(open_store(&custodian, know_record) >= 10);
    look_into_store();
    snprintf(path, sizeof path, "%s/store/custodian.db", custodian.folder);
    assert_true(file_has(path, "whole Ed448"));
    kc_custodian_start(&custodian);
    kc_client_free(client); /* its connection is of the last one */
    client = connect_to(&custodian);
}

static void log_holds_no_secret(void **state)
{
    (void)state;
    assert_no_secret(image_of_file(custodian.log), "log", "process-started");
}

/* The keys are used again, so that their secrets have gone through whatever they go through. */
static void desk_and_root_hold_no_secret(void **state)
{
    (void)state;
    struct key key;
    struct peer peer;
    skip_unless_root();
    assert_answer(generate(client, "X448", "application", "sealed", "again", &key), KC_OK);
    for (int i = 0; i < 10; i++) {
        assert_answer(agree(client, &key, &peer), KC_OK);
        know("octets agreed just now", peer.z, peer.z_size);
    }
    assert_answer(ASK(client, OPERATOR_PIN, NULL, OCTETS(NEW_PIN, PIN, sizeof PIN - 1),
                      OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
    static const enum process others[] = {DESK, ROOT, SUPERVISOR};
    for (size_t i = 0; i < 3; i++)
        assert_no_secret(image_of_process(find_process(&custodian, others[i]), true),
            process_names[others[i]], custodian.socket);
}

/* With memfd_secret nobody sees the arena, so that without it is the harder test. */
static void the_vault_holds_secrets_in_its_arena_only(void **state)
{
    (void)state;
    skip_unless_root();
    assert_no_secret(image_of_process(find_process(&custodian, VAULT), false), "custodian-vault",
        custodian.socket);
}

/* The client's PIN and the answers' secrets came and went in descriptors. */
static void desk_keeps_no_passed_descriptor(void **state)
{
    (void)state;
    char folder[64], path[320], target[256];
    skip_unless_root();
    snprintf(folder, sizeof folder, "/proc/%d/fd", find_process(&custodian, DESK));
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ssize_t size = readlink(path, target, sizeof target - 1);
        target[size < 0 ? 0 : size] = '\0';
        assert_null(strstr(target, "memfd:"));
    }
    closedir(files);
}

static bool may_leave_an_image(pid_t pid)
{
    char path[64], line[128];
    bool may = true;
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *limits = fopen(path, "re");
    assert_non_null(limits);
    while (fgets(line, sizeof line, limits)) {
        unsigned long soft, hard;
        if (sscanf(line, "Max core file size %lu %lu", &soft, &hard) == 2)
            may = soft > 0 || hard > 0;
    }
    fclose(limits);
    return may;
}

/* The process whose image would be worst is made to crash. */
static void no_process_leaves_a_core_image(void **state)
{
    (void)state;
    for (enum process process = DESK; process < PROCESSES; process++)
        assert_false(may_leave_an_image(find_process(&custodian, process)));
    pid_t vault = find_process(&custodian, VAULT);
    assert_int_equal(kill(vault, SIGSEGV), 0);
    await_restart(&custodian, VAULT, vault);
    assert_true(file_has(custodian.log, "process-ended name=vault signal=11"));
    assert_true(shell("! find . /tmp %s -maxdepth 1 -name 'core*' -newer %s | grep .",
        custodian.folder, custodian.config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_holds_no_secret),
        cmocka_unit_test(log_holds_no_secret),
        cmocka_unit_test(desk_and_root_hold_no_secret),
        cmocka_unit_test(the_vault_holds_secrets_in_its_arena_only),
        cmocka_unit_test(desk_keeps_no_passed_descriptor),
        cmocka_unit_test(no_process_leaves_a_core_image),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
