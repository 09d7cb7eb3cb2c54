/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware root: seals the vault's sealing keys to one piece of hardware, and gives random
 * octets.
 *
 * One interface for every kind of root: a TPM 2.0, or a token behind a PKCS#11 module (an HSM); the
 * kind is chosen by the function that makes it. The caller pins which root it means by a Name, from
 * configuration that only the host's owner writes: of a TPM the Name of its storage root key (SRK),
 * of a token its serial number and a check value of its wrapping key, here called SRK as well. A
 * root connects when it is first needed and again after the connection was lost; each connection
 * checks the pin anew, so a root that was cleared or exchanged is KC_ERR_ROOT_CHANGED and never just
 * "a new root".
 *
 * Not thread-safe: one root, one thread. The root's answers are untrusted: what cannot be right is
 * KC_ERR_ROOT_ANSWER.
 *
 * Every operation can return, besides what it names:
 *
 *   KC_ERR_ROOT_UNAVAILABLE      not reachable, lost, busy for too long, or late; try again
 *   KC_ERR_ROOT_CHANGED          the SRK is gone, or not the pinned one
 *   KC_ERR_ROOT_NOT_PROVISIONED  the settings have no pin
 *   KC_ERR_ROOT_LOCKOUT          refused because of dictionary-attack lockout; the PIN is locked
 *   KC_ERR_ROOT_PIN              the token refused the PIN, or one more wrong PIN would lock it
 *   KC_ERR_ROOT_UNFIT            the token lacks what is needed: AES-256-GCM, or a random source
 *   KC_ERR_ROOT_ANSWER           an answer that cannot be right, or a refusal without other name
 *   KC_ERR_NO_MEMORY
 */
#ifndef KC_TPM_ROOT_H
#define KC_TPM_ROOT_H

#include "base/algorithm.h"
#include "base/reader.h"

#define KC_ROOT_KEY_SIZE 32   /* a sealing key */
#define KC_ROOT_BLOB_MAX 1024 /* a sealed key, as kc_root_seal makes it */
#define KC_ROOT_RANDOM_MAX 64 /* octets of one kc_root_random */
#define KC_ROOT_NAME_SIZE                                                                          \
    34 /* a TPM Name: 00 0b (SHA-256), then the digest of the public area;
                               * or a token's: see hsm_key.h */
#define KC_ROOT_SRK_HANDLE 0x81000001u /* where the TCG's provisioning guidance puts the SRK */
#define KC_ROOT_DEADLINE_MS 5000       /* what configurations default to */
#define KC_ROOT_TEXT_SIZE 40           /* a text of the status, with its zero */
#define KC_ROOT_PCR_COUNT 24           /* PCRs 0..23 can be chosen */

struct kc_root;
struct kc_policy_settings;

/*
 * What the configuration says about a TPM. All borrowed for the call that takes it.
 *
 * The tcti says how to reach it, in one of the forms that address.h lists; nothing else is ever
 * tried.
 *
 * With pcr_mask (bit n is PCR n of the SHA-256 bank) keys are sealed to these PCRs' present values.
 * The pin srk_name has KC_ROOT_NAME_SIZE octets. Without one there is just kc_root_provision, and
 * every other operation is KC_ERR_ROOT_NOT_PROVISIONED.
 */
struct kc_root_settings {
    const char *tcti;        /* NULL, empty or of another form: KC_ERR_CONFIG */
    uint32_t srk_handle;     /* 0x81000000..0x81ffffff; 0 for KC_ROOT_SRK_HANDLE */
    uint32_t deadline_ms;    /* for one answer, 1..3600000; 0 for KC_ROOT_DEADLINE_MS */
    uint32_t pcr_mask;       /* 0 for none */
    const uint8_t *srk_name; /* or NULL */
    uint32_t head_handle;    /* 0x01800000..0x01bfffff; 0 for KC_ROOT_HEAD_HANDLE */
    const struct kc_policy_settings *policy; /* policy.h; or NULL: PCRs as they are at sealing */
    bool connects_once; /* a lost connection stays lost: the process cannot make another */
};

