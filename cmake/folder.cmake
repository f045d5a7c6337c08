# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# postern_folder(NAME SOURCES ... LINKS ... [PRECOMPILED ...]): the static library of one folder. Includes are written from the root.
function(postern_folder name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SOURCES;LINKS" ${ARGN})
  add_library(postern_${name} STATIC ${ARG_SOURCES})
  target_include_directories(postern_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(postern_${name} PUBLIC ${ARG_LINKS})
  if(POSTERN_PRECOMPILED)
    if(NOT ARG_PRECOMPILED)
      set(ARG_PRECOMPILED postern_precompiled)
    endif()
    target_precompile_headers(postern_${name} REUSE_FROM ${ARG_PRECOMPILED})
  endif()
endfunction()

# postern_precompiled(NAME LINKS ... HEADERS ...): what nearly every source of a kind includes anyway, read once for all of them. The
# release build has none, so that every file of it is seen to include what it uses.
function(postern_precompiled name)
  cmake_parse_arguments(ARG "" "" "LINKS;HEADERS" ${ARGN})
  if(POSTERN_PRECOMPILED)
    file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc "")
    add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS})
    target_precompile_headers(${name} PRIVATE <algorithm> <functional> <map> <memory> <optional> <string> <string_view> <unordered_map>
      <vector> <nlohmann/json.hpp> ${ARG_HEADERS})
  endif()
endfunction()

# postern_test(NAME SOURCES ... LINKS ...): one GoogleTest binary; every test in it becomes a ctest test.
function(postern_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${POSTERN_TEST_OPTIONS})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  if(POSTERN_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM postern_precompiled_tests)
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60)
endfunction()
