# SPDX-License-Identifier: Apache-2.0
# Flags for every target of the project.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)  # _GNU_SOURCE, __int128
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wvla -Wundef
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wswitch-enum -Wcast-qual
  -Wwrite-strings -Wpointer-arith -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough
  -fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

# Hardening. FORTIFY needs optimisation and collides with the sanitizers' own interceptors.
add_compile_options(-fstack-protector-strong -fstack-clash-protection)
check_c_compiler_flag(-fcf-protection=full KC_HAVE_CET)
if(KC_HAVE_CET)
  add_compile_options(-fcf-protection=full)
endif()
check_c_compiler_flag(-ftrivial-auto-var-init=zero KC_HAVE_AUTO_INIT)
if(KC_HAVE_AUTO_INIT AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<CONFIG:Release>:-ftrivial-auto-var-init=zero>)
endif()
if(NOT KC_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
include(CheckPIESupported)
check_pie_supported()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(NOT KC_SANITIZE)
  add_link_options(-Wl,-z,defs)
endif()

if(KC_SANITIZE)
  add_compile_options(-fsanitize=${KC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KC_SANITIZE})
endif()
if(KC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(KC_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
