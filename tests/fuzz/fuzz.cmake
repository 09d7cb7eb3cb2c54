# SPDX-License-Identifier: Apache-2.0
# kc_fuzz(NAME <name> SOURCES <file>... LIBS <target>...): the fuzz target <name>_fuzz with the corpus corpus/<name>.
#
# With KC_FUZZ (preset fuzz, clang) it is a libFuzzer program: run `<name>_fuzz corpus/<name>` for as long as you like.
# Otherwise the same target is built with a main that reads files. In both builds a test replays the committed corpus.
function(kc_fuzz)
  cmake_parse_arguments(F "" "NAME" "SOURCES;LIBS" ${ARGN})
  set(corpus ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/corpus/${F_NAME})
  if(KC_FUZZ)
    add_executable(${F_NAME}_fuzz ${F_SOURCES})
    target_link_options(${F_NAME}_fuzz PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${F_NAME}_fuzz COMMAND ${F_NAME}_fuzz -runs=0 ${corpus})
  else()
    add_executable(${F_NAME}_fuzz ${F_SOURCES} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/replay.c)
    add_test(NAME ${F_NAME}_fuzz COMMAND ${F_NAME}_fuzz ${corpus})
  endif()
  target_include_directories(${F_NAME}_fuzz PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${F_NAME}_fuzz PRIVATE ${F_LIBS})
  set_tests_properties(${F_NAME}_fuzz PROPERTIES LABELS fuzz-smoke TIMEOUT 120)
endfunction()
