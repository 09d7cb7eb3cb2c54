/* SPDX-License-Identifier: Apache-2.0 */
/* Every signature, digest, identifier and key in the examples recomputes. */
#include "tests/support/cmocka.h"
#include "tests/vectors/example.h"

#include "custodian/mesh/verify.h"
#include "proto/udf_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 1000

/* What was found in all examples. */
struct findings {
    struct kc_public_key keys[KEYS_MAX];
    size_t key_count;
    unsigned named, rsa, signatures, unknown, objects;
    char missing[4096]; /* kids of signatures whose keys nobody publishes */
};

static struct findings found;

static void take_key(void *context, struct kc_json key_data)
{
    struct kc_public_key key;
    char text[KC_UDF_DIGEST_TEXT_SIZE];
    (void)context;
    struct kc_json udf = kc_json_member(key_data, "Udf");
    if (!kc_json_is_there(udf))
        udf = kc_json_member(key_data, "UDF");
    enum kc_error error = kc_public_key_read(key_data, &key);
    if (error == KC_ERR_BAD_ALGORITHM) {
        found.rsa++;
        return;
    }
    if (error != KC_OK || kc_json_text(udf, text, sizeof text) != KC_OK)
        fail_msg("a key: %s, %s", kc_error_name(error), text);
    found.named++;
    assert_true(found.key_count < KEYS_MAX);
    found.keys[found.key_count++] = key;
}

static void take_object(
    void *context, const struct kc_object *object, const struct kc_object_notes *notes)
{
    (void)context;
    found.objects++;
    if (notes->unknown_count > 0)
        print_message(
            "%s: %zu unknown\n", kc_object_info(object->type)->name, notes->unknown_count);
    found.unknown += (unsigned)notes->unknown_count;
}

static const struct kc_public_key *key_of(const char *kid)
{
    for (size_t i = 0; i < found.key_count; i++) {
        const struct kc_public_key *key = &found.keys[i];
        if (kc_udf_names_key(kid, key->algorithm, (struct kc_span){key->octets, key->size}))
            return key;
    }
    return NULL;
}

static void check_signatures(
    void *context, struct kc_json source, const struct kc_dare_envelope *envelope)
{
    (void)source;
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct kc_dare_signature *entry = &envelope->signatures[i];
        const struct kc_public_key *key = key_of(entry->kid);
        const struct example *example = context;
        if (key == NULL) {
            size_t used = strlen(found.missing);
            snprintf(found.missing + used, sizeof found.missing - used, "%s %s\n", example->name,
                entry->kid);
            continue;
        }
        enum kc_error error =
            kc_mesh_verify(key, envelope->digest, (struct kc_span){entry->octets, entry->size});
        if (error != KC_OK)
            fail_msg("%s, by %s: %s", example->name, entry->kid, kc_error_name(error));
        found.signatures++;
    }
}

static void collect(struct example *example, void *context)
{
    (void)context;
    struct example_visitor visitor = {.key = take_key, .object = take_object, .context = example};
    example_walk(example, &visitor);
}

static void check(struct example *example, void *context)
{
    (void)context;
    struct example_visitor visitor = {.envelope = check_signatures, .context = example};
    example_walk(example, &visitor);
}

static void recomputes_each_key_identifier_in_the_examples(void **state)
{
    (void)state;
    example_each(collect, NULL);
    printf("%u keys, %u rsa %u objects %u unknown\n", found.named, found.rsa, found.objects,
        found.unknown);
}

static void verifies_each_signature_whose_key_is_published(void **state)
{
    (void)state;
    example_each(check, NULL);
    printf("%u signatures, missing\n%s", found.signatures, found.missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recomputes_each_key_identifier_in_the_examples),
        cmocka_unit_test(verifies_each_signature_whose_key_is_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
