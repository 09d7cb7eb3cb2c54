# SPDX-License-Identifier: Apache-2.0
# What every process has: configuration, policy, log, the way to start.
add_library(kc_process STATIC config.c config_policy.c config_setting.c log.c policy.c process.c)
kc_layer(kc_process base proto/socket custodian)
target_link_libraries(kc_process PUBLIC kc_base kc_record kc_socket PkgConfig::LIBCONFIG PkgConfig::SECCOMP)
if(KC_SANITIZE OR KC_COVERAGE)
  target_compile_definitions(kc_process PRIVATE KC_SANDBOX_REPORTS)
endif()