/*
 * Makes a root on a TPM 2.0. Does not connect yet. Given to the caller.
 *
 * KC_ERR_CONFIG  a setting is missing or out of its range
 */
KC_CHECKED enum kc_error kc_tpm2_new(
    const struct kc_root_settings *settings, struct kc_root **root);

#define KC_HSM_LABEL_SIZE 32 /* octets of a label, at most */
#define KC_HSM_PIN_MAX 255   /* octets of a PIN */

/* What the configuration says about a token. All borrowed for the call that takes it. */
struct kc_hsm_settings {
    const char *module;    /* absolute path of the PKCS#11 module */
    const char *token;     /* the token's label; 1..KC_HSM_LABEL_SIZE octets */
    const char *key_label; /* of its wrapping key; the same */
    const uint8_t *pin;    /* secret: the user's PIN; 1..KC_HSM_PIN_MAX octets */
    size_t pin_size;
    uint32_t deadline_ms; /* for one operation, 1..3600000; 0 for KC_ROOT_DEADLINE_MS */
    const uint8_t *name;  /* the pin, as srk_name above; or NULL */
};

/*
 * Makes a root on a token, and the one thread that calls its module. Loads nothing yet: the first
 * operation does. A call that the token does not answer in time is left alone, and while it lasts
 * every operation is KC_ERR_ROOT_UNAVAILABLE at once. Given to the caller.
 *
 * KC_ERR_CONFIG  a setting is missing or out of its range
 */
KC_CHECKED enum kc_error kc_hsm_new(const struct kc_hsm_settings *settings, struct kc_root **root);

/* Disconnects in order (nothing of ours stays in the root) and frees. NULL is fine. */
void kc_root_free(struct kc_root *root);

/* Connects now, if not connected, and checks the pin; the other operations do that themselves. */
KC_CHECKED enum kc_error kc_root_connect(struct kc_root *root);

/* Lets go of the connection in order; the next operation connects again. */
void kc_root_disconnect(struct kc_root *root);

/*
 * Uses the SRK at the handle (the wrapping key with the label), or makes one, and says its Name:
 * what the configuration is to pin. The only operation without a pin, to be run by the host's
 * owner. Evicts nothing; leaves the root disconnected.
 *
 * srk_name  written only on KC_OK
 *
 * KC_ERR_ROOT_HANDLE   something else is at the handle or has the label, several tokens or keys
 *                      have it, or the owner has set an authorisation
 * KC_ERR_ROOT_CHANGED  a pin was set and the SRK is not the pinned one; nothing was made
 */
KC_CHECKED enum kc_error kc_root_provision(
    struct kc_root *root, uint8_t srk_name[static KC_ROOT_NAME_SIZE]);

#define KC_ROOT_ABOUT_SIZE 32
#define KC_ROOT_ABOUT_NOTHING ((const uint8_t[KC_ROOT_ABOUT_SIZE]){0})

/*
 * Seals a key: only this root can open the blob again, and only in the state that pcr_mask chose.
 * The blob was opened once when this returns.
 *
 * key        secret; borrowed
 * about      public: a digest of what the key is for, or KC_ROOT_ABOUT_NOTHING. A TPM certifies
 *            later that it was told this when it sealed (kc_root_attest); a token keeps nothing of it
 * blob       KC_ROOT_BLOB_MAX octets of room; public; the layout is the root's own
 * blob_size  octets written
 */
KC_CHECKED enum kc_error kc_root_seal(struct kc_root *root,
    const uint8_t key[static KC_ROOT_KEY_SIZE], const uint8_t about[static KC_ROOT_ABOUT_SIZE],
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size);

