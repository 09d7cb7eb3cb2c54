# SPDX-License-Identifier: Apache-2.0
# The command `custodian`: a client of the socket like any other, no keys in it.
add_library(kc_cli STATIC cli.c cli_call.c cli_commands.c cli_completion.c cli_decrypt.c cli_encrypt.c
  cli_file.c cli_help.c cli_key.c cli_keys.c cli_operator.c cli_output.c cli_parse.c cli_public.c
  cli_share.c cli_signature.c cli_status.c)
kc_layer(kc_cli base threshold proto custodian)
target_compile_definitions(kc_cli PRIVATE KC_VERSION="${PROJECT_VERSION}")
target_link_libraries(kc_cli PUBLIC custodian_static PkgConfig::JANSSON
  PRIVATE kc_proto kc_threshold OpenSSL::Crypto)

add_executable(custodian-cli cli_main.c)
kc_layer(custodian-cli base proto custodian)
target_link_libraries(custodian-cli PRIVATE kc_cli)
set_target_properties(custodian-cli PROPERTIES OUTPUT_NAME custodian RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
install(TARGETS custodian-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/completion/custodian
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/completion
  COMMAND custodian-cli completion bash > ${CMAKE_CURRENT_BINARY_DIR}/completion/custodian
  DEPENDS custodian-cli VERBATIM)
add_custom_target(cli_completion ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/completion/custodian)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/custodian
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_SOURCE_DIR}/docs/man/custodian.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
