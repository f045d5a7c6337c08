# What the walls cost: the roles on an exchange's way, once more without them. Never installed; bench/confinement.mjs runs both.
foreach(role terminator enforcer ledger)
  set(sources ${PROJECT_SOURCE_DIR}/gateway/roles/${role}.cc)
  if(role STREQUAL ledger)
    list(APPEND sources ${PROJECT_SOURCE_DIR}/gateway/roles/ledger_main.cc)
  endif()
  add_executable(unconfined_${role} unconfined.cc ${sources})
  target_link_libraries(unconfined_${role} PRIVATE postern_role postern_${role})
  # Ours comes first; where several files of a library are compiled as one, the library's comes along.
  target_link_options(unconfined_${role} PRIVATE -Wl,--allow-multiple-definition)
  set_target_properties(unconfined_${role} PROPERTIES OUTPUT_NAME ${role}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench/unconfined)
endforeach()