/*
 * Opens a blob.
 *
 * blob  untrusted
 * key   secret: the caller's, to be wiped; written only on KC_OK
 *
 * KC_ERR_RECORD_DAMAGED  the blob was altered, or another root made it
 * KC_ERR_ROOT_POLICY     a PCR differs from when the key was sealed
 * KC_ERR_ROOT_CHANGED    the blob opens, but was sealed under another SRK than the pinned one
 */
KC_CHECKED enum kc_error kc_root_unseal(struct kc_root *root, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE]);

/*
 * Random octets made by the root. To be mixed with others', never used alone.
 *
 * size  1..KC_ROOT_RANDOM_MAX
 *
 * KC_ERR_BAD_ARGUMENT  size is out of range
 */
KC_CHECKED enum kc_error kc_root_random(struct kc_root *root, uint8_t *random, size_t size);

/*
 * --- the head: what the root keeps so that an older copy of the store is noticed
 * (docs/freshness.md) ---
 *
 * KC_ROOT_HEAD_SIZE octets of the caller's, in one place that is not on the custodian's disk: an NV
 * index of a TPM, readable and writable just with its authorisation value; a private data object in
 * a token, which keeps a digest of that value to know whose it is. What others put there is never
 * read, overwritten or removed. An NV index wears out: some 500,000 writes.
 *
 * auth     secret: KC_ROOT_AUTH_SIZE octets, random, of one store; wrong ones do not count towards
 *          lockout
 * content  secret: KC_ROOT_HEAD_SIZE octets
 *
 * KC_ERR_ROOT_HEAD        none is there
 * KC_ERR_ROOT_HEAD_TAKEN  what is there is not of this authorisation value
 * KC_ERR_ROOT_UNFIT       this root can keep none: a token without private data objects, a TPM whose
 *                         owner has set an authorisation
 */
#define KC_ROOT_HEAD_SIZE 192
#define KC_ROOT_AUTH_SIZE 32
#define KC_ROOT_HEAD_HANDLE 0x01804b43u /* an NV index that is the owner's to give */

/* Written only on KC_OK. */
KC_CHECKED enum kc_error kc_root_head_read(struct kc_root *root,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], uint8_t content[static KC_ROOT_HEAD_SIZE]);

/* Replaces the content of the head that is there. Once this returned KC_OK, no reading, after
 * whatever accident, gives the former content; after an error it is one of both. */
KC_CHECKED enum kc_error kc_root_head_write(struct kc_root *root,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], const uint8_t content[static KC_ROOT_HEAD_SIZE]);

/* Makes the place, with this as its first content. KC_ERR_EXISTS: there is one, with content. */
KC_CHECKED enum kc_error kc_root_head_make(struct kc_root *root,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], const uint8_t content[static KC_ROOT_HEAD_SIZE]);

/* Removes the head for good: its content, and the place too unless the TPM's owner has set an
 * authorisation. KC_ERR_ROOT_HEAD: none is there. */
KC_CHECKED enum kc_error kc_root_head_remove(
    struct kc_root *root, const uint8_t auth[static KC_ROOT_AUTH_SIZE]);

/*
 * Destroys what is the custodian's alone in a root that is not used any more: the wrapping key of a
 * token. Nothing that it sealed opens again, and the root is not the pinned one any more. A TPM's SRK
 * stays: others may use it.
 */
KC_CHECKED enum kc_error kc_root_retire(struct kc_root *root);

/* --- resident keys: made in the root, and never outside it --- */

enum kc_root_scheme {
    KC_ROOT_ECDSA = 1,     /* P-256, P-384; of a digest */
    KC_ROOT_RSA_PKCS1 = 2, /* RSASSA-PKCS1-v1_5 of a digest, or RSAES-PKCS1-v1_5 */
    KC_ROOT_RSA_PSS = 3,   /* of a digest; MGF1 with the same hash */
    KC_ROOT_EDDSA = 4,     /* of a message: pure, no context */
    KC_ROOT_RSA_OAEP = 5,  /* SHA-256, no label */
};

