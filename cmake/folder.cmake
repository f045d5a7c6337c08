# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# postern_folder(NAME SOURCES ... LINKS ...): the static library of one folder. Includes are written from the root.
function(postern_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(postern_${name} STATIC ${ARG_SOURCES})
  target_include_directories(postern_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(postern_${name} PUBLIC ${ARG_LINKS})
endfunction()

# postern_test(NAME SOURCES ... LINKS ...): one GoogleTest binary; every test in it becomes a ctest test.
function(postern_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60)
endfunction()
