# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Web pages become part of an executable in three steps, all in the build tree, each only when what it reads changed:
#   npm ci     when package-lock.json changed; no install scripts, nothing but what the lock file names by hash
#   build      when a source changed; checks the types first
#   embed      dist/ -> one .cc file with a table of base::Asset
find_program(NODE_EXECUTABLE NAMES node nodejs REQUIRED)
find_program(NPM_EXECUTABLE npm REQUIRED)

# postern_web_build(SOURCE_DIR dir STAMP variable): runs the build; variable becomes the file that says it is done. What it made
# is in ${CMAKE_CURRENT_BINARY_DIR}/build/dist.
function(postern_web_build)
  cmake_parse_arguments(ARG "" "SOURCE_DIR;STAMP" "" ${ARGN})
  set(work ${CMAKE_CURRENT_BINARY_DIR}/build)
  set(installed ${CMAKE_CURRENT_BINARY_DIR}/installed.stamp)
  set(built ${CMAKE_CURRENT_BINARY_DIR}/built.stamp)
  set(packages ${ARG_SOURCE_DIR}/package.json ${ARG_SOURCE_DIR}/package-lock.json)
  set(settings ${ARG_SOURCE_DIR}/tsconfig.json ${ARG_SOURCE_DIR}/vite.config.ts ${ARG_SOURCE_DIR}/index.html ${ARG_SOURCE_DIR}/mission.html)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_SOURCE_DIR}/src/* ${ARG_SOURCE_DIR}/visit/*)

  add_custom_command(OUTPUT ${installed}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${work}
    COMMAND ${CMAKE_COMMAND} -E copy ${packages} ${work}
    COMMAND ${CMAKE_COMMAND} -E chdir ${work} ${NPM_EXECUTABLE} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${installed}
    DEPENDS ${packages} COMMENT "Installing the console's build tools" VERBATIM)
  add_custom_command(OUTPUT ${built}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${work}/src ${work}/visit ${work}/dist
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${ARG_SOURCE_DIR}/src ${work}/src
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${ARG_SOURCE_DIR}/visit ${work}/visit
    COMMAND ${CMAKE_COMMAND} -E copy ${settings} ${work}
    COMMAND ${CMAKE_COMMAND} -E chdir ${work} ${NPM_EXECUTABLE} run --silent build
    COMMAND ${CMAKE_COMMAND} -E touch ${built}
    DEPENDS ${installed} ${settings} ${sources} COMMENT "Building the console" VERBATIM)
  add_custom_target(postern_web DEPENDS ${built})  # one runner, also for generators that would let two targets both run it
  set(${ARG_STAMP} ${built} PARENT_SCOPE)
endfunction()

# postern_embed(NAME DIRECTORY dir STAMP file PREFIX path NAMESPACE n FUNCTION f HEADER h): a static library with every file of
# dir, found by n::f(path), which h declares.
function(postern_embed name)
  cmake_parse_arguments(ARG "" "DIRECTORY;STAMP;PREFIX;NAMESPACE;FUNCTION;HEADER" "" ${ARGN})
  set(table ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  set(embed ${PROJECT_SOURCE_DIR}/cmake/embed.mjs)
  add_custom_command(OUTPUT ${table}
    COMMAND ${NODE_EXECUTABLE} ${embed} ${ARG_DIRECTORY} ${ARG_PREFIX} ${ARG_NAMESPACE} ${ARG_FUNCTION} ${ARG_HEADER} ${table}
    DEPENDS ${ARG_STAMP} ${embed} COMMENT "Embedding ${name}" VERBATIM)
  add_library(${name} STATIC ${table})
  add_dependencies(${name} postern_web)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