#define KC_ROOT_PUBLIC_MAX 270  /* octets of a public key, below */
#define KC_ROOT_INPUT_MAX 4096  /* octets that are signed by EdDSA */
#define KC_ROOT_RESULT_MAX 256  /* octets of a signature, an agreed point, a plaintext */
#define KC_ROOT_KEY_TAG_SIZE 16 /* octets of a maker's tag, below ... */
#define KC_ROOT_MAKER_SIZE 8    /* ... of which so many are the same in all lives of the maker */

/*
 * What is given for a resident key, on making it and whenever it is used.
 *
 * The blob says which key it is. A TPM's holds the key, as only that TPM can load it; a token's
 * names the object in the token. The authorisation value is the caller's, random and never a
 * person's; a TPM demands it with each use, a token has its PIN instead and ignores it. Wrong ones
 * do not count towards lockout.
 */
struct kc_root_key {
    const uint8_t *auth; /* secret; KC_ROOT_AUTH_SIZE octets */
    struct kc_span blob;
};

/*
 * What is made. The public key is in the form that records have: P-256 and P-384 uncompressed
 * (04, x, y: 65 and 97 octets), RSA the DER of RSAPublicKey (RFC 8017, A.1.1; the exponent is
 * 65537), Ed25519 and Ed448 as in RFC 8032; but X25519 and X448 as u alone (RFC 7748): of their
 * sign nothing is known.
 */
struct kc_root_made {
    enum kc_algorithm algorithm;
    enum kc_use use;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size;
    uint8_t public_key[KC_ROOT_PUBLIC_MAX];
    size_t public_size;
};

/*
 * Makes a resident key. It was used once when this returns, as far as that can be told.
 *
 * tag   the maker's own, KC_ROOT_KEY_TAG_SIZE octets, and of its life. A token keeps it with the
 *       new object until kc_root_key_keep, so that the maker's next life finds what the one before
 *       left (kc_root_key_left)
 * made  written only on KC_OK
 *
 * KC_ERR_ROOT_UNFIT     this root has no such keys
 * KC_ERR_BAD_ARGUMENT   the algorithm is none for the use
 */
KC_CHECKED enum kc_error kc_root_key_make(struct kc_root *root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_root_made *made);

/* The key's record is in the store: it is not to be taken for a left one. Nothing to do for a TPM,
 * whose keys live in their blobs. Errors as kc_root_key_sign. */
KC_CHECKED enum kc_error kc_root_key_keep(struct kc_root *root, const struct kc_root_key *key);

/*
 * The next key that the same maker made in another life and did not keep, if there is one: to be kept
 * or to be destroyed by who knows whether the store has it. Others may use the same token. Of what is
 * half a key only, as its making or destruction was interrupted, nobody has a use; it is removed.
 *
 * number  0 for the first, 1 for the one after it ..
 *
 * left    blob_size 0: there is no more
 */
KC_CHECKED enum kc_error kc_root_key_left(struct kc_root *root,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left);

/*
 * Signs.
 *
 * input      ECDSA and RSA: a digest of 32, 48 or 64 octets (SHA-256, -384, -512); EdDSA: the
 *            message, at most KC_ROOT_INPUT_MAX octets
 * signature  ECDSA: r and s, big-endian, 32 or 48 octets each; RSA: 256 octets; EdDSA as in
 *            RFC 8032. Written only on KC_OK
 *
 * KC_ERR_RECORD_DAMAGED  the blob was altered, is another root's, or the authorisation is wrong
 * KC_ERR_ROOT_KEY        the object that the blob names is not in the token
 * KC_ERR_BAD_ARGUMENT    the scheme does not fit the key, or the input the scheme
 * KC_ERR_ROOT_UNFIT      this root has no such scheme
 * KC_ERR_ROOT_POLICY     a PCR differs from when the key was made
 */
