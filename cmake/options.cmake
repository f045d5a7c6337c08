# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
                    -Wformat=2 -Wimplicit-fallthrough -Werror)
# -pthread everywhere, for some libraries demand it: so all can share one precompiled header.
add_compile_options(-pthread -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own <string> and <variant> when it inlines: false alarms (GCC bugs 105329, 105593).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -fstack-clash-protection -fcf-protection)
  if(CMAKE_UNITY_BUILD)
    # A source that another one includes looks like a header to it.
    add_compile_options(-Wno-subobject-linkage)
  endif()
  if(POSTERN_PRECOMPILED)
    # A precompiled header loses the places where libstdc++ silences these for itself. The release build keeps them.
    add_compile_options(-Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT POSTERN_SANITIZE)
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
# Lines and functions, for stack traces; what variables hold is left out: it doubles the time of a build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

if(POSTERN_SANITIZE)
  add_compile_options(-fsanitize=${POSTERN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${POSTERN_SANITIZE})
endif()
if(POSTERN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(POSTERN_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
