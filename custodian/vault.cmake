# SPDX-License-Identifier: Apache-2.0
# Records, and the messages between desk and vault: desk, store and vault link them.
add_library(kc_record STATIC record.c)
kc_layer(kc_record base custodian)
target_link_libraries(kc_record PUBLIC kc_base)

add_library(kc_vault_message STATIC vault_message.c)
kc_layer(kc_vault_message base proto/socket custodian)
target_link_libraries(kc_vault_message PUBLIC kc_record kc_socket)

# What the vault does, without its process.
add_library(kc_vault STATIC vault.c vault_access.c vault_agree.c vault_cache.c vault_call.c
  vault_change.c vault_clients.c vault_entropy.c vault_envelope.c vault_keeper.c vault_key.c
  vault_list.c vault_operator.c vault_recipient.c vault_root.c vault_sessions.c vault_share.c
  vault_sign.c vault_status.c vault_versions.c)
kc_layer(kc_vault base threshold proto tpm custodian)
target_compile_definitions(kc_vault PRIVATE KC_VERSION="${PROJECT_VERSION}")
target_link_libraries(kc_vault PUBLIC kc_vault_message kc_process kc_root_message kc_threshold
  kc_proto kc_socket PRIVATE PkgConfig::SODIUM OpenSSL::Crypto)

add_executable(custodian-vault vault_process.c vault_edges.c)
kc_layer(custodian-vault base threshold proto tpm custodian)
target_link_libraries(custodian-vault PRIVATE kc_vault OpenSSL::Crypto)
