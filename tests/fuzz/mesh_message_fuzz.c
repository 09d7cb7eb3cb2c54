/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes to a custodian with a PIN, a claim, a publication or a recovery record: any octets are
 * read or refused, and nothing that was not made with the secret holds.
 */
#include "tests/fuzz/fuzz.h"

#include "custodian/mesh/claim.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/pin.h"
#include "custodian/mesh/purpose.h"
#include "custodian/mesh/recovery.h"

#include <string.h>

#define SECRET "EBCZ-ANTG-5CSR-GMOR-QMZG-YUIB-Z4CO-HFE5-BBIY-7ZWH-5LEM-4XWP-3WQ"

static void try_pin(struct kc_span document)
{
    struct kc_mesh_pin_proof proof;
    struct kc_mesh_pin pin = {.salted = "ABCK-LLY7-TJ2N-65FQ-5KPY-QTSB-D7NS",
        .account = "alice@example.com",
        .action = "Device"};
    if (kc_mesh_pin_proof_read(document, &proof) != KC_OK)
        return;
    fuzz_must(memchr(proof.id, 0, sizeof proof.id) != NULL && proof.nonce_size > 0);
    fuzz_must(kc_mesh_pin_check(&pin, &proof) != KC_OK); /* nobody has this one */
}

static void try_claim(struct kc_span document)
{
    static struct kc_mesh_claim claim;
    static struct kc_mesh_earl earl;
    if (kc_mesh_claim_read(document, &claim) != KC_OK)
        return;
    fuzz_must(kc_mesh_earl_of(SECRET, &earl) == KC_OK);
    fuzz_must(kc_mesh_claim_check(&claim, earl.service, earl.device, 1000) != KC_OK);
}

static void try_publication(struct kc_span document)
{
    struct kc_mesh_publication publication;
    struct kc_mesh_earl earl;
    uint8_t *plaintext = NULL;
    size_t size = 0;
    if (kc_mesh_publication_read(document, &publication) == KC_OK)
        fuzz_must(publication.id[0] != 0 && publication.service[0] != 0);
    fuzz_must(kc_mesh_earl_of(SECRET, &earl) == KC_OK);
    if (kc_mesh_publication_open(document, &earl, &plaintext, &size) == KC_OK)
        free(plaintext);
}

static void try_record(struct kc_span document)
{
    static const uint8_t secret[KC_RECOVERY_KEY_SIZE] = {1};
    struct kc_recovery_seed seed;
    fuzz_must(kc_recovery_open(document, (struct kc_span){secret, sizeof secret},
                  "MDDK-7N6A-727A-JZNO-STRX-XKS7-DJAF", &seed) != KC_OK);
}

/* What an application's key signs is no object that another key's holder could have signed. */
static void try_payload(struct kc_span document)
{
    enum kc_object_type type;
    if (kc_mesh_purpose_check(KC_MESH_PURPOSE_APPLICATION, document, &type) != KC_OK)
        return;
    for (unsigned purpose = KC_MESH_PURPOSE_DEVICE; purpose <= KC_MESH_PURPOSE_HOST; purpose++)
        fuzz_must(kc_mesh_purpose_check((enum kc_mesh_purpose)purpose, document, &type) != KC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_span document = {bytes, size};
    try_pin(document);
    try_claim(document);
    try_publication(document);
    try_record(document);
    try_payload(document);
    enum kc_error error = kc_mesh_message_check(document, "alice@example.com", "bob@example.com");
    fuzz_must(error == KC_OK || error == KC_ERR_ENVELOPE);
    return 0;
}
