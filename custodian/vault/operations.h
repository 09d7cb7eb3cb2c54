/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that the vault does: a handler each, named as its operation. */
#ifndef KC_CUSTODIAN_VAULT_OPERATIONS_H
#define KC_CUSTODIAN_VAULT_OPERATIONS_H

#include "custodian/vault/core.h"

typedef enum kc_error kc_handler(struct kc_call *call);

/* What an operation needs of the store. */
enum kc_vault_needs {
    KC_NEEDS_NOTHING,
    KC_NEEDS_STORE,          /* it makes, believes or opens records */
    KC_NEEDS_STORE_IF_THERE, /* it tells of the store, whatever its state */
};

/* Every operation that the vault does; those that it does not have no handler. */
struct kc_vault_operation {
    kc_handler *handler;
    enum kc_vault_needs needs;
};

extern const struct kc_vault_operation kc_vault_operations[KC_OPERATIONS];

kc_handler kc_vault_ping, kc_vault_status, kc_vault_doctor, kc_vault_random, kc_vault_keyring_list;
kc_handler kc_vault_key_generate, kc_vault_key_list, kc_vault_key_show, kc_vault_key_sign,
    kc_vault_key_agree, kc_vault_key_disable, kc_vault_key_enable, kc_vault_key_destroy,
    kc_vault_key_update, kc_vault_key_decrypt;
kc_handler kc_vault_object_import, kc_vault_object_list, kc_vault_object_show,
    kc_vault_object_update, kc_vault_object_destroy;
kc_handler kc_vault_keyring_show, kc_vault_keyring_login, kc_vault_keyring_logout,
    kc_vault_keyring_pin_init, kc_vault_keyring_pin_change, kc_vault_keyring_pin_remove;
kc_handler kc_vault_verify, kc_vault_secret_derive, kc_vault_secret_encrypt,
    kc_vault_secret_decrypt;
kc_handler kc_vault_share_split, kc_vault_share_envelope, kc_vault_share_accept,
    kc_vault_share_join, kc_vault_share_form;
kc_handler kc_vault_attest, kc_vault_attest_enrol, kc_vault_attest_activate;
kc_handler kc_vault_agreement_contribute, kc_vault_agreement_combine, kc_vault_decrypt;
kc_handler kc_vault_signature_commit, kc_vault_signature_contribute, kc_vault_signature_finish,
    kc_vault_signature_abort;
kc_handler kc_vault_share_redeal, kc_vault_share_gather, kc_vault_share_retire;
kc_handler kc_vault_share_deal, kc_vault_share_dealt, kc_vault_frost_commit,
    kc_vault_frost_contribute, kc_vault_frost_aggregate, kc_vault_frost_abort;
kc_handler kc_vault_envelope_open, kc_vault_envelope_verify, kc_vault_envelope_sign,
    kc_vault_envelope_seal;
kc_handler kc_vault_mesh_escrow_create, kc_vault_mesh_escrow_share, kc_vault_mesh_escrow_show,
    kc_vault_mesh_escrow_verify, kc_vault_mesh_escrow_recover, kc_vault_mesh_escrow_retire,
    kc_vault_mesh_escrow_seal, kc_vault_mesh_escrow_open;
kc_handler kc_vault_key_derive;
kc_handler kc_vault_mesh_device_create, kc_vault_mesh_device_install, kc_vault_mesh_device_list,
    kc_vault_mesh_device_show, kc_vault_mesh_device_destroy, kc_vault_mesh_device_request,
    kc_vault_mesh_device_check, kc_vault_mesh_device_activate, kc_vault_mesh_device_cancel,
    kc_vault_mesh_device_leave, kc_vault_mesh_device_pending;
kc_handler kc_vault_mesh_pin_create, kc_vault_mesh_pin_check, kc_vault_mesh_pin_verify,
    kc_vault_mesh_pin_close;
kc_handler kc_vault_mesh_earl_create, kc_vault_mesh_earl_publish, kc_vault_mesh_earl_claim,
    kc_vault_mesh_earl_open, kc_vault_mesh_earl_check;
kc_handler kc_vault_operator_pin, kc_vault_recipient_add, kc_vault_recipient_list,
    kc_vault_recipient_remove, kc_vault_store_rotate, kc_vault_store_accept, kc_vault_store_backup,
    kc_vault_root_replace, kc_vault_key_seal;
kc_handler kc_vault_mesh_account_create, kc_vault_mesh_account_activate,
    kc_vault_mesh_account_refresh, kc_vault_mesh_account_disconnect, kc_vault_mesh_account_move,
    kc_vault_mesh_account_close, kc_vault_mesh_account_repeat, kc_vault_mesh_device_refresh,
    kc_vault_mesh_account_profile, kc_vault_mesh_group_create, kc_vault_mesh_group_member_add,
    kc_vault_mesh_group_member_remove, kc_vault_mesh_group_rotate, kc_vault_mesh_group_join;
kc_handler kc_vault_mesh_service_create, kc_vault_mesh_service_show, kc_vault_mesh_host_sign;
kc_handler kc_vault_mesh_account_bind, kc_vault_mesh_account_unbind, kc_vault_mesh_account_list,
    kc_vault_mesh_account_show;
kc_handler kc_vault_mesh_capability_accept, kc_vault_mesh_capability_revoke,
    kc_vault_mesh_capability_withdraw, kc_vault_mesh_capability_list;
kc_handler kc_vault_mesh_device_revoke, kc_vault_mesh_device_withdraw, kc_vault_mesh_operate;

#endif