KC_CHECKED enum kc_error kc_root_key_sign(struct kc_root *root, const struct kc_root_key *key,
    enum kc_root_scheme scheme, struct kc_span input, uint8_t signature[static KC_ROOT_RESULT_MAX],
    size_t *signature_size);

/*
 * Agrees. The caller has checked that the peer's point is in the prime-order group.
 *
 * peer    in the form of a public key, above
 * agreed  secret. A TPM gives the whole point, uncompressed; a token one coordinate: x, 32 or 48
 *         octets, or u. Written only on KC_OK
 *
 * Errors as kc_root_key_sign.
 */
KC_CHECKED enum kc_error kc_root_key_agree(struct kc_root *root, const struct kc_root_key *key,
    struct kc_span peer, uint8_t agreed[static KC_ROOT_RESULT_MAX], size_t *agreed_size);

/*
 * Decrypts under RSA: scheme KC_ROOT_RSA_OAEP or KC_ROOT_RSA_PKCS1. Whether padding was right can
 * be told from the answer: not for callers that an attacker can have try many.
 *
 * plaintext  secret; written only on KC_OK
 *
 * KC_ERR_DECRYPTION  it does not open
 * and the errors of kc_root_key_sign
 */
KC_CHECKED enum kc_error kc_root_key_decrypt(struct kc_root *root, const struct kc_root_key *key,
    enum kc_root_scheme scheme, struct kc_span ciphertext,
    uint8_t plaintext[static KC_ROOT_RESULT_MAX], size_t *plaintext_size);

/* Destroys the object in a token; a TPM's key is gone with its blob. KC_OK too if it is gone. */
KC_CHECKED enum kc_error kc_root_key_destroy(struct kc_root *root, const struct kc_root_key *key);

/* How a token differs from others in one algorithm. */
struct kc_root_quirk {
    bool is_there;          /* it makes such keys; if not, the rest is false */
    bool is_montgomery;     /* X25519, X448: as PKCS#11 3.0 has them, else as Edwards keys */
    bool curve_by_name;     /* CKA_EC_PARAMS is a name, else an OID */
    bool point_is_der;      /* CKA_EC_POINT is an OCTET STRING, else the point itself */
    bool derives;           /* CKM_ECDH1_DERIVE, with a value that can be read */
    bool derives_of_der;    /* the peer's point is given as an OCTET STRING */
    bool takes_small_order; /* it derives with a point of small order: callers have to check */
};

struct kc_root_quirks {
    struct kc_root_quirk of[KC_ALGORITHM_P384 + 1]; /* by enum kc_algorithm */
};

/*
 * Finds them by trying, with keys that end with the session.
 *
 * KC_ERR_ROOT_UNFIT  a TPM: it has none
 */
KC_CHECKED enum kc_error kc_root_find_quirks(struct kc_root *root, struct kc_root_quirks *quirks);

/* --- attestation: what the hardware says of itself and of a key; signed by it if it is a TPM --- */

enum kc_root_attest_step {
    KC_ROOT_ATTEST_HOST = 1,     /* a quote of the PCRs */
    KC_ROOT_ATTEST_RESIDENT = 2, /* and a certificate of a resident key */
    KC_ROOT_ATTEST_SEALED = 3,   /* and one of the object that a sealing key is sealed in */
    KC_ROOT_ATTEST_IDENTITY = 4, /* the public areas of EK and AK */
    KC_ROOT_ATTEST_ACTIVATE = 5, /* opens a credential that was made for both */
};

#define KC_ROOT_EVIDENCE_MAX 3072
#define KC_ROOT_QUALIFYING_SIZE 32
#define KC_ROOT_SECRET_SIZE 32 /* what a credential holds */

