/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a configuration being parsed: a group is a table of the settings that it may have,
 * each with the function that reads it. For config.c and its sisters config_*.c, and for the front
 * end's own file.
 */
#ifndef KC_CUSTODIAN_CONFIG_SETTING_H
#define KC_CUSTODIAN_CONFIG_SETTING_H

#include "custodian/config.h"

#include <libconfig.h>

/* A parse: what is being filled, and where to say what is wrong. */
struct kc_parse {
    const char *name;         /* of the file */
    struct kc_config *config; /* NULL: another program's file */
    struct kc_config_problem *problem;
};

struct kc_setting {
    const char *name;
    enum kc_error (*read)(
        struct kc_parse *, const config_setting_t *, const struct kc_setting *, void *destination);
    size_t offset;        /* of the field, in what the group fills */
    uint32_t least, most; /* of a number; of a text `most` is the size of the field */
    bool required;
};

/* The settings of one group, and where in a struct kc_config they go. */
struct kc_setting_group {
    const char *name; /* "" for the file itself */
    const struct kc_setting *rows;
    size_t row_count;
    size_t offset;
};

/* All groups: the file, users, a root (its offset is that of the first), limits, a rule of the policy (its offset is that of the
 * policy), freshness, a peer (its offset is that of the first), TLS, listening, who may ask there (its
 * offset is that of the first). For documents and their tests. */
#define KC_SETTING_GROUPS 11
void kc_config_groups(struct kc_setting_group groups[static KC_SETTING_GROUPS]);

/* The settings of a rule, in config_policy.c. */
struct kc_setting_group kc_config_rule_group(void);

/* The settings of a root, in config_root.c, and what they are when they are not given. */
struct kc_setting_group kc_config_root_group(void);
struct kc_config_root kc_config_root_usual(void);

/* The settings of a peer, in config_peer.c. */
struct kc_setting_group kc_config_peer_group(void);

/* The settings of tls, listen and remotes, in config_tls.c. */
void kc_config_tls_groups(struct kc_setting_group groups[static 3]);

/* Writes "file:line: words 'value'" and returns KC_ERR_CONFIG. `value` may be NULL. */
KC_CHECKED enum kc_error kc_parse_problem(
    struct kc_parse *parse, const config_setting_t *setting, const char *words, const char *value);

/* Reads a file's text; @include is refused. file: config_destroy, whatever comes of it. */
KC_CHECKED enum kc_error kc_parse_file(struct kc_parse *parse, const char *text, config_t *file);

/* Reads every setting of a group into `destination`; one that no row names is an error, and so is
 * one that is missing though required. */
KC_CHECKED enum kc_error kc_parse_group(struct kc_parse *parse, const config_setting_t *group,
    const struct kc_setting *rows, size_t row_count, void *destination);

/* Calls read for each text of a list or array of at most `most`. */
KC_CHECKED enum kc_error kc_parse_texts(struct kc_parse *parse, const config_setting_t *list,
    size_t most,
    enum kc_error (*read)(struct kc_parse *, const config_setting_t *, const char *, void *),
    void *destination);

/* Readers of rows: a uint32_t between least and most; a text for a char[most], not empty. */
KC_CHECKED enum kc_error kc_parse_number(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);
KC_CHECKED enum kc_error kc_parse_text(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* Reader of a user: a name, or a number that is both user and group; in config.c. */
KC_CHECKED enum kc_error kc_parse_user(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* Readers of the rows "root" and "roots", in config_root.c. */
KC_CHECKED enum kc_error kc_parse_root(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);
KC_CHECKED enum kc_error kc_parse_roots(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* Reader of a list of groups: calls read for each, of at most `most`. */
KC_CHECKED enum kc_error kc_parse_groups(struct kc_parse *parse, const config_setting_t *list,
    size_t most, enum kc_error (*read)(struct kc_parse *, const config_setting_t *));

/* Readers in config_tls.c: the rows "tls" and "listen"; an address in digits. */
KC_CHECKED enum kc_error kc_parse_tls(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);
KC_CHECKED enum kc_error kc_parse_listen(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);
KC_CHECKED enum kc_error kc_parse_address(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* What is to be reached over TLS, or to listen for it, needs files to show. */
KC_CHECKED enum kc_error kc_parse_check_tls(struct kc_parse *parse, const config_setting_t *top);

/* Reader of the row "policy", in config_policy.c. Its keyrings must have been read before. */
KC_CHECKED enum kc_error kc_parse_policy(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* Reader of the row "peers", in config_peer.c. The keyrings must have been read before. */
KC_CHECKED enum kc_error kc_parse_peers(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/* Adds the keyring named by text, or all for "*", to a set of bits; in config_setting.c. */
KC_CHECKED enum kc_error kc_parse_keyring_bits(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, uint64_t *keyrings);

/* Reader of a text that is an absolute path. */
KC_CHECKED enum kc_error kc_parse_path(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination);

/*
 * Reader of a name that a certificate has in full. One that begins with a dot is refused: libcrypto
 * would take any name below it for a match.
 */
KC_CHECKED enum kc_error kc_parse_certificate_name(struct kc_parse *parse,
    const config_setting_t *setting, const struct kc_setting *row, void *destination);

#endif