/*
 * The evidence is a run of spans (u32 size, octets), in the TPM's own encoding:
 *
 *   HOST      AK's public area, PCR mask (u32), PCR values, quoted (TPMS_ATTEST), signature
 *   RESIDENT, SEALED  the same, then the object's public area, certified (TPMS_ATTEST), signature;
 *             SEALED  then creation data (TPMS_CREATION_DATA), certified creation (TPMS_ATTEST),
 *             signature: empty for a blob of before creation data were kept
 *   IDENTITY  EK's public area, AK's public area
 *   ACTIVATE  the KC_ROOT_SECRET_SIZE octets that the credential holds
 *
 * A token signs nothing that it says. Its evidence begins with an empty span, and then:
 *
 *   HOST, SEALED, RESIDENT  manufacturer and model (text), claims (u32, enum kc_root_says) of the
 *             resident key, else of the wrapping key, Name of the root (KC_ROOT_NAME_SIZE)
 *   IDENTITY  another empty span
 *
 * A signature is r and s, big-endian, 32 octets each.
 */
enum kc_root_says {
    KC_ROOT_SAYS_LOCAL = 1, /* made in the token */
    KC_ROOT_SAYS_SENSITIVE = 2,
    KC_ROOT_SAYS_ALWAYS_SENSITIVE = 4,
    KC_ROOT_SAYS_EXTRACTABLE = 8,
    KC_ROOT_SAYS_NEVER_EXTRACTABLE = 16,
};

struct kc_root_attest {
    enum kc_root_attest_step step;
    const uint8_t
        *qualifying;        /* HOST, RESIDENT, SEALED: KC_ROOT_QUALIFYING_SIZE octets: a digest of
                                * the verifier's nonce and of all that software asserts */
    struct kc_root_key key; /* RESIDENT, SEALED (where the authorisation is not read) */
    struct kc_span credential; /* ACTIVATE: TPM2B_ID_OBJECT, then TPM2B_ENCRYPTED_SECRET */
};

/*
 * Asks for evidence. Written only on KC_OK.
 *
 * KC_ERR_ROOT_UNFIT      ACTIVATE: a token opens no credential
 * KC_ERR_BAD_ARGUMENT    the credential is malformed
 * KC_ERR_DECRYPTION      the credential is not for this EK and AK
 * and the errors of kc_root_key_sign and kc_root_unseal
 */
KC_CHECKED enum kc_error kc_root_attest(struct kc_root *root, const struct kc_root_attest *request,
    uint8_t evidence[static KC_ROOT_EVIDENCE_MAX], size_t *evidence_size);

enum kc_root_bank {
    KC_ROOT_BANK_SHA1 = 1,
    KC_ROOT_BANK_SHA256 = 2,
    KC_ROOT_BANK_SHA384 = 4,
    KC_ROOT_BANK_SHA512 = 8,
};

/* What the root says of itself; for status and doctor. */
struct kc_root_status {
    char manufacturer[KC_ROOT_TEXT_SIZE]; /* printable ASCII, such as "IBM SW TPM" */
    char firmware[KC_ROOT_TEXT_SIZE];     /* printable ASCII: numbers with dots */
    bool in_lockout;                      /* of a token: its PIN is locked */
    uint32_t lockout_counter;   /* failures counted now; a token says just whether there are any */
    uint32_t lockout_max_tries; /* lockout begins at this many; a token does not say: 0 */
    uint32_t lockout_interval;  /* seconds until one failure is forgotten */
    uint32_t lockout_recovery;  /* seconds until the lockout authorisation can be tried again */
    uint32_t srk_handle;        /* of a token this and the PCRs are 0 */
    uint8_t srk_name[KC_ROOT_NAME_SIZE];
    uint8_t pcr_banks; /* enum kc_root_bank, added up: banks with at least one PCR */
    uint32_t pcr_mask; /* as configured */
};

/* Asks the root now; whether it succeeds says whether the root is reachable. */
KC_CHECKED enum kc_error kc_root_status(struct kc_root *root, struct kc_root_status *status);

/*
 * Why the last operation failed, in the words of the library below (step and code), for the log; ""
 * after a success. No secrets. Valid until the next operation.
 */
const char *kc_root_cause(const struct kc_root *root);

#endif
